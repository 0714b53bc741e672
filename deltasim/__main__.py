"""`python -m deltasim` is the command `deltasim`."""

from deltasim.cli.app import main

main()

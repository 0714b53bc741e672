"""`python -m deltasim` is the command `deltasim`."""

from deltasim.cli import main

main()

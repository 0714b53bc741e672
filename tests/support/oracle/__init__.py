"""A second implementation of docs/machine.md: slow, in plain Python integers, without any code of the simulator.

It reads networks, chips and mappings (dataclasses) and gives the tables of a run. Values come first and know no time;
then the same messages are sent through the machine moment by moment; then everything is counted.
"""

from oracle.run import Tables, run

__all__ = ["Tables", "run"]

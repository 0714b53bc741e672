"""The directory of a run: written, read, checked."""

"""A run: written to a directory or kept in memory, read, checked."""

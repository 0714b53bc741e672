"""Pages and results of the paper's experiments, from the tables they leave on disk.

Every experiment is a directory with a manifest and Parquet tables; claims are computed from the tables each time.
"""

"""Frames, from data sets, arrays, pictures and video."""

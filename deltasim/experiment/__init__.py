"""Experiments put together and carried out."""

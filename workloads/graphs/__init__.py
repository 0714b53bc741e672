"""Trained networks in float."""

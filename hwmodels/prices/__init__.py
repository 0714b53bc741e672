"""Energies of counts, and the prices they are made of."""

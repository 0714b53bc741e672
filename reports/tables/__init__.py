"""What a run's numbers say, as tables."""

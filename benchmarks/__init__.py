"""How fast deltasim simulates, as ratios measured side by side in one process."""

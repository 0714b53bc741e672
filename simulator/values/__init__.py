"""The integers of a network, frame by frame, and what its layers send. Knows no chip."""

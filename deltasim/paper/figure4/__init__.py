"""Figure 4 of the paper, and its tables."""

"""The reference engine: plain, slow, the definition."""

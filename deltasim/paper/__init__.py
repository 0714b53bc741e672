"""The paper's experiments: each figure made anew with deltasim, as tables on disk and a page."""

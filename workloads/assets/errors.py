"""The one exception of this package."""


class AssetError(Exception):
    """An asset that cannot be had. The message says what was asked, what happened and what to do; show it as it is."""

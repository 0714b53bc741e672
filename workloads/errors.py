"""The one exception of this package."""

import difflib
from collections.abc import Iterable


class WorkloadError(ValueError):
    """A network, a quantisation setting or a set of frames that cannot be used.

    The message says what was found, where, what is allowed and what to change; it is meant to be shown as it is.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End of an error message for an unknown name: the nearest known name, if one is near, and all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return f"{guess} Known: {', '.join(names)}."

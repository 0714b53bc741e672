"""Names that users give (layers, cores, classes) in figures: shown as they are, and cut so that they stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_CUT: Final = "…"
_SPECIAL: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def literal(text: str) -> str:
    """`text` for any label of a plotly figure, which reads tags and entities: `<b>` and `&lt;` are shown as written.

    What a template such as `%{customdata}` puts in is read the same way. Cut names first: an entity is one letter.
    """
    for character, entity in _SPECIAL:
        text = text.replace(character, entity)
    return text


def shortened(names: Sequence[str], letters: int) -> list[str]:
    """The names, each of at most so many letters, cut where they differ least.

    `fire2.expand3x3` and `fire3.expand3x3` in nine letters are `fire…d3x3` and not apart; `fire2…3x3` and `fire3…3x3`
    are. Of all places to cut, the one that leaves most of the names apart is taken, the one nearest to the middle of
    several; it is the same for all. Names that are short enough stay.
    """
    if all(len(name) <= letters for name in names):
        return list(names)
    kept = max(letters - len(_CUT), 0)
    heads = sorted(range(kept + 1), key=lambda head: abs(2 * head - kept))
    return max(([_cut(name, letters, head, kept - head) for name in names] for head in heads), key=_apart)


def _apart(names: Sequence[str]) -> int:
    return len(set(names))


def _cut(name: str, letters: int, head: int, tail: int) -> str:
    if len(name) <= letters:
        return name
    return f"{name[:head]}{_CUT}{name[len(name) - tail :]}"[:letters]

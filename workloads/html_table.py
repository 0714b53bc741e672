"""A table as notebooks show it: text goes in as text, and comes out escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()) -> str:
    """HTML of a table under its caption, with a line for each note below. Numbers in text align to the right.

    A row has as many cells as there are headings. Everything is escaped.
    """
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    below = "".join(f"<div>{escape(each)}</div>" for each in notes)
    title = f"<div><strong>{escape(caption)}</strong></div>"
    return f"<div>{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"


def _cell(text: str) -> str:
    align = "right" if text[:1].isdigit() else "left"
    return f'<td style="text-align: {align}">{escape(text)}</td>'


def sides(shape: Sequence[int]) -> str:
    """A shape in words: 3 x 224 x 224."""
    return " x ".join(map(str, shape))

"""Where text for people goes: a terminal that shows it as it is."""

from __future__ import annotations

from rich.console import Console


def plain_console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console to which text is text: `[bold]`, `[/b]` and `:smile:` in a path or a name stay what they are.

    Every console of the project is made here. Styles are given beside the text, never inside it.
    """
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)

"""What goes wrong with a file: one error type, whose text is the whole message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHOWN: Final = 10


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file. `line` counts from 1 and is None where the file as a whole is meant."""

    path: str
    line: int | None
    field: str
    value: str
    message: str

    def __str__(self) -> str:
        """Return the problem as one line: file:line: field: value: what is wrong and what is allowed."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return ": ".join(part for part in (place, self.field, self.value, self.message) if part)


class ConfigError(Exception):
    """A wrong file. `str()` is the complete message, one line for each problem.

    `path`, `line`, `field` and `value` are those of the first problem; `problems` holds all of them.
    """

    def __init__(self, problems: Problem | list[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        first = self.problems[0]
        self.path, self.line, self.field, self.value = first.path, first.line, first.field, first.value
        lines = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more problems")
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class FieldProblem:
    """A problem between fields: the key path, from the model checked, of the one to blame, and why.

    The message must read well at each of the other fields `involved` too: when the one to blame was inherited, the
    problem is shown at the field that the user's own file sets.
    """

    at: tuple[str | int, ...]
    message: str
    involved: tuple[tuple[str | int, ...], ...] = ()


class FieldsError(ValueError):
    """Raised by a pydantic validator that checks several fields; `validate_document` finds each one's line."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{key_path(problem.at)}: {problem.message}" for problem in problems))


def key_path(path: tuple[str | int, ...]) -> str:
    """Return a key path as text: ('cores', 0, 'name') is "cores[0].name"."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text

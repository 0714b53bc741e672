"""YAML files read safely, with the line of every key kept, so that any later error can say where it is.

YAML 1.2: plain scalars, maps and lists only. A file that says it is of another version is refused, because `yes` or
`010` mean something else there; so are tags, merge keys and duplicate keys. Size, depth and the expansion of aliases
are bounded before anything is built.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from hwmodels.errors import ConfigError, Problem, key_path
from hwmodels.schema.units import ExactFloat

LARGEST_FILE_BYTES: Final = 1 << 20
MOST_VALUES: Final = 20_000
DEEPEST: Final = 40
LONGEST_NUMBER: Final = 400
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = frozenset({"str", "null", "bool", "int", "float", "timestamp", "value", "merge", "seq", "map"})
_LINE_BREAK: Final = re.compile("\r\n?|[\n\x85\u2028\u2029]")
_VERSION: Final = re.compile(r"%YAML[ \t]+([^ \t#]+)")

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Origin:
    """Where a value was written: file (as shown in messages), line and column from 1, key path there, and the text."""

    file: str
    line: int
    column: int
    path: KeyPath
    written: str


@dataclass(frozen=True)
class Document:
    """A YAML file as plain dicts, lists and scalars, and the origin of the value at every key path.

    `origins` has an entry for every map, list and scalar; the top level is `()`. Numbers with a decimal point are
    `ExactFloat`, which remembers its digits. `notes` says of key paths why a value of a file below was not taken over.
    """

    file: str
    data: dict[str, Any]
    origins: Mapping[KeyPath, Origin]
    notes: Mapping[KeyPath, str] = field(default_factory=dict)


def read_yaml(path: Path, shown_as: str | None = None) -> Document:
    """Return the YAML file at `path`; messages call it `shown_as` (its path when not given).

    Raise ConfigError if it is missing, no file, larger than 1 MiB, not UTF-8, no YAML, or its top level is no mapping.
    """
    file = shown_as if shown_as is not None else str(path)
    text = _decode(_read_bytes(path, file), file)
    root = _compose(text, file)
    if not isinstance(root, MappingNode):
        found = "a list" if isinstance(root, SequenceNode) else "a single value"
        line = root.start_mark.line + 1
        raise ConfigError(Problem(file, line, "", "", f"the top level must be a mapping of 'key: value', not {found}"))
    builder = _Builder(file)
    data: dict[str, Any] = builder.mapping(root, (), root)
    return Document(file, data, builder.origins)


def _read_bytes(path: Path, file: str) -> bytes:
    limit = LARGEST_FILE_BYTES
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise ConfigError(Problem(file, None, "", "", "is a directory: give the YAML file inside it"))
        if not stat.S_ISREG(info.st_mode):
            raise ConfigError(Problem(file, None, "", "", "is no regular file: give a YAML file"))
        if info.st_size > limit:
            size = f"has {info.st_size:,} bytes: at most {limit:,} are allowed; is it a configuration file at all?"
            raise ConfigError(Problem(file, None, "", "", size))
        with path.open("rb") as stream:
            return stream.read(limit + 1)[:limit]
    except FileNotFoundError:
        raise ConfigError(Problem(file, None, "", "", "there is no such file")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(Problem(file, None, "", "", f"cannot be read: {reason}")) from None


def _decode(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8: save the file with UTF-8 encoding"
        raise ConfigError(Problem(file, line, "", "", what)) from None


def _check_version(text: str, file: str) -> None:
    """Raise ConfigError where the text says that it is of another YAML than 1.2."""
    for number, line in enumerate(_LINE_BREAK.split(text), 1):
        found = _VERSION.match(line)
        if found is not None and found[1] != "1.2":
            what = "only YAML 1.2 is read here: leave this line out, and write true, false and 0o17 for yes, no and 017"
            raise ConfigError(Problem(file, number, "", shorten(line), what))
        if line.strip() and not line.lstrip().startswith(("%", "#", "...")):
            return  # directives stand before everything else


class _ShallowComposer(Composer):
    """Ruamel's composer calls itself for every level: this one stops long before Python's recursion limit.

    It also tells a tag that is written (`!!bool yes`) from one that follows from the value.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401
        """Return the next node. Raise MarkedYAMLError where the nesting gets too deep."""
        self.depth += 1
        if self.depth > DEEPEST + 1:
            mark = self.parser.peek_event().start_mark
            raise MarkedYAMLError(problem=f"nested too deeply: at most {DEEPEST} levels are allowed", problem_mark=mark)
        written = getattr(self.parser.peek_event(), "tag", None)
        node = super().compose_node(parent, index)
        if written is not None and str(node.tag).startswith(_TAG):
            kind = str(node.tag).removeprefix(_TAG)
            node.tag = f"!!{kind}" if kind in _PLAIN else node.tag
        self.depth -= 1
        return node


def _compose(text: str, file: str) -> Node:
    """Return the tree of YAML nodes. Nothing is built from them yet, so that aliases have not been expanded."""
    _check_version(text, file)
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.Composer = _ShallowComposer
        root: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(Problem(file, mark.line + 1 if mark else None, "", "", _syntax(error))) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        raise ConfigError(Problem(file, line, "", "", what)) from None
    except (YAMLError, ValueError) as error:
        raise ConfigError(Problem(file, None, "", "", f"is not valid YAML: {error}")) from None
    if root is None:
        raise ConfigError(Problem(file, None, "", "", "is empty: expected a mapping of 'key: value'"))
    return root


def _syntax(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context)
    if "\\t" in problem:
        return "a tab is used for indentation: YAML allows only spaces"
    if problem.startswith("nested too deeply"):
        return problem
    if "found another document" in problem:
        return "a second document starts here ('---'): only one is allowed in a file"
    if "mapping values are not allowed" in problem:
        return "not valid YAML: a second ': ' in one line; put the value in quotes, or start a new line"
    return f"not valid YAML: {problem}"


class _Builder:
    """Builds plain values from YAML nodes, counting them, and notes the origin of each."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.origins: dict[KeyPath, Origin] = {}
        self.count = 0

    def fail(self, node: Node, path: KeyPath, message: str, value: str = "") -> NoReturn:
        raise ConfigError(Problem(self.file, node.start_mark.line + 1, key_path(path), value, message))

    def value(self, node: Node, path: KeyPath, place: Node) -> Any:  # noqa: ANN401
        """Return the value of `node`. A map or list is said to stand at `place`, its key, and not a line below it."""
        self.count += 1
        if self.count > MOST_VALUES:
            line = self.origins[path[:1]].line if path[:1] in self.origins else node.start_mark.line + 1
            what = f"the file expands to more than {MOST_VALUES:,} values here: are aliases nested (a YAML bomb)?"
            raise ConfigError(Problem(self.file, line, key_path(path[:1]), "", what))
        if len(path) > DEEPEST:
            self.fail(node, path[:3], f"is nested too deeply (or an alias contains itself): at most {DEEPEST} levels")
        if isinstance(node, MappingNode):
            return self.mapping(node, path, place)
        if isinstance(node, SequenceNode):
            self.check_tag(node, path, "seq")
            self.note(place, path, "a list")
            return [self.value(item, (*path, index), item) for index, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: MappingNode, path: KeyPath, place: Node) -> dict[str, Any]:
        self.check_tag(node, path, "map")
        self.note(place, path, "a mapping")
        result: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key in result:
                self.fail(key_node, (*path, key), f"is given twice: first in line {lines[key]}")
            lines[key] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, (*path, key), key_node)
        return result

    def key(self, node: Node, path: KeyPath) -> str:
        if node.tag == _TAG + "merge":
            self.fail(node, path, "merge keys are not supported: write the fields out, or use 'extends'", "<<")
        if not isinstance(node, ScalarNode) or node.tag != _TAG + "str":
            shown = str(node.value) if isinstance(node, ScalarNode) else "?"
            self.fail(node, path, "a key must be a name: put it in quotes if it is meant", shorten(shown))
        return str(node.value)

    def scalar(self, node: Node, path: KeyPath) -> object:
        text = str(node.value)
        self.note(node, path, shorten(text))
        kind = str(node.tag).removeprefix(_TAG)
        if kind in {"str", "timestamp", "value", "merge"}:
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return self.integer(node, path, text)
        if kind == "float":
            number = ExactFloat(text) if text.strip("+-").lower() not in {".nan", ".inf"} else None
            if number is None or number in {float("inf"), float("-inf")}:
                self.fail(node, path, "must be a finite number", shorten(text))
            return number
        return self.fail(node, path, "tags are not allowed: write a plain value", shorten(str(node.tag)))

    def integer(self, node: Node, path: KeyPath, text: str) -> int:
        if len(text) > LONGEST_NUMBER:
            self.fail(node, path, f"a number of more than {LONGEST_NUMBER} digits", shorten(text))
        digits = text.replace("_", "")
        sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
        base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower(), 10)
        return sign * int(digits, base)

    def check_tag(self, node: Node, path: KeyPath, kind: str) -> None:
        if node.tag != _TAG + kind:
            self.fail(node, path, "tags are not allowed: write a plain value", shorten(str(node.tag)))

    def note(self, node: Node, path: KeyPath, written: str) -> None:
        mark = node.start_mark
        self.origins[path] = Origin(self.file, mark.line + 1, mark.column + 1, path, written)


def shorten(text: str, width: int = 60) -> str:
    """Return `text` on one line, cut to `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."

"""Wrong accelerator files, one for each kind of mistake: written on demand, for the tests of loading and of the CLI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HEAD = "extends: horowitz-45nm\n"


@dataclass(frozen=True)
class WrongFile:
    """How to make a wrong file in a folder, and what its message must say."""

    write: Callable[[Path], Path]
    line: int | None
    field: str
    value: str
    says: tuple[str, ...]


def _text(content: str | bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "wrong.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def _circle(folder: Path) -> Path:
    (folder / "first.yaml").write_text("extends: second.yaml\n")
    (folder / "second.yaml").write_text("# goes back\nextends: first.yaml\n")
    return folder / "first.yaml"


def _huge(folder: Path) -> Path:
    path = folder / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(100 * 10**6)
    return path


def _directory(folder: Path) -> Path:
    path = folder / "folder.yaml"
    path.mkdir()
    return path


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n"


WRONG_FILES: dict[str, WrongFile] = {
    "unknown field": WrongFile(
        _text(HEAD + "core:\n  quue_depth: 4\n"),
        3,
        "core.quue_depth",
        "",
        ("unknown field", "did you mean 'queue_depth'?", "allowed here: add, decode"),
    ),
    "negative energy": WrongFile(
        _text(HEAD + "operations:\n  add:\n    int32: {energy_pj: -0.1, latency: 1 cycle}\n"),
        4,
        "operations.add.int32.energy_pj",
        "-0.1",
        ("must not be negative", "0 or more"),
    ),
    "missing unit": WrongFile(
        _text(HEAD + "clock: 500\n"), 2, "clock", "500", ("missing unit", "'500 MHz'", "'asynchronous'")
    ),
    "wrong unit": WrongFile(
        _text(HEAD + "clock: 500 mhz\n"), 2, "clock", "500 mhz", ("unknown unit 'mhz'", "did you mean 'MHz'?")
    ),
    "two cores of one name": WrongFile(
        _text(HEAD + "cores:\n  - {name: input, count: 1}\n  - {name: input, count: 2}\n"),
        4,
        "cores[1].name",
        "input",
        ("two cores of one name", "names must differ"),
    ),
    "NaN": WrongFile(
        _text(HEAD + "leakage:\n  core_mw: .nan\n"), 3, "leakage.core_mw", ".nan", ("must be a finite number",)
    ),
    "infinity": WrongFile(
        _text(HEAD + "leakage: {chip_mw: .inf}\n"), 2, "leakage.chip_mw", ".inf", ("must be a finite number",)
    ),
    "wrong type": WrongFile(
        _text(HEAD + "core:\n  queue_depth: deep\n"), 3, "core.queue_depth", "deep", ("must be a whole number",)
    ),
    "true as a number": WrongFile(
        _text(HEAD + "core:\n  queue_depth: true\n"), 3, "core.queue_depth", "true", ("must be a whole number",)
    ),
    "out of range": WrongFile(
        _text(HEAD + "core: {queue_depth: 0}\n"), 2, "core.queue_depth", "0", ("must be at least 1",)
    ),
    "unknown word": WrongFile(
        _text(HEAD + "messages: {encoding: unray}\n"), 2, "messages.encoding", "unray", ("'unary'", "'graded'")
    ),
    "list for a mapping": WrongFile(_text(HEAD + "mesh: [4, 4]\n"), 2, "mesh", "", ("must be a mapping",)),
    "cycle in extends": WrongFile(
        _circle, 2, "extends", "first.yaml", ("goes round in a circle", "first.yaml -> ", "second.yaml -> ")
    ),
    "unknown profile": WrongFile(
        _text("extends: horowitz-45\n"),
        1,
        "extends",
        "horowitz-45",
        ("no such accelerator", "did you mean 'horowitz-45nm'?", "loihi1-davies2018"),
    ),
    "missing base": WrongFile(
        _text("extends: base.yaml\n"), 1, "extends", "base.yaml", ("there is no such file", "base.yaml")
    ),
    "source of nothing": WrongFile(
        _text(HEAD + "sources:\n  - {of: [core.queue_dept], source: me, status: assumed}\n"),
        3,
        "sources[0].of[0]",
        "core.queue_dept",
        ("names nothing that is set in this file",),
    ),
    "empty file": WrongFile(_text(""), None, "", "", ("is empty", "expected a mapping")),
    "comments only": WrongFile(_text("# nothing\n"), None, "", "", ("is empty",)),
    "top level is a list": WrongFile(_text("- a\n- b\n"), 1, "", "", ("must be a mapping", "not a list")),
    "100 MB file": WrongFile(_huge, None, "", "", ("100,000,000 bytes", "at most 1,048,576 are allowed")),
    "YAML bomb": WrongFile(_text(_bomb()), 5, "a4", "", ("expands to more than 20,000 values", "YAML bomb")),
    "alias of itself": WrongFile(_text("a: &a [*a]\n"), 1, "a[0][0]", "", ("contains itself", "at most 40 levels")),
    "deep nesting": WrongFile(_text("a: " + "[" * 100_000), 1, "", "", ("nested too deeply", "at most 40 levels")),
    "not UTF-8": WrongFile(
        _text(b"name: a\ndescription: caf\xe9\n"), 2, "", "", ("byte 24 (0xe9) is not UTF-8", "save the file")
    ),
    "UTF-16": WrongFile(_text("name: a\n".encode("utf-16")), 1, "", "", ("byte 0 (0xff) is not UTF-8",)),
    "control character": WrongFile(_text("name: a\nx: \x01\n"), 2, "", "", ("U+0001 is not allowed",)),
    "tabs": WrongFile(_text(HEAD + "core:\n\tqueue_depth: 4\n"), 3, "", "", ("a tab", "only spaces")),
    "bad syntax": WrongFile(_text("name: a: b\n"), 1, "", "", ("not valid YAML", "a second ': '")),
    "duplicate key": WrongFile(
        _text(HEAD + "core:\n  queue_depth: 4\n  queue_depth: 5\n"),
        4,
        "core.queue_depth",
        "",
        ("is given twice", "first in line 3"),
    ),
    "tag": WrongFile(
        _text("name: !!python/object/apply:os.system [ls]\n"),
        1,
        "name",
        "tag:yaml.org,2002:python/object/apply:os.system",
        ("tags are not allowed",),
    ),
    "merge key": WrongFile(
        _text(HEAD + "core:\n  <<: {queue_depth: 4}\n"), 3, "core", "<<", ("merge keys are not supported", "extends")
    ),
    "number as a key": WrongFile(_text(HEAD + "core: {4: 5}\n"), 2, "core", "4", ("a key must be a name",)),
    "two documents": WrongFile(_text("name: a\n---\nname: b\n"), 2, "", "", ("a second document",)),
    "a directory": WrongFile(_directory, None, "", "", ("is a directory",)),
    "missing file": WrongFile(lambda folder: folder / "none.yaml", None, "", "", ("there is no such file",)),
}

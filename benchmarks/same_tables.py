"""The tables of random runs beside those of another version: `python -m benchmarks.same_tables --old CHECKOUT`.

Cases of every kind (chains, branches, splits, both) are drawn here and run by both versions, each in a process of its
own; every column of counts, links and messages and the outputs are compared. What the other version does not know (a
new encoding, say) is counted and left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).parents[1]
TABLES = ("counts", "mesh", "outputs", "messages")


def main() -> None:
    """Draw, run in both versions, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_tables", description=__doc__)
    parser.add_argument("--old", type=Path, help="a checkout of the other version")
    parser.add_argument("--cases", type=int, default=50, help="of each of the four kinds (default: 50)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--run", type=Path, nargs=2, metavar=("CASES", "TABLES"), help="run cases with what is imported"
    )
    options = parser.parse_args()
    if options.run:
        _run(*options.run)
        return
    if options.old is None:
        raise SystemExit("--old: a checkout of the version to compare with is needed")
    with TemporaryDirectory() as place:
        cases = Path(place) / "cases.json"
        cases.write_text(json.dumps(_drawn(options.cases, options.seed)), "utf-8")
        tables = [_in(checkout, cases, Path(place) / f"{n}.npz") for n, checkout in enumerate((options.old, ROOT))]
    found = Counter(_verdict(*(dict(each.get(number, {})) for each in tables)) for number in range(4 * options.cases))
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(found.items())))
    if not found["equal"] or set(found) - {"equal", "unknown to the other version"}:
        raise SystemExit(1)


def _drawn(count: int, number: int) -> list[Any]:
    """`count` cases of each kind, as plain data."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from random_cases import cases  # noqa: PLC0415 - a helper of the tests

    kinds = ({}, {"branches": True}, {"splits": True}, {"branches": True, "splits": True})
    return [case for options in kinds for case in _of_kind(cases(**options), count, number)]


def _of_kind(strategy: Any, count: int, number: int) -> list[Any]:  # noqa: ANN401 - hypothesis's own type
    drawn: list[Any] = []

    @seed(number)
    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(case: Any) -> None:  # noqa: ANN401 - a case of the tests
        drawn.append(_plain(case._asdict()))

    draw()
    return (drawn * count)[:count]


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything that a case holds
    if isinstance(value, np.ndarray):
        return {"array": value.ravel().tolist(), "kind": str(value.dtype), "shape": value.shape}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"type": type(value).__name__} | {
            "fields": {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
        }
    if isinstance(value, tuple):
        return {"tuple": [_plain(each) for each in value]}
    if isinstance(value, dict):
        return {"dict": {name: _plain(each) for name, each in value.items()}}
    return value


def _object(plain: Any) -> Any:  # noqa: ANN401 - anything that a case holds
    """What `_plain` made plain, of the types of the version that is imported; fields that it lacks are left out."""
    if not isinstance(plain, dict):
        return plain
    if "array" in plain:
        return np.array(plain["array"], plain["kind"]).reshape(plain["shape"])
    if "tuple" in plain:
        return tuple(_object(each) for each in plain["tuple"])
    if "dict" in plain:
        return {name: _object(each) for name, each in plain["dict"].items()}
    import hwmodels  # noqa: PLC0415 - of the version that is on the path
    import simulator  # noqa: PLC0415
    import workloads  # noqa: PLC0415

    kind = next(
        getattr(room, plain["type"]) for room in (workloads, simulator, hwmodels) if hasattr(room, plain["type"])
    )
    known = {each.name for each in dataclasses.fields(kind)}
    return kind(**{name: _object(each) for name, each in plain["fields"].items() if name in known})


def _run(cases: Path, tables: Path) -> None:
    """Run all cases and save their tables."""
    import simulator  # noqa: PLC0415 - of the version that is on the path

    saved = {}
    for number, plain in enumerate(json.loads(cases.read_text("utf-8"))):
        try:
            case = _object(plain)
            result = simulator.simulate(
                case["network"],
                case["frames"],
                case["chip"],
                case["mode"],
                mapping=case["mapping"],
                arrival=case["arrival"],
                record_messages=True,
            )
        except (simulator.SimulationError, AttributeError, KeyError, StopIteration, TypeError, ValueError) as error:
            print(f"case {number}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        saved |= {f"{number} {name}": getattr(result, name) for name in TABLES}
    np.savez(tables, **saved)


def _in(checkout: Path, cases: Path, tables: Path) -> dict[int, dict[str, Any]]:
    """The tables that a version gives, case by case."""
    environment = {**os.environ, "PYTHONPATH": str(checkout.absolute())}
    command = [sys.executable, str(Path(__file__).absolute()), "--run", str(cases), str(tables)]
    subprocess.run(command, check=True, env=environment, cwd=checkout)
    found: dict[int, dict[str, Any]] = {}
    with np.load(tables) as archive:
        for key in archive.files:
            number, name = key.split()
            found.setdefault(int(number), {})[name] = archive[key]
    return found


def _verdict(old: dict[str, Any], new: dict[str, Any]) -> str:
    if not new:
        return "failed here"
    if not old:
        return "unknown to the other version"
    differing = [name for name in TABLES if not np.array_equal(old[name], new[name])]
    return f"differ in {', '.join(differing)}" if differing else "equal"


if __name__ == "__main__":
    main()

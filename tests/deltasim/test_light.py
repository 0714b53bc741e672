"""What is heavy is imported where it is used: neither `import deltasim` nor `deltasim --help` waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import deltasim as ds

HEAVY = ("numba", "pandas", "plotly", "pyarrow", "onnx", "av", "jax", "simpy", "numpy", "pydantic", "PIL")
HELP = (
    "import sys; sys.argv = ['deltasim', *{words!r}]; from deltasim.cli.app import main"
    "\ntry: main()\nexcept SystemExit: pass"
)


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh Python has loaded after `code`."""
    code += "\nimport sys; print('loaded:', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("loaded:")[2].split()) & set(HEAVY)


def test_importing_deltasim_loads_nothing_heavy() -> None:
    """Nor does asking what there is."""
    assert loaded_by("import deltasim as ds; dir(ds)") == set()


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["paper", "--help"], ["data", "--help"]])
def test_help_loads_no_engine_and_no_tables(words: list[str]) -> None:
    """Help is text."""
    assert loaded_by(HELP.format(words=words)) & {"numba", "pandas", "plotly", "pyarrow", "onnx", "av", "jax"} == set()


def test_what_is_used_is_loaded() -> None:
    """The check above sees what it looks for."""
    assert "numba" in loaded_by("import deltasim as ds; ds.simulate")


def test_every_public_name_is_there() -> None:
    """Each can be had, twice the same, and another name is an AttributeError."""
    for name in ds.__all__:
        assert getattr(ds, name) is getattr(ds, name)
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        _ = ds.simulat  # type: ignore[attr-defined]

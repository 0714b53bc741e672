"""The command line in a process of its own, and what it refuses."""

from __future__ import annotations

import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import pytest

from deltasim.cli.app import main


class Finished(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def deltasim(*arguments, cwd):
    """The command in this process (starting one takes a second): the same `main`, the same exit codes."""
    out, err = StringIO(), StringIO()
    argv = ["deltasim", *map(str, arguments)]
    with chdir(cwd), redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as stopped:
            main()
    return Finished(stopped.value.code or 0, out.getvalue(), err.getvalue())


def refused(result):
    """One message on standard error, exit code 2, no traceback, nothing on standard output."""
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr

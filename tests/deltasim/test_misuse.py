"""Whatever is given where something else is expected, in Python or by command: it works, or a sentence says why not."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltasim as ds
from deltasim.cli.app import main
from workloads.optimise import SenderCost

NOISE = np.random.default_rng(1).normal(0, 0.3, (16, 4)).astype(np.float32)
NETWORK = ds.network_from_arrays([NOISE], [np.zeros(4, np.float32)], input_shape=(4, 4))
PIXELS = np.random.default_rng(2).integers(0, 256, (12, 16), dtype=np.uint8)
CHIP = ds.load_accelerator("horowitz-45nm")
QUANTISED = ds.quantise(NETWORK, PIXELS)
SEARCH = ds.ScaleSearch(lambdas=(1e-6,), epochs=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("misuse")
    (place / "notes").write_text("a file")
    np.save(place / "stack.npy", PIXELS.reshape(12, 4, 4))
    ds.simulate(QUANTISED, PIXELS, CHIP, modes=["rounding"], out=place / "run")
    return place


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def odd_values(folder: Path) -> Iterator[Any]:
    yield from (None, 5, -1, 0, 2.5, True, "nonsense", "", b"x", [], [1], {}, {"a": 1}, (), object(), np.zeros(3))
    yield from (
        np.float64(1),
        float("nan"),
        float("inf"),
        10**400,
        Path("nowhere"),
        Path("notes"),
        "notes",
        "sigma-delta",
    )
    yield from (NETWORK, QUANTISED, QUANTISED.full, PIXELS, list(PIXELS), PIXELS.tolist(), PIXELS.astype(float), CHIP)
    yield from (ds.chip_of(CHIP), ds.load_run(folder / "run"), ds.Experiment(), ds.MappingChoice(), ds.Quantisation())
    yield from (SEARCH, ["a", "b"], type, "sigma-delta", "horowitz-45nm", ds.frames("stack.npy"))


GIVEN: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "simulate": (ds.simulate, {"network": QUANTISED, "frames": PIXELS, "accelerator": CHIP, "modes": ["rounding"]}),
    "quantise": (ds.quantise, {"network": NETWORK, "calibration": PIXELS}),
    "dashboard": (ds.dashboard, {"finished": "run"}),
    "figures": (ds.figures, {"finished": "run"}),
    "load_run": (ds.load_run, {"path": "run"}),
    "compare": (ds.compare, {"run_a": None, "run_b": None}),
    "load_network": (ds.load_network, {"name_or_path": "mnist-784-200-200-10"}),
    "load_accelerator": (ds.load_accelerator, {"name_or_path": "horowitz-45nm"}),
    "chip_of": (ds.chip_of, {"accelerator": CHIP}),
    "run": (ds.run, {"experiment": "nowhere.yaml"}),
    "reprice": (ds.reprice, {"run": "run", "node": "28"}),
    "frames": (ds.frames, {"dataset": "mnist"}),
    "frames of a file": (ds.frames, {"dataset": "stack.npy"}),
    "network_from_arrays": (ds.network_from_arrays, {"weights": [NOISE]}),
    "optimise_scales": (ds.optimise_scales, {"network": NETWORK, "frames": PIXELS, "settings": SEARCH}),
    "Experiment": (ds.Experiment, {}),
    "MappingChoice": (ds.MappingChoice, {}),
    "Quantisation": (ds.Quantisation, {}),
    "ScaleSearch": (ds.ScaleSearch, {"lambdas": (1e-6,)}),
}
ARGUMENTS = [(name, argument) for name, (call, _) in GIVEN.items() for argument in inspect.signature(call).parameters]
UNTRIED = {"list_datasets", "list_networks", "list_profiles"}  # take nothing
MADE_BY_OTHERS = {"Accelerator", "Frames", "IntegerNetwork", "Network", "QuantisedNetwork", "Run"}


def test_every_public_call_is_tried() -> None:
    calls = {name for name in ds.__all__ if callable(getattr(ds, name))}
    errors = {
        name for name in calls if isinstance(getattr(ds, name), type) and issubclass(getattr(ds, name), Exception)
    }
    assert calls - errors - UNTRIED - MADE_BY_OTHERS == {name.split(" of ")[0] for name in GIVEN}


def sentence(call: Callable[[], Any]) -> str:
    """What the call refuses its arguments with; nothing if it takes them."""
    try:
        call()
    except ds.USER_ERRORS as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_a_wrong_argument_is_one_sentence(name: str, argument: str, folder: Path) -> None:
    call, usual = GIVEN[name]
    if name == "optimise_scales":
        pytest.importorskip("jax")
    if name == "compare":
        usual = {"run_a": ds.load_run("run"), "run_b": ds.load_run("run")}
    for value in odd_values(folder):
        if argument == "progress" and callable(value):
            continue  # a function of other arguments is Python's to tell
        values = {**usual, **({"overwrite": True} if name == "simulate" else {}), argument: value}
        told = sentence(lambda values=values: call(**values))
        assert "pydantic" not in told
        assert len(told) < 600
        assert (folder / "notes").read_text() == "a file"


JUST_WORKS: dict[str, dict[str, Any]] = {
    "an accelerator's name": {"accelerator": "horowitz-45nm"},
    "a list of frames": {"frames": list(PIXELS)},
    "a mode alone": {"modes": "rounding"},
    "a whole number of frames a second": {"frame_rate_hz": 30},
    "NumPy's number of threads": {"threads": np.int64(1)},
    "a generator's list": {"modes": ("rounding",)},
    "a mapping by word": {"mapping": "fit"},
    "a mapping by its model": {"mapping": ds.MappingChoice()},
}


@pytest.mark.parametrize("what", JUST_WORKS)
def test_what_is_meant_is_taken(what: str, folder: Path) -> None:
    usual = {"network": QUANTISED, "frames": PIXELS, "accelerator": CHIP, "modes": ["rounding"], "name": "run"}
    run = ds.simulate(**{**usual, **JUST_WORKS[what]}, out=folder / "run")  # the same run, so it is read
    assert run.manifest["config_hash"] == ds.load_run("run").manifest["config_hash"]


@pytest.mark.parametrize("calibration", [list(PIXELS), ds.frames])
def test_calibration_by_frames_or_a_list(calibration: Any) -> None:
    given = ds.frames("stack.npy") if calibration is ds.frames else calibration
    assert ds.quantise(NETWORK, given).scaled.scales == QUANTISED.scaled.scales


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"network": NETWORK}, "ds.simulate: network: a Network: must be a quantised network, which ds.quantise("),
        ({"network": "mnist"}, "ds.simulate: network: 'mnist': must be a quantised network"),
        ({"accelerator": ds.chip_of(CHIP)}, "must be an accelerator, which ds.load_accelerator(name) loads, a path"),
        ({"accelerator": "horowitz-45"}, "did you mean 'horowitz-45nm'?"),
        ({"frames": "mnist"}, "must be frames, which ds.frames(name) opens, an array or a list of arrays"),
        ({"modes": "sigma_dleta"}, "no mode 'sigma_dleta'; did you mean 'sigma_delta'? there are original, "),
        ({"modes": ["sigma-delta", 5]}, "ds.simulate: modes: list of 2: must be a list of texts, a text or None"),
        ({"frame_rate_hz": -1}, "ds.simulate: frame_rate_hz: -1: must be greater than 0"),
        ({"frame_rate_hz": "30"}, "ds.simulate: frame_rate_hz: '30': must be a number"),
        ({"threads": 0}, "ds.simulate: threads: 0: must be at least 1 and at most 1,024, or None"),
        ({"arrival": "serail"}, "must be 'serial', 'pipelined' or 'paced'; did you mean 'serial'?"),
        ({"engine": "fats"}, "must be 'fast' or 'reference'; did you mean 'fast'?"),
        ({"mapping": "ballance"}, "must be 'fit', 'balance' or a MappingChoice; did you mean 'balance'?"),
        ({"name": "a/b"}, "ds.simulate: name: 'a/b': "),
        ({"out": "notes"}, "notes is a file, and a run is a directory"),
        ({"out": Path("notes/in it")}, "notes is a file, and a run is a directory"),
    ],
)
def test_sentences(changes: dict[str, Any], says: str) -> None:
    usual = {"network": QUANTISED, "frames": PIXELS, "accelerator": CHIP, "modes": ["rounding"]}
    with pytest.raises(ds.USER_ERRORS) as caught:
        ds.simulate(**{**usual, **changes})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["deltasim", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return ended.value.code or 0, captured.out, captured.err


@pytest.mark.parametrize("mode", ["rounding", "Rounding", "sigma-delta", "rouding", ""])
def test_trace_takes_a_mode_as_it_is_written_or_says_the_nearest(
    mode: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = command(monkeypatch, capsys, "trace", "run", "--mode", mode, "-o", "t.json")
    says = {
        "rounding": "",
        "Rounding": "no mode 'Rounding'; did you mean 'rounding'?",
        "sigma-delta": "has no network 'sigma_delta'; it has rounding",
        "rouding": "did you mean 'rounding'?",
        "": "no mode ''; there are original, ",
    }[mode]
    assert (code == 0) == (mode == "rounding")
    assert says in err


ODD_WORDS = (
    "",
    "nonsense",
    "-1",
    "0",
    "notes",
    "run",
    "nowhere/file.yaml",
    "a: b",
    "1e999",
    "nan",
    "5:1",
    "é\u2028[x]",
)
OPTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "run": (("nowhere.yaml",), ("--out", "--accelerator", "--network", "--normalisation", "--frames", "--modes",
                                "--scales", "--engine", "--threads")),
    "map": ((), ("--accelerator", "--network", "--normalisation", "--strategy", "--cores")),
    "optimise": (("nowhere.yaml",), ("--lambda", "--minimise", "--of", "--loss", "--training", "--per", "--epochs",
                                     "--rate", "--minibatch", "--seed", "--frames", "--network", "--accelerator")),
    "price": (("run",), ("--operations", "--node", "--voltage")),
    "trace": (("run",), ("--mode", "--frames", "--out")),
    "compare": (("run", "run"), ("--html",)),
    "report": (("run",), ()),
    "validate": ((), ()),
    "schema": ((), ()),
    "data": (("fetch",), ()),
    "paper": (("figure2",), ("--seed",)),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_a_wrong_option_or_argument_is_told_without_a_traceback(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, options = OPTIONS[name]
    tried = [(option, word) for option in options for word in ODD_WORDS] + [(word,) for word in ODD_WORDS]
    for words in tried:
        if words[0] in {"--out", "--html"} and words[1] == "notes" and name != "run":
            continue  # a file that may be written to
        if name in {"map", "paper"} and len(words) == 1:
            continue  # would work on the bundled network, or make a figure
        if name == "paper" and words[1] in {"0"}:
            continue
        code, out, err = command(monkeypatch, capsys, name, *arguments, *words)
        assert code in {0, 2}, (words, err)
        assert code == 0 or re.search(r"deltasim: |Error|Usage", err), (words, out, err)
        assert "Traceback" not in err
    assert Path("notes").read_text() == "a file"


def test_costs_are_costs() -> None:
    pytest.importorskip("jax")
    with pytest.raises(ds.USER_ERRORS):
        ds.optimise_scales(NETWORK, PIXELS, SEARCH, costs=[SenderCost()] * 7)

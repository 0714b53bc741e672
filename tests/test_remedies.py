"""Whatever a message of the product names - an option, a command, a field, a function - exists."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import typer
from onnx import TensorProto, helper, numpy_helper
from pydantic import BaseModel

import deltasim as ds
from deltasim.cli.app import app, main
from deltasim.cli.overlay import with_options
from deltasim.experiment.files import Experiment, load_experiment, read_experiment
from hwmodels import ConfigError
from workloads import Network
from workloads.content_hash import content_sha256

PACKAGES = ("deltasim", "workloads", "hwmodels", "simulator", "reports")
ROOT = Path(ds.__file__).parents[1]
OTHER_PROGRAMS = {
    "workloads/assets/wheel.py": "its options are pip's",
    "workloads/graphs/train_mnist.py": "a script with options of its own",
}


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Texts of a file but docstrings, neighbours and f-strings put together; what is filled in shows as {}."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):  # a docstring
            skipped.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values),
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def all_literals() -> list[tuple[str, str]]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name not in OTHER_PROGRAMS:
                found += [(f"{name}:{line}", text) for line, text in literals(path)]
    return found


TEXTS = all_literals()


def commands() -> dict[str, set[str]]:
    """Options of each command, by its words: {"paper figure5": {"--seed", ...}}."""
    found: dict[str, set[str]] = {}
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        found[name] = {option for each in command.params for option in each.opts} | {"--help"}
        waiting += [(f"{name} {key}".strip(), each) for key, each in getattr(command, "commands", {}).items()]
    return found


COMMANDS = commands()


def test_every_option_that_a_text_names_exists() -> None:
    known = set().union(*COMMANDS.values())
    named = [(where, option) for where, text in TEXTS for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)]
    assert len(named) > 50
    assert [each for each in named if each[1] not in known] == []


def test_every_command_that_a_text_names_exists_and_has_its_options() -> None:
    wrong, seen = [], 0
    for where, text in TEXTS:
        for words in re.findall(r"(?:^|[ `:(])deltasim ((?:[a-z0-9-]+ ?)+[^.;`|)]*)", text):
            if words == "accelerator":  # "a deltasim accelerator"
                continue
            seen += 1
            first = words.split()
            name = " ".join(first[:2]) if " ".join(first[:2]) in COMMANDS else first[0]
            if name not in COMMANDS:
                wrong.append((where, words))
                continue
            options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", words))
            wrong += [(where, f"{name} {option}") for option in sorted(options - COMMANDS[name])]
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 15


def test_every_name_of_the_package_that_a_text_uses_exists() -> None:
    named = [(where, name) for where, text in TEXTS for name in re.findall(r"\bds\.(\w+)", text)]
    assert named
    assert [each for each in named if not hasattr(ds, each[1])] == []
    calls = [each for _, text in TEXTS for each in re.findall(r"\bds\.(\w+)\(([^)]*)\)", text)]
    for name, arguments in calls:
        for keyword in re.findall(r"(\w+)=", arguments):
            assert keyword in inspect.signature(getattr(ds, name)).parameters, (name, keyword)


def modules() -> Iterator[object]:
    for package in PACKAGES:
        for info in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not info.name.endswith("__main__"):
                yield importlib.import_module(info.name)


def names_with_underscores() -> set[str]:
    """Fields of all types, parameters and names of all functions, and the words that the code itself compares with."""
    known = {text for _, text in TEXTS if " " not in text}
    for module in modules():
        for name, value in vars(module).items():
            known.add(name)
            if isinstance(value, type) and issubclass(value, BaseModel):
                known.update(value.model_fields)
            elif isinstance(value, type) and is_dataclass(value):
                known.update(each.name for each in fields(value))
            elif inspect.isfunction(value):
                known.update(inspect.signature(value).parameters)
    return known


def test_every_field_that_a_message_names_exists() -> None:
    known, wrong, seen = names_with_underscores(), [], 0
    messages = [each for each in TEXTS if not each[0].startswith("deltasim/paper/figure4/") and " " in each[1]]
    for where, text in messages:
        for name in re.findall(r"(?<![\w/.{-])[a-z]+(?:_[a-z0-9]+)+(?![\w/({])", text):
            seen += 1
            if name not in known and re.sub("[0-9]+", "{}", name) not in known:
                wrong.append((where, name, text))
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 40


def conv(inputs: str, output: str, name: str) -> onnx.NodeProto:
    return helper.make_node("Conv", [inputs, "w"], [output], name=name)


def save(path: Path, nodes: list[onnx.NodeProto], outputs: list[str], shape: tuple[int | str, ...]) -> Path:
    """A model of a convolution (4 channels, 3 x 3) and more, for pictures of 3 x 8 x 8."""
    weights = np.random.default_rng(0).normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [conv("x", "c", "first"), *nodes],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in outputs],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


RELU = helper.make_node("Relu", ["c"], ["y"], name="last")
POOL = [helper.make_node("GlobalAveragePool", ["c"], ["g"]), helper.make_node("Flatten", ["g"], ["f"])]
KNOWN = (1, 3, 8, 8)
MODELS = {
    "two outputs": ([RELU], ["y", "c"], KNOWN, "output"),
    "open sides": ([RELU], ["y"], ("n", 3, "h", "w"), "input_shape"),
    "no batch": ([RELU], ["y"], (3, 8, 8), "input_shape"),
    "arg max": ([*POOL, helper.make_node("ArgMax", ["f"], ["y"], axis=1)], ["y"], KNOWN, "output"),
    "erf": ([*POOL, helper.make_node("Erf", ["f"], ["y"])], ["y"], KNOWN, "output"),
    "top k": ([*POOL, helper.make_node("TopK", ["f", "w"], ["y", "z"])], ["y", "z"], KNOWN, "output"),
}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    frames = np.random.default_rng(1).integers(0, 256, (6, 3, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "clip.npz", frames=frames)
    return tmp_path / "clip.npz"


def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str]:
    """Exit code of `deltasim` with these words, and what it wrote to standard error."""
    monkeypatch.setattr("sys.argv", ["deltasim", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize("kind", MODELS)
def test_an_output_or_a_shape_that_has_to_be_chosen_can_be(
    kind: str, tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, outputs, shape, field = MODELS[kind]
    path = save(tmp_path / "net.onnx", nodes, outputs, shape)
    words = ("map", clip, "--network", path, "--normalisation", "unit-rgb")
    code, said = command(capsys, monkeypatch, *words)
    while code:  # two outputs behind an unsupported operator are two remedies, one after the other
        assert code == 2
        option = re.search(r"--(output|input-shape) ([^ ,;]+)", said)
        assert option is not None, said
        value = option[2] if option[1] == "output" else "3,8,8"
        if f"--{option[1]}" in words:
            place = words.index(f"--{option[1]}") + 1
            assert words[place] != value, said
            words = (*words[:place], value, *words[place + 1 :])
        else:
            words = (*words, f"--{option[1]}", value)
        code, said = command(capsys, monkeypatch, *words)
    given = {"output": value} if field == "output" else {"input_shape": (3, 8, 8)}

    document = {"network": "net.onnx", "normalisation": "unit-rgb", "frames": {"dataset": "clip.npz"}, **given}
    (tmp_path / "mine.yaml").write_text(json.dumps(document | {"accelerator": "vgg-class"}))
    assert command(capsys, monkeypatch, "validate", tmp_path / "mine.yaml")[0] == 0
    graph = ds.load_network(path, normalisation="unit-rgb", **given)
    assert content_sha256(graph) == content_sha256(job_network(tmp_path / "mine.yaml"))
    ds.quantise(graph, np.load(clip)["frames"].reshape(6, -1))


def job_network(path: Path) -> ds.Network:
    experiment, folder = read_experiment(path)
    return load_experiment(experiment, folder).network


def test_optimise_takes_them_too() -> None:
    for name in ("run", "map", "optimise", "paper figure5", "paper figure6"):
        assert {"--network", "--normalisation", "--output", "--input-shape"} <= COMMANDS[name]


def test_another_network_leaves_the_output_of_the_file_s_own_behind() -> None:
    own = Experiment(network="a.onnx", output="y", input_shape=(3, 8, 8))
    other = with_options(own, network="b.onnx")
    assert (other.output, other.input_shape) == (None, None)
    assert with_options(own, network="b.onnx", output="z", input_shape="3x4x5").input_shape == (3, 4, 5)
    assert with_options(own, output="z").input_shape == (3, 8, 8)


@pytest.mark.parametrize("text", ["3,8", "3,8,8,8", "3,0,8", "a,b,c", "", "3,-8,8", "3,8.5,8", "9" * 5000])
def test_shapes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--input-shape.*such as 3,224,224"):
        with_options(Experiment(), input_shape=text)


@pytest.mark.parametrize("shape", [(3, 8), (3, 8, 0)])
def test_wrong_shapes_are_refused_in_python(shape: object) -> None:
    with pytest.raises(ds.WorkloadError, match=r"input_shape is .* needed \(C, H, W\)"):
        ds.load_network("squeezenet11", input_shape=shape)


@pytest.mark.parametrize("shape", [(3, 8, 8.0), (3, 8, True), "388", 8])
def test_shapes_of_other_kinds_are_refused_in_python(shape: object) -> None:
    with pytest.raises(ConfigError, match=r"ds\.load_network: input_shape: .* must be a list of whole numbers"):
        ds.load_network("squeezenet11", input_shape=shape)


def test_graphs_end_and_begin_as_asked_and_chains_say_why_not() -> None:
    whole = ds.load_network("squeezenet11")
    assert isinstance(whole, Network)
    middle = whole.nodes[3].name
    part = ds.load_network("squeezenet11", output=middle, input_shape=(3, 64, 48))
    assert isinstance(part, Network)
    assert (part.output, part.input_shape, part.preprocessing) == (middle, (3, 64, 48), whole.preprocessing)
    with pytest.raises(ds.WorkloadError, match=r"has no node 'pool17'.*Known"):
        ds.load_network("squeezenet11", output="pool17")
    for given in ({"output": "layer1"}, {"input_shape": (1, 28, 28)}, {"normalisation": "unit-gray"}):
        with pytest.raises(ds.WorkloadError, match="leave it out"):
            ds.load_network("mnist-784-200-200-10", **given)


def test_a_network_that_does_not_say_how_pixels_enter_says_how_it_could(tmp_path: Path, clip: Path) -> None:
    path = save(tmp_path / "net.onnx", [RELU], ["y"], KNOWN)
    frames = np.load(clip)["frames"].reshape(6, -1)
    with pytest.raises(ds.WorkloadError, match=r"ds\.load_network\(path, normalisation='torch-rgb'\)"):
        ds.quantise(ds.load_network(path), frames)
    ds.quantise(ds.load_network(path, normalisation="torch-rgb"), frames)
    with pytest.raises(ConfigError, match=r"normalisation: 'torch-rbg'.*did you mean 'torch-rgb'"):
        ds.load_network(path, normalisation="torch-rbg")

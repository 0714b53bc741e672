"""What a shell shows: public names, and of every object a line or two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import deltasim as ds


def test_the_package_offers_its_public_names_only() -> None:
    assert dir(ds) == sorted(ds.__all__)
    assert all(hasattr(ds, name) for name in dir(ds))


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One of everything that users hold in their hands."""
    network = ds.load_network("mnist-784-200-200-10")
    frames = ds.frames("mnist", frames="0:20")
    quantised = ds.quantise(network, frames.read(0, 20))
    chip = ds.load_accelerator("horowitz-45nm")
    path = tmp_path_factory.mktemp("shell") / "run"
    run = ds.simulate(quantised, frames, chip, modes=["rounding", "sigma_delta"], out=path, name="shell")
    return {
        "network": network,
        "layer": network.layers[0],
        "graph": ds.load_network("squeezenet11"),
        "quantised": quantised,
        "full": quantised.full,
        "integer layer": quantised.full.layers[0],
        "frames": frames,
        "stack": ds.frames(_stack(path.parent)),
        "chip": chip,
        "timing": ds.chip_of(ds.load_accelerator("truenorth")),
        "run": run,
        "outputs": run.outputs,
    }


def _stack(folder: Path) -> Path:
    np.save(folder / "stack.npy", np.zeros((3, 28, 28), np.uint8))
    return folder / "stack.npy"


def test_what_they_are_fits_into_two_lines(things: dict[str, object]) -> None:
    for name, thing in things.items():
        for text in (repr(thing), str(thing)):
            assert len(text) <= 320, name
            assert text.count("\n") <= 1, name


def test_what_they_are_by_hand(things: dict[str, object]) -> None:
    said = {name: repr(thing) for name, thing in things.items()}
    assert said["network"] == "Network('mnist-784-200-200-10': 784 inputs, 3 layers, 10 outputs)"
    assert said["frames"] == "Frames('mnist test': 20 of 28 x 28 pixels, labels)"
    assert said["graph"].startswith("Network('squeezenet11': frames of 3 x 227 x 227, ")
    assert said["full"] == (
        "IntegerNetwork('mnist-784-200-200-10', full: 784 inputs, 3 layers, 10 outputs; 8/8/32 bits of "
        "weights/activations/accumulators)"
    )
    assert said["chip"] == "Accelerator('horowitz-45nm': 4 x 4 tiles of 1 core, clock 500 MHz, graded messages)"
    assert said["run"].endswith(
        "20 frames of mnist test, mnist-784-200-200-10 on horowitz-45nm; rounding, sigma_delta)"
    )

"""Frames are compared with a network by shape, not by how many values they have."""

from __future__ import annotations

import re
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError, fit_frames, frames_of_array, network_from_arrays, quantise
from workloads.frames.shapes import flat_frames

sides = st.integers(1, 5)
maps = st.tuples(sides, sides, sides)


def stack(shape, count=3):
    """Frames of which no two values of a frame are equal."""
    size = prod(shape)
    return np.stack([np.random.default_rng(seed).permutation(size) for seed in range(count)]).astype(np.uint8)


@given(maps)
def test_frames_in_the_networks_own_shape_or_flat_stay_as_they_are(shape):
    flat = stack(shape)
    for array in (flat, flat.reshape(-1, *shape)):
        frames = frames_of_array("own", array)
        if array is not flat and shape[0] > 1 and len(set(shape)) == 1:
            with pytest.raises(WorkloadError, match=r"which axis are the channels cannot be told; give them flat"):
                fit_frames(frames, shape, "net")
            continue
        fitted = fit_frames(frames, shape, "net")
        assert fitted.warnings == ()
        assert np.array_equal(fitted.read(0, 3), flat)


@given(maps, st.permutations(range(3)))
def test_every_other_order_of_the_axes_is_turned_rightly_or_refused(shape, order):
    flat = stack(shape)
    turned = flat.reshape(-1, *shape).transpose(0, *(axis + 1 for axis in order))
    given_shape = turned.shape[1:]
    frames = frames_of_array("turned", turned)
    try:
        fitted = fit_frames(frames, shape, "net")
    except WorkloadError:
        return  # what the sentence says is tested below
    if np.array_equal(fitted.read(0, 3), flat):
        return
    # height and width of a square picture exchanged cannot be seen, nor can equal sides: all shapes are the right ones
    own = shape if not fitted.warnings else (*shape[1:], shape[0])
    assert given_shape == own or [s for s in given_shape if s > 1] == [s for s in own if s > 1]


@given(st.tuples(st.integers(2, 5), st.integers(2, 5), st.integers(2, 5)))
def test_channels_last_are_turned_and_said(shape):
    channels, height, width = shape
    last = (height, width, channels)
    flat = stack(shape)
    frames = frames_of_array("last", np.ascontiguousarray(flat.reshape(-1, *shape).transpose(0, 2, 3, 1)))
    if last in {shape, (channels, width, height)}:
        with pytest.raises(WorkloadError, match="cannot be told"):
            fit_frames(frames, shape, "net")
        return
    fitted = fit_frames(frames, shape, "net")
    assert fitted.shape == shape
    assert np.array_equal(fitted.read(0, 3), flat)
    assert np.array_equal(fitted.read(1, 2), flat[1:2])
    (warning,) = fitted.warnings
    assert "channels last" in warning
    assert str(last) in warning
    assert fit_frames(fitted, shape, "net").warnings == fitted.warnings or len(set(shape)) == 1


@pytest.mark.parametrize(
    ("shape", "taken"),
    [((10, 10), (28, 28)), ((40, 40), (28, 28)), ((12, 16), (3, 8, 8)), ((9, 3, 8), (3, 8, 9)), ((9, 8), (8, 9)),
     ((24, 8), (3, 8, 8)), ((3, 9, 8), (3, 8, 9))],
)  # fmt: skip
def test_other_shapes_are_refused_whatever_their_size(shape, taken):
    sides, own = " x ".join(map(str, shape)), " x ".join(map(str, taken))
    text = f"frames 'x' have shape {shape}, network 'net' takes {taken}: "
    if prod(shape) != prod(taken):
        text = f"frames 'x' have {prod(shape)} pixels ({sides}), network 'net' takes {prod(taken)} ({own}): "
    with pytest.raises(WorkloadError, match=re.escape(text)):
        fit_frames(frames_of_array("x", np.zeros((2, *shape), np.uint8)), taken, "net")


def test_a_network_of_flat_frames_takes_any_shape_and_a_flat_frame_fits_any_network():
    assert fit_frames(frames_of_array("x", np.zeros((2, 4, 4), np.uint8)), (16,), "net").shape == (4, 4)
    assert fit_frames(frames_of_array("x", np.zeros((2, 1, 4, 4), np.uint8)), (4, 4), "net").warnings == ()
    assert fit_frames(frames_of_array("x", np.zeros((2, 48), np.uint8)), (3, 4, 4), "net").warnings == ()


@pytest.mark.parametrize(
    "frames", [np.zeros((2, 4), np.int64), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8), [[1]]]
)
def test_what_is_no_stack_of_pixels_is_refused(frames):
    with pytest.raises(WorkloadError, match="needed an array of one frame or more"):
        frames_of_array("x", frames)


def test_calibration_frames_are_flat_or_of_the_networks_shape():
    weights = np.random.default_rng(0).normal(size=(24, 2)).astype(np.float32)
    network = network_from_arrays([weights], input_shape=(2, 3, 4))
    flat = stack((2, 3, 4), 20)
    one, other = (quantise(network, each) for each in (flat, flat.reshape(-1, 2, 3, 4)))
    assert one.scaled.scales == other.scaled.scales
    assert one.report == other.report
    assert one.input_shape == (2, 3, 4)
    assert one.output_shape == (2,)
    with pytest.raises(WorkloadError, match=r"channels last.*transpose\(0, 3, 1, 2\)"):
        quantise(network, flat.reshape(-1, 2, 3, 4).transpose(0, 2, 3, 1))
    with pytest.raises(WorkloadError, match="not in that order"):
        quantise(network, flat.reshape(-1, 2, 4, 3))
    with pytest.raises(WorkloadError, match=r"takes \(n, 24\) or \(n, 2, 3, 4\) uint8"):
        quantise(network, flat.astype(np.float32))
    assert flat_frames(flat[:0], (2, 3, 4), "frames", "net").shape == (0, 24)

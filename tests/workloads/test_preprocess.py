"""Resizing against fractions, cropping, and stacks of images."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError, load_frames
from workloads.frames.preprocess import Preprocessing
from workloads.frames.resize import resize, taps_of

SIDES = st.integers(1, 13)


def axis_weights(resampling, inputs, outputs):
    """(outputs, inputs) exact weights, from the definitions and nothing else."""
    rows = []
    scale = Fraction(inputs, outputs)
    for i in range(outputs):
        row = [Fraction(0)] * inputs
        centre = (i + Fraction(1, 2)) * scale
        if resampling == "area":
            for j in range(inputs):
                row[j] = max(Fraction(0), min((i + 1) * scale, Fraction(j + 1)) - max(i * scale, Fraction(j))) / scale
        elif resampling == "nearest":
            row[min(floor(centre), inputs - 1)] = Fraction(1)
        else:
            place = min(max(centre - Fraction(1, 2), Fraction(0)), Fraction(inputs - 1))
            row[floor(place)] += 1 - (place - floor(place))
            row[min(floor(place) + 1, inputs - 1)] += place - floor(place)
        rows.append(row)
    return rows


@given(st.sampled_from(["area", "bilinear", "nearest"]), SIDES, SIDES, SIDES, SIDES, st.integers(0, 2**32 - 1))
def test_resize_is_the_exact_mean_rounded_half_up(resampling, height, width, new_height, new_width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 2), np.uint8)
    rows, columns = axis_weights(resampling, height, new_height), axis_weights(resampling, width, new_width)
    result = resize(image, (new_height, new_width), resampling)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            for c in range(2):
                pixels = ((y, x) for y in range(height) if row[y] for x in range(width) if column[x])
                mean = sum(row[y] * column[x] * int(image[y, x, c]) for y, x in pixels)
                assert result[i, j, c] == floor(mean + Fraction(1, 2))


@pytest.mark.parametrize("resampling", ["area", "bilinear", "nearest"])
def test_weights_of_an_axis_sum_to_its_total(resampling):
    for inputs, outputs in [(768, 224), (224, 768), (576, 224), (1, 9), (9, 1), (5, 5), (16384, 3), (3, 16384)]:
        taps = taps_of(resampling, inputs, outputs)
        assert (taps.weights.sum(axis=1) == taps.total).all()


def test_white_stays_white_at_any_size():
    image = np.full((1080, 1920, 1), 255, np.uint8)
    for resampling in ("area", "bilinear", "nearest"):
        assert (resize(image, (227, 331), resampling) == 255).all()


@pytest.mark.parametrize(
    ("shape", "size", "kept"),
    [
        ((10, 20), (5, 5), (slice(0, 10), slice(5, 15))),
        ((20, 10), (5, 5), (slice(5, 15), slice(0, 10))),
        ((9, 16), (3, 4), (slice(0, 9), slice(2, 14))),
        ((8, 8), (1, 100), (slice(3, 4), slice(0, 8))),
        ((6, 9), (4, 6), (slice(0, 6), slice(0, 9))),
    ],
)
def test_crop_takes_the_centre(shape, size, kept):
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    cropped = Preprocessing(size, fit="crop").apply(image)
    assert np.array_equal(cropped, Preprocessing(size).apply(image[kept]))


@pytest.fixture
def stack():
    return np.random.default_rng(5).integers(0, 256, (6, 9, 12, 3), np.uint8)


@pytest.mark.parametrize("layout", ["last", "first", "gray"])
def test_stacks_of_images_become_frames(tmp_path, stack, layout):
    path = tmp_path / "stack.npy"
    stored = {"last": stack, "first": stack.transpose(0, 3, 1, 2), "gray": stack[..., 0]}[layout]
    np.save(path, stored)
    frames = load_frames(path, size=(4, 5), channels="bgr", stride=2)
    assert (frames.count, frames.shape) == (3, (3, 4, 5))
    images = stored[..., None].repeat(3, axis=-1) if layout == "gray" else stack
    expected = [Preprocessing((4, 5), channels="bgr").apply(image).ravel() for image in images[::2]]
    assert np.array_equal(frames.read(0, 3), np.stack(expected))
    assert np.array_equal(frames.read(1, 2)[0], expected[1])
    assert load_frames(path).shape == stored.shape[1:]  # as stored unless something is asked for


def test_labels_stay_with_their_frames(tmp_path, stack):
    path = tmp_path / "stack.npz"
    np.savez(path, frames=stack, labels=np.arange(6))
    frames = load_frames(path, size=(4, 5), frames="1:6", stride=2)
    assert frames.labels.tolist() == [1, 3, 5]
    assert frames.sha256() != load_frames(path, size=(5, 4), frames="1:6", stride=2).sha256()


@pytest.mark.parametrize(
    ("shape", "message"),
    [((2, 3, 7, 3), "either axis of 3"), ((2, 12), "cannot be taken for images"), ((2, 8, 8, 4), "cannot be taken")],
)
def test_stacks_of_something_else_are_refused(tmp_path, shape, message):
    np.save(tmp_path / "stack.npy", np.zeros(shape, np.uint8))
    with pytest.raises(WorkloadError, match=message):
        load_frames(tmp_path / "stack.npy", channels="rgb")


def test_a_gray_stack_is_gray(tmp_path, stack):
    np.save(tmp_path / "stack.npy", stack[..., 0])
    frames = load_frames(tmp_path / "stack.npy", channels="gray")
    assert frames.shape == (9, 12)
    assert np.array_equal(frames.read(0, 6), stack[..., 0].reshape(6, -1))

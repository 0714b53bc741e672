"""Two streams of frames as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads import WorkloadError, frames_of_array
from workloads.frames.splice import splice


def stream(name, count, seed, *, labels=True, source=None):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 3, 2), np.uint8)
    known = random.integers(0, 10, count) if labels else None
    return replace(frames_of_array(name, images, known), source=source)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.data())
def test_any_part_of_a_splice_is_that_part_of_both_together(first, second, seed, data):
    a, b = stream("a", first, seed), stream("b", second, seed + 1)
    whole = np.concatenate([a.read(0, first), b.read(0, second)])
    start = data.draw(st.integers(0, first + second - 1))
    stop = data.draw(st.integers(start + 1, first + second))
    spliced = splice(a, b)
    assert spliced.count == first + second
    assert spliced.shape == a.shape
    assert np.array_equal(spliced.read(start, stop), whole[start:stop])
    assert np.array_equal(spliced.labels, np.concatenate([a.labels, b.labels]))


@given(st.integers(1, 6), st.integers(1, 6))
def test_splicing_an_array_cut_in_two_gives_its_hash(first, second):
    images = np.random.default_rng(first).integers(0, 256, (first + second, 4), np.uint8)
    halves = frames_of_array("a", images[:first]), frames_of_array("b", images[first:])
    whole = frames_of_array(splice(*halves).name, images)
    assert splice(*halves).sha256() == whole.sha256()


def test_the_same_sources_that_meet_elsewhere_have_another_hash():
    def meeting_at(count):
        return splice(stream("a", count, 0, source="x"), stream("b", 8 - count, 1, source="y")).sha256()

    assert meeting_at(3) == meeting_at(3)
    assert meeting_at(3) != meeting_at(4)


def test_what_only_one_side_knows_is_not_kept():
    spliced = splice(stream("a", 2, 0, source="x"), stream("b", 2, 1, labels=False))
    assert spliced.labels is None
    assert spliced.source is None


def test_warnings_of_both_are_passed_on():
    a, b = stream("a", 2, 0), stream("b", 2, 1)
    assert splice(replace(a, warnings=("cut off",)), replace(b, warnings=("damaged",))).warnings == (
        "cut off",
        "damaged",
    )


def test_frames_of_two_sizes_cannot_be_spliced():
    with pytest.raises(WorkloadError, match=r"'a' are 3 x 2 .* 'b' 6; .* give both the same size"):
        splice(stream("a", 2, 0), frames_of_array("b", np.zeros((2, 6), np.uint8)))

"""The paper's counting conventions, to the digit."""

from __future__ import annotations

import numpy as np
import pytest

from hwmodels.prices import conventions as c

MNIST = (784, 200, 200, 10)
NNZ = np.array([[100, 50, 20], [0, 0, 0], [784, 200, 200]])
L1 = np.array([[150, 60, 20], [0, 0, 0], [1000, 300, 250]])


def test_dense_network_of_the_paper() -> None:
    assert c.macs(MNIST) == 198_800
    assert c.eq22_dense(MNIST) == 397_600
    assert c.code_dense(MNIST) == 397_190


def test_dense_energy_of_the_paper() -> None:
    assert c.dense_int32_aj(c.code_dense(MNIST)) == 635_504_000_000  # 635.504 nJ, printed as 636
    assert c.dense_int32_aj(c.eq22_dense(MNIST)) == 636_160_000_000  # 636.16 nJ
    assert c.dense_float32_aj(c.eq22_dense(MNIST)) == 914_480_000_000
    assert f"{c.dense_int32_aj(c.code_dense(MNIST)) / 1e9:.3g}" == "636"


def test_break_even_of_adds_with_the_dense_network() -> None:
    assert c.adds_int32_aj(16 * c.eq22_dense(MNIST)) == c.dense_int32_aj(c.eq22_dense(MNIST))
    assert c.adds_float32_aj(10) == 9_000_000


def test_counts_per_frame() -> None:
    sparse = [2 * (100 * 200 + 50 * 200 + 20 * 10), 0, 397_600]
    adds = [150 * 200 + 60 * 200 + 20 * 10, 0, 1000 * 200 + 300 * 200 + 250 * 10]
    assert c.eq23_sparse(MNIST, NNZ).tolist() == sparse
    assert c.eq24_rounding(MNIST, L1).tolist() == [adds[0] + 410, 410, adds[2] + 410]
    assert c.eq25_sigma_delta(MNIST, L1).tolist() == adds
    assert c.code_adds(MNIST, L1).tolist() == adds
    assert c.code_multiplyadds(MNIST, NNZ).tolist() == sparse
    assert c.code_sparse(MNIST, NNZ) == sum(sparse) - 410


def test_conventions_by_name_count_all_frames() -> None:
    operations = {name: each.operations(MNIST, NNZ, L1) for name, each in c.CONVENTIONS.items()}
    assert operations == {
        "eq22_dense": 3 * 397_600,
        "code_dense": 3 * 397_190,
        "eq23_sparse": 458_000,
        "code_sparse": 457_590,
        "eq24_rounding": 305_930,
        "eq25_sigma_delta": 304_700,
        "code_adds": 304_700,
        "code_multiplyadds": 458_000,
    }
    assert c.CONVENTIONS["code_adds"].energy_aj(304_700) == 30_470_000_000


def test_a_wrong_shape_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected an array \(frames, 3\) for layers .* not \(3, 2\)"):
        c.eq23_sparse(MNIST, NNZ[:, :2])

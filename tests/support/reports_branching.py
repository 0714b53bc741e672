"""A run of a branching network on colour frames without labels, its values drawn at random from a fixed seed.

The layers are those of SqueezeNet: in every block one core sends to two, which both send to the next block.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from reports_example import MESH

from hwmodels import load_accelerator
from hwmodels.records import COLUMNS
from reports import Chunk, open_partial

MODES = ("original", "rounding", "sigma_delta")
NEURONS = 64
PS = 1000


def layers(blocks: int, classes: int) -> list[dict[str, Any]]:
    """layers.json: input, a convolution, `blocks` blocks of three cores, and a last convolution."""
    senders: list[list[int]] = [[], [0]]
    names, last = ["input", "conv1"], [1]
    for block in range(2, blocks + 2):
        squeeze = len(names)
        names += [f"fire{block}.{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3")]
        senders += [last, [squeeze], [squeeze]]
        last = [squeeze + 1, squeeze + 2]
    names.append("conv10")
    senders.append(last)
    shapes = [[4, 4, NEURONS // 16]] * (len(names) - 1) + [[1, 1, classes]]
    return [
        {
            "core": core,
            "layer": name,
            "neurons": int(np.prod(shape)),
            "fan_out": None if core % 2 else 36,
            "senders": sent,
            "shape": shape,
            "sent_shape": shape,
        }
        for core, (name, sent, shape) in enumerate(zip(names, senders, shapes, strict=True))
    ]


def values(frames: int, cores: int, seed: int = 1) -> NDArray[np.int64]:
    """(frames, cores, NEURONS) integers, of which few change from frame to frame: the more, the higher the core. The
    last core is read out and sends none.
    """
    random = np.random.default_rng(seed)
    result = np.zeros((frames, cores, NEURONS), np.int64)
    now = random.integers(0, 16, (cores, NEURONS))
    for frame in range(frames):
        changed = random.random((cores, NEURONS)) < (0.05 + 0.5 * np.arange(cores)[:, None] / cores)
        now = np.where(changed, random.integers(0, 16, (cores, NEURONS)), now)
        result[frame, :-1] = now[:-1]
    return result


def make_branching_run(
    path: Path,
    *,
    frames: int = 30,
    blocks: int = 2,
    names: Sequence[str] = tuple(f"class number {number}" for number in range(12)),
    pictures: NDArray[np.uint8] | None = None,
    **more: Any,
) -> Path:
    """Write the run to `path`; `more` goes into its manifest. Every seventh frame gets another answer than the
    original's.
    """
    entries = layers(blocks, len(names))
    s = values(frames, len(entries))
    partial, chunks = open_partial(path, "a" * 64), {}
    for mode in MODES:
        right = np.arange(frames) // 10 % len(names)
        answers = right if mode == "original" else (right + (np.arange(frames) % 7 == 3)) % len(names)
        outputs = (
            100 - (np.arange(len(names)) - right[:, None]) % len(names) + 1000 * np.eye(len(names), dtype=int)[answers]
        )
        chunks[mode] = Chunk(_counts(mode, s, entries), outputs)
    partial.add_chunk(0, chunks, {"next": np.array(frames)})
    if pictures is None:
        pictures = np.random.default_rng(2).integers(0, 256, (frames, 24, 32, 3), dtype=np.uint8)
    accelerator = load_accelerator("horowitz-45nm").model_dump(mode="json", by_alias=True)
    accelerator["mesh"] |= {"columns": 8, "rows": 8}
    description = {"name": "branching", "modes": list(MODES), "classes": list(names), **more}
    return partial.finish(
        description, "name: branching\n", accelerator, entries, None, pictures, mesh={**MESH, "columns": 8, "rows": 8}
    )


def _counts(mode: str, s: NDArray[np.int64], entries: list[dict[str, Any]]) -> dict[str, NDArray[np.int64]]:
    """What the values cost: one unit event reaches 36 neurons of every core that gets it."""
    frames, cores = s.shape[:2]
    before = np.concatenate([np.zeros_like(s[:1]), s[:-1]])
    sent = np.abs(s - before) if mode == "sigma_delta" else s
    table = {name: np.zeros((frames, cores), np.int64) for name in COLUMNS}
    table["nonzero"] = table["values_out"] = (sent != 0).sum(axis=2)
    table["l1_out"] = table["messages_out"] = sent.sum(axis=2)
    for core, entry in enumerate(entries):
        table["messages_in"][:, core] = table["l1_out"][:, entry["senders"]].sum(axis=1)
    table["adds"] = table["messages_in"] * 36
    table["multiplies"] = table["adds"] * (mode == "original")
    if mode == "sigma_delta":
        norm, norm_before = s.sum(axis=2), before.sum(axis=2)
        apart = np.abs(s * norm_before[..., None] - before * norm[..., None])
        table["s_l1"], table["s_square"], table["s_product"] = norm, (s * s).sum(axis=2), (s * before).sum(axis=2)
        table["s_distance"] = apart.sum(axis=2)
    _add_times(table)
    index = np.indices((frames, cores))
    return {
        name: np.ascontiguousarray(column.reshape(-1))
        for name, column in {"frame": index[0], "core": index[1], **table}.items()
    }


def _add_times(table: dict[str, NDArray[np.int64]]) -> None:
    """Core after core serves for 1 ps a message and then sends for 2 ps a message; frames follow one another."""
    serve, send = table["messages_in"] * PS, table["messages_out"] * 2 * PS
    ends = np.cumsum((serve + send).reshape(-1)).reshape(serve.shape)
    table["serve_busy_fs"], table["update_busy_fs"], table["update_end_fs"] = serve, send, ends
    table["update_start_fs"] = table["serve_end_fs"] = ends - send
    table["serve_first_fs"] = ends - send - serve
    table["starved_fs"] = np.diff(ends, axis=0, prepend=0) - serve - send

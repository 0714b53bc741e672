"""The chip of a file: links, routers, off-chip memory; a file that says nothing of them means what it did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwmodels import Accelerator, Chip, ConfigError, chip_of, load_accelerator

HEAD = "schema: deltasim/accelerator/1\nextends: horowitz-45nm\n"


def chip(text: str, folder: Path, head: str = HEAD) -> Chip:
    path = folder / "my.yaml"
    path.write_text(head + text)
    return chip_of(load_accelerator(path))


def test_a_file_that_says_nothing_of_it_has_what_it_had(tmp_path: Path) -> None:
    plain = chip("", tmp_path)
    assert (plain.shared_links, plain.router_depth, plain.multicast) == (False, None, False)
    assert (plain.stream_word_bits, plain.stream_word_fs, plain.stream_latency_fs) == (0, 0, 0)
    written = "mesh: {links: private, queue_depth: unlimited, multicast: false}\noff_chip: {holds_weights: false}\n"
    assert chip(written, tmp_path) == plain


def test_an_accelerator_of_an_older_run_is_read_as_it_was(tmp_path: Path) -> None:
    own = load_accelerator("horowitz-45nm")
    record = json.loads(own.model_dump_json(by_alias=True))
    new = {
        "mesh": ("links", "queue_depth", "multicast"),
        "off_chip": ("holds_weights", "latency"),
        "leakage": ("unused_core_mw",),
        "core": ("idle_mw", "logic_mm2"),
    }
    for part, names in new.items():
        for name in names:
            del record[part][name]
    del record["area"]
    assert Accelerator.model_validate(record) == own
    (tmp_path / "accelerator.json").write_text(json.dumps(record))
    assert load_accelerator(tmp_path / "accelerator.json") == own


def test_shared_links_and_their_routers(tmp_path: Path) -> None:
    shared = chip("mesh: {links: shared, queue_depth: 4, multicast: true}\n", tmp_path)
    assert (shared.shared_links, shared.router_depth, shared.multicast) == (True, 4, True)
    assert chip("mesh: {links: shared}\n", tmp_path).router_depth is None
    assert chip("mesh: {links: shared, queue_depth: unlimited}\n", tmp_path).router_depth is None


def test_weights_from_off_chip_memory(tmp_path: Path) -> None:
    streams = chip("off_chip: {holds_weights: true, latency: 30 cycles}\n", tmp_path)
    assert (streams.stream_word_bits, streams.stream_word_fs, streams.stream_latency_fs) == (64, 625_000, 60_000_000)
    assert (streams.frame_word_bits, streams.frame_word_fs) == (64, 625_000)
    only = chip("off_chip: {holds_weights: true, holds_frames: false}\n", tmp_path)
    assert (only.frame_word_bits, only.stream_word_bits, only.stream_latency_fs) == (0, 64, 0)
    assert chip("off_chip: {latency: 30 ns}\n", tmp_path).stream_latency_fs == 0


def test_private_links_under_a_file_with_shared_ones_say_what_to_change(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(HEAD + "mesh: {links: shared, queue_depth: 4}\n")
    head = "schema: deltasim/accelerator/1\nextends: base.yaml\n"
    with pytest.raises(ConfigError) as wrong:
        chip("mesh: {links: private}\n", tmp_path, head)
    (problem,) = wrong.value.problems
    assert (problem.line, problem.field, problem.value) == (3, "mesh.links", "private")
    assert "or mesh.queue_depth to 'unlimited'" in problem.message
    assert not chip("mesh: {links: private, queue_depth: unlimited}\n", tmp_path, head).shared_links


def test_a_named_core_has_an_idle_power_of_its_own_or_that_of_the_default_core(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(
        f"{HEAD}core: {{idle_mw: 2}}\ncores: [{{name: a, count: 1, idle_mw: 5 uW}}, {{name: b, count: 1}}]\n"
    )
    own = load_accelerator(path)
    assert [kind.idle_mw and kind.idle_mw.value for kind in own.cores] == [5000, 2_000_000]
    rows = {row.path: (row.value, row.status) for row in own.provenance if row.path.endswith("idle_mw")}
    assert rows == {"core.idle_mw": ("2 mW", "not given"), "cores[0].idle_mw": ("5 uW", "not given")}

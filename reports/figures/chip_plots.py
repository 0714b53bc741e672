"""The figures of a run's chip: cores in their places, links between tiles, and where time goes core by core."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from reports.dashboard.page import Plot
from reports.figures import captions, layers
from reports.figures.chip_plan import Cell, Shade, Strip, floor_plan, link_map, names_by_tile
from reports.figures.names import literal
from reports.figures.theme import core_name, network_name
from reports.figures.timeline import timeline
from reports.figures.treemap import energy_treemap
from reports.figures.waterfall import waterfall
from reports.run.finished import Run
from reports.run.mesh import SHARED
from reports.run.parts import memories_of
from reports.run.records import CoreRecord
from reports.tables.headline import baseline_mode, focus_mode
from reports.tables.numbers import count, memory, percent, quantity
from reports.tables.phases import phases_table, pieces_table
from reports.tables.summary import STALLS, frame_limits_fs
from reports.tables.waterfall import waterfall_table

_TIMELINE_FRAMES: Final = 3
_MOST_PIECES: Final = 4000
"""A timeline has at most so many exact pieces of work and waiting: browsers become slow with more."""
MOST_LANES: Final = 40
"""With more cores than this, shares of time are those of layers."""


def two_modes(run: Run) -> list[str]:
    """The network the page is about, and the one beside it."""
    return [mode for mode in (focus_mode(run), baseline_mode(run)) if mode is not None]


def energy_plots(run: Run) -> list[Plot]:
    """Energy as areas."""
    maps = {network_name(mode): energy_treemap(run.energy, mode, run.frame_count) for mode in run.modes}
    return [Plot("energy-treemap", captions.CAPTIONS["energy-treemap"], maps, first=network_name(focus_mode(run)))]


def chip_plots(run: Run) -> list[Plot]:
    """The floor plan, and the links if any is used."""
    if any(entry.get("column") is None for entry in run.parts):
        return []
    plots = [Plot("floor-plan", captions.CAPTIONS["floor-plan"], _floor_plans(run), choose="Colour")]
    if run.mesh["used_links"]:
        caption = captions.CAPTIONS["link-map"]
        caption += captions.SHARED_LINKS if run.mesh["links"] == SHARED else captions.PRIVATE_LINKS
        plots.append(Plot("link-map", caption, _link_maps(run), choose="Colour"))
    return plots


def _floor_plans(run: Run) -> dict[str, go.Figure]:
    shades = {
        "energy": Shade("energy per frame (J)", suffix="J"),
        "utilisation": Shade("share of time at work (%)", tickformat=".3~r", suffix="%"),
        "traffic": Shade("messages in and out per frame"),
    }
    return {
        f"{what}, {network_name(mode)}": floor_plan(run.mesh, _cells(run, mode, what), shade)
        for mode in two_modes(run)
        for what, shade in shades.items()
    }


def _cells(run: Run, mode: str, what: str) -> list[Cell]:
    cells = []
    for core in run.cores[run.cores["mode"] == mode].to_dict("records"):
        value, text = _value(core, what, run.frame_count)
        slot = int(core["position"]) % int(run.mesh["cores_per_tile"])
        cells.append(
            Cell(int(core["column"]), int(core["row"]), slot, value, (str(core["name"]), text), _core_hover(run, core))
        )
    return cells


def _value(core: dict[Any, Any], what: str, frames: int) -> tuple[float, str]:
    if what == "energy":
        joules = core["total_all_frames_pj"] * 1e-12 / frames
        return joules, quantity(joules, "J")
    if what == "utilisation":
        return core["utilisation"] * 100, percent(core["utilisation"] * 100, 1)
    messages = (core["messages_all_frames"] + core["messages_in_all_frames"]) / frames
    return messages, quantity(messages, "")


def _core_hover(run: Run, core: dict[Any, Any]) -> str:
    entry, frames = run.parts[int(core["core"])], run.frame_count
    waits = [f"{name} {core[f'{name}_share']:.1%}" for name in STALLS if core[f"{name}_share"]]
    lines = [
        core_name(int(core["core"]), str(core["name"])),
        f"position {core['position']}, tile ({core['column']}, {core['row']}), kind {core['kind'] or 'core'}",
        *([f"part {core['part']}, one of {core['parts']} of layer {core['layer']}"] if core["parts"] > 1 else []),
        f"{quantity(core['total_all_frames_pj'] * 1e-12 / frames, 'J')} per frame",
        f"at work {core['utilisation']:.2%} of the time",
        f"waits: {', '.join(waits)}" if waits else "never waits",
        f"serves {count(core['messages_in_all_frames'] / frames)} and sends "
        f"{count(core['messages_all_frames'] / frames)} messages per frame",
        f"at most {count(core['queue_peak'])} messages in its queue",
        *_memory_lines(entry),
    ]
    return "<br>".join(literal(line) for line in lines)


def _memory_lines(entry: CoreRecord) -> list[str]:
    """What its memories hold of what they could."""
    lines = []
    for each in memories_of(entry):
        if each.held_kib is not None:
            of = "unlimited" if each.capacity_kib is None else memory(each.capacity_kib)
            streamed = ", read from off-chip memory" if each.streamed else ""
            lines.append(f"{each.name} memory: {memory(each.held_kib)} of {of}{streamed}")
    return lines


def _link_maps(run: Run) -> dict[str, go.Figure]:
    shades = {
        "utilisation": Shade("share of time busy (%)", tickformat=".3~r", suffix="%"),
        "flits": Shade("flits per frame"),
        "waiting": Shade("waiting for the link, per frame (s)", suffix="s"),
    }
    if run.mesh["links"] != SHARED:
        del shades["waiting"]
    tiles = names_by_tile(run.cores[run.cores["mode"] == run.modes[0]])
    return {
        f"{what}, {network_name(mode)}": link_map(run.mesh, _strips(run, mode, what), tiles, shade)
        for mode in two_modes(run)
        for what, shade in shades.items()
    }


def _strips(run: Run, mode: str, what: str) -> list[Strip]:
    """All links of the mesh; those without traffic have no value."""
    strips = {}
    columns, rows = int(run.mesh["columns"]), int(run.mesh["rows"])
    for x in range(columns):
        for y in range(rows):
            for end in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if 0 <= end[0] < columns and 0 <= end[1] < rows:
                    strips[(x, y), end] = Strip((x, y), end, None, "")
    for link in run.links[run.links["mode"] == mode].to_dict("records"):
        begin, end = ((int(link[f"{each}_column"]), int(link[f"{each}_row"])) for each in ("from", "to"))
        value = {
            "utilisation": link["utilisation"] * 100,
            "flits": link["flits_all_frames"] / run.frame_count,
            "waiting": link["wait_all_frames_fs"] * 1e-15 / run.frame_count,
        }[what]
        strips[begin, end] = Strip(begin, end, value, _link_hover(run, link))
    return list(strips.values())


def _link_hover(run: Run, link: dict[Any, Any]) -> str:
    frames, messages = run.frame_count, int(link["messages_all_frames"])
    lines = [
        f"link {link['name']}",
        f"busy {link['utilisation']:.2%} of the time, {link['utilisation_peak']:.2%} in its busiest frame",
        f"{count(messages / frames)} messages and {count(link['flits_all_frames'] / frames)} flits per frame",
    ]
    if run.mesh["links"] == SHARED:
        waited_s = link["wait_all_frames_fs"] * 1e-15
        each = f", {quantity(waited_s / messages, 's')} a message" if messages else ""
        lines.append(f"messages waited for it {quantity(waited_s / frames, 's')} per frame in all{each}")
        lines.append(f"at most {count(link['queue_peak'])} messages in a buffer before it")
    return "<br>".join(lines)


def time_plots(run: Run) -> list[Plot]:
    """What every core does when; where the latency of a frame comes from; shares of time and queues."""
    depths = [
        min(run.chip.cores[run.positions[core]].queue_depth for core in run.layout.cores_of(layer))
        for layer in range(len(run.layout.layers))
    ]
    by_core = run.layout.count <= MOST_LANES
    names = (
        [core_name(core, name) for core, name in enumerate(run.layout.names)] if by_core else list(run.layout.layers)
    )
    table = run.cores if by_core else run.layers
    shares = {network_name(mode): layers.time_shares(table, mode, names) for mode in run.modes}
    note = captions.EXACT_TIMELINE if run.has_messages else captions.COARSE_TIMELINE
    of_layers = "" if by_core else captions.SHARES_OF_LAYERS
    exact = "" if run.has_messages else captions.COARSE_WATERFALL
    return [
        Plot("timeline", f"{captions.CAPTIONS['timeline']} {note}", _timelines(run), choose="Frames"),
        Plot("waterfall", captions.CAPTIONS["waterfall"] + exact, _waterfalls(run), choose="Frame"),
        Plot("time-shares", captions.CAPTIONS["time-shares"] + of_layers, shares, first=network_name(focus_mode(run))),
        Plot("queue-peaks", captions.CAPTIONS["queue-peaks"], {"": layers.queue_peaks(run.layers, depths)}),
    ]


def _timelines(run: Run) -> dict[str, go.Figure]:
    """The first frames, and frames from the middle of the run, of the focus and of its baseline."""
    starts = sorted({0, run.frame_count // 2} if run.frame_count >= 2 * _TIMELINE_FRAMES else {0})
    names = [core_name(core, name) for core, name in enumerate(run.layout.names)]
    held = [run.layout.layers[layer] for layer in run.layout.layer] if run.layout.is_split else None
    result = {}
    for mode in two_modes(run):
        counts = run.counts[run.counts["mode"] == mode]
        for first in starts:
            last, pieces = _drawable(run, counts, mode, first)
            begin, end = run.frame_numbers[[first, last]]
            title = f"{network_name(mode)}, {begin} to {end}"
            result[title] = timeline(run.numbered(pieces), int(begin), names, held)
    return result


def _drawable(run: Run, counts: pd.DataFrame, mode: str, first: int) -> tuple[int, pd.DataFrame]:
    """The last frame of a timeline that starts with frame `first`, and its pieces: as exact as a browser can draw."""
    end = min(first + _TIMELINE_FRAMES, run.frame_count) - 1
    if run.has_messages:
        for last in range(end, first - 1, -1):
            pieces = pieces_table(phases_table(counts, first, last), run.messages_of(mode, first, last))
            if len(pieces) <= _MOST_PIECES:
                return last, pieces
    return end, phases_table(counts, first, end)


def _waterfalls(run: Run) -> dict[str, go.Figure]:
    """The first, a median and the slowest frame of the focus, and a median one of its baseline."""
    result = {}
    for mode in two_modes(run):
        order = (
            run.frames.loc[run.frames["mode"] == mode, "latency_ns"].reset_index(drop=True).sort_values(kind="stable")
        )
        median, slowest = int(order.index[(len(order) - 1) // 2]), int(order.index[-1])
        chosen = {"first": 0, "median": median, "slowest": slowest} if mode == focus_mode(run) else {"median": median}
        for what, frame in chosen.items():
            title = f"{network_name(mode)}, {what}: {run.frame_numbers[frame]}"
            result[title] = waterfall(frame_waterfall(run, mode, frame))
    return result


def frame_waterfall(run: Run, mode: str, frame: int) -> pd.DataFrame:
    """Where the latency of one frame comes from; see `reports.tables.waterfall.waterfall_table`."""
    counts = run.counts[(run.counts["mode"] == mode) & (run.counts["frame"] == frame)]
    arrival_fs = int(frame_limits_fs(counts, run.layout, run.interval_fs)[0][0])
    messages = run.messages_of(mode, frame, frame) if run.has_messages else None
    return waterfall_table(counts, run.layout, run.core_senders, arrival_fs, messages)

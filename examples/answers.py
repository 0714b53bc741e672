"""The tables of docs/answers.md, measured anew: where energy goes, what the mesh and full queues cost, when deltas pay.

python examples/answers.py energy
python examples/answers.py cores        # the longest, a minute
python examples/answers.py queues
python examples/answers.py deltas
"""

import argparse
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import deltasim as ds

TILED = Path(__file__).parent / "tiled-array.yaml"
NEVER_FULL = 4096  # messages in a core's queue: more than wait in any
FIT = ds.MappingChoice()
IDEAL: dict[str, object] = {"links": "private", "queue_depth": "unlimited"}
LAYERS = ("input", "layer1", "layer2", "layer3")
SPLITS = ((1, 1, 1, 1), (1, 5, 1, 1), (1, 12, 2, 1), (4, 12, 4, 1), (7, 25, 8, 2), (7, 50, 8, 2), (14, 100, 8, 2),
          (28, 200, 8, 2))  # fmt: skip
PAIRS = (("rounding", "sigma_delta"), ("original_sparse", "temporal_difference"))


def with_part(chip: ds.Accelerator, part: str, **values: object) -> ds.Accelerator:
    """The chip with other values in `mesh` or `core`."""
    return chip.model_copy(update={part: getattr(chip, part).model_copy(update=values)})


@cache
def bundled_network(accumulator_bits: int) -> ds.QuantisedNetwork:
    """784-200-200-10 at 7 levels, as the bundled experiment."""
    train = ds.frames("mnist", split="train", frames="0:1000").read(0, 1000)
    precision = ds.Quantisation(levels=7, accumulator_bits=accumulator_bits)
    return ds.quantise(ds.load_network("mnist-784-200-200-10"), train, precision)


def simulate(
    chip: ds.Accelerator,
    frames: ds.Frames | NDArray[np.uint8],
    modes: Sequence[str] | None = None,
    mapping: ds.MappingChoice = FIT,
    arrival: Literal["serial", "pipelined"] = "serial",
) -> ds.Run:
    """A run of the bundled network, in memory."""
    network = bundled_network(chip.precision.accumulator_bits)
    return ds.simulate(network, frames, chip, modes=modes, mapping=mapping, arrival=arrival)


def by_hand(split: Sequence[int]) -> ds.MappingChoice:
    """So many cores for each layer, in mesh order: the input is cut into rows, layers into channels."""
    ends = np.cumsum([0, *split])
    layers = {name: {"cores": [*range(*ends[n : n + 2])]} for n, name in enumerate(LAYERS)}
    return ds.MappingChoice(layers={**layers, "input": {**layers["input"], "rows": split[0]}})


def ns_a_frame(run: ds.Run, column: str | None = None) -> float:
    """Time per frame until the last is out; or, of all cores together, the time in a column of the counts."""
    counts = run.counts
    return float(counts["update_end_fs"].max() if column is None else counts[column].sum()) / run.frame_count / 1e6


def energy(frames: int, rows: int) -> None:
    """Shares of the energy by component, on four chips."""
    parts = ("arithmetic", "weight memory", "state memory", "off-chip memory", "leakage")
    table = []
    for name in ("horowitz-45nm", "jouppi-7nm", TILED, "loihi1-davies2018")[:rows]:
        run = simulate(ds.load_accelerator(name), ds.frames("temporal-mnist", frames=f"0:{frames}"))
        for mode in [mode for mode in ("original", "sigma_delta") if mode in run.modes]:
            own = run.energy[run.energy["mode"] == mode]
            pj = own.groupby("component", observed=True)["energy_all_frames_pj"].sum()
            shares = [pj[part] / pj.sum() for part in parts]
            nj = f"{pj.sum() / frames / 1e3:,.1f}"
            table.append([run.accelerator.name, mode, nj, *(f"{x:.1%}" for x in [*shares, 1 - sum(shares)])])
    show(["chip", "network", "nJ a frame", *parts, "messages, neurons"], table)


def cores(frames: int, rows: int) -> None:
    """Split by hand over more and more cores: ideal mesh, shared links, narrow ones, no multicast. Then `balance`."""
    chip, stream = ds.load_accelerator(TILED), ds.frames("temporal-mnist", frames=f"0:{frames}")
    meshes: tuple[dict[str, object], ...] = (IDEAL, {}, {"link_bits": 16}, {"multicast": False})
    table = []
    for split in SPLITS[:rows]:
        chips = [with_part(chip, "mesh", **mesh) for mesh in meshes]
        runs = [simulate(each, stream, ["sigma_delta"], by_hand(split), "pipelined") for each in chips]
        links = [f"{run.links['utilisation'].max():.0%}" for run in runs[1:]]
        table.append([sum(split), " + ".join(map(str, split)), *(f"{ns_a_frame(run):,.0f}" for run in runs), *links])
    kinds = ("64 bits", "16 bits", "copies")
    titles = ["ideal, ns", *(f"{kind}, ns" for kind in kinds), *(f"link, {kind}" for kind in kinds)]
    show(["cores", "split", *titles], table)
    table = []
    for most in (4, 8, 16, 64, 256)[:rows]:
        choice = ds.MappingChoice(strategy="balance", cores=most)
        run = simulate(chip, stream, ["sigma_delta"], choice, "pipelined")
        parts = " + ".join(str(part["parts"]) for part in run.parts if part["part"] == 0)
        busiest = run.cores.nlargest(1, "utilisation")[["name", "utilisation"]].to_numpy()[0]
        nj = run.summary()["total_pj"].iloc[0] / 1e3
        table.append([most, parts, f"{ns_a_frame(run):,.0f}", f"{busiest[0]}, {busiest[1]:.0%}", f"{nj:,.0f}"])
    show(["balance, cores at most", "split", "ns a frame", "busiest core", "nJ a frame"], table)


def queues(frames: int, rows: int) -> None:
    """Deeper queues of cores, then deeper buffers in routers; on one core a layer, and on many."""
    chip, stream = ds.load_accelerator(TILED), ds.frames("temporal-mnist", frames=f"0:{frames}")
    variants = [(str(depth), "8", with_part(chip, "core", queue_depth=depth)) for depth in (1, 2, 4, 16, 32, 64)]
    variants += [("never full", "8", with_part(chip, "core", queue_depth=NEVER_FULL))]
    variants += [("64", str(each), with_part(chip, "mesh", queue_depth=each)) for each in (1, 2, 4, 16, "unlimited")]
    variants += [("64", "ideal mesh", with_part(chip, "mesh", **IDEAL))]
    titles = ("queue", "router", "ns a frame", "latency", "blocked: queue", "blocked: injection", "in routers")
    for split in (SPLITS[0], SPLITS[5], SPLITS[6])[:rows]:
        table = []
        for depth, router, changed in variants:
            run = simulate(changed, stream, ["sigma_delta"], by_hand(split), "pipelined")
            latency = run.summary()["latency_ns"].iloc[0]
            blocked = [ns_a_frame(run, f"blocked_{cause}_fs") for cause in ("queue", "injection")]
            others = (latency, *blocked, float(run.links["wait_all_frames_fs"].sum()) / frames / 1e6)
            table.append([depth, router, f"{ns_a_frame(run):,.1f}", *(f"{ns:,.0f}" for ns in others)])
        print(f"on {sum(split)} cores, ns\n")
        show(titles, table)


def deltas(frames: int, rows: int) -> None:
    """Delta networks over the frame-by-frame ones with the same integers, while more and more frames stand still."""
    shuffled = ds.frames("shuffled-mnist", seed=1, frames=f"0:{frames}").read(0, frames)
    streams = [("temporal-mnist", ds.frames("temporal-mnist", frames=f"0:{frames}").read(0, frames))]
    still = np.random.default_rng(0).random(frames)
    for share in (0.0, 0.25, 0.3, 0.35, 0.5, 0.9):
        shown = np.maximum.accumulate(np.where(still < share, 0, np.arange(frames)))
        streams.append((f"shuffled-mnist, {share:.0%} repeated", shuffled[shown]))
    for name in ("horowitz-45nm", TILED, "seneca-22nm")[:rows]:
        chip, table = ds.load_accelerator(name), []
        for stream, pixels in streams:
            run = simulate(chip, pixels)
            summary = run.summary().set_index("mode")
            sums = run.counts.groupby("mode", observed=True).sum(numeric_only=True)
            sums["state"] = sums["state_reads"] + sums["state_writes"]
            row: list[object] = [stream]
            for whole, changes in PAIRS:
                ratios = [sums[column][changes] / sums[column][whole] for column in ("messages_out", "adds", "state")]
                ratios += [summary[column][changes] / summary[column][whole] for column in ("total_pj", "latency_ns")]
                row += [f"{ratio:.2f}" for ratio in ratios]
            table.append(row)
        print(f"{chip.name}\n")
        what = ("messages", "adds", "state accesses", "energy", "latency")
        show(["frames", *(f"{short} {each}" for short in ("sd:", "td:") for each in what)], table)


def show(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    for row in (titles, ["---"] + ["---:"] * (len(titles) - 1), *rows):
        print("| " + " | ".join(map(str, row)) + " |")
    print()


QUESTIONS = {"energy": energy, "cores": cores, "queues": queues, "deltas": deltas}


def main(given: Sequence[str] | None = None) -> None:
    """Answer one question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rows", type=int, default=9, help="of each sweep only the first so many")
    options = parser.parse_args(given)
    QUESTIONS[options.question](options.frames, options.rows)


if __name__ == "__main__":
    main()

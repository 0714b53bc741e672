"""`deltasim map`: which cores a network's layers run on, before anything is simulated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import typer

from deltasim.cli.options import AcceleratorName, InputShape, Json, NetworkName, NormalisationName, OutputName, What

if TYPE_CHECKING:
    from deltasim.experiment.files import Experiment
    from deltasim.experiment.job import Job

FS_PER_US = 10**9
BITS_PER_KIB = 8192

StrategyName = Annotated[
    Literal["fit", "balance"] | None,
    typer.Option(
        help="fit: as few cores as hold the layers; balance: more for the slowest. [default: the experiment's]"
    ),
]
Most = Annotated[int | None, typer.Option("--cores", min=1, metavar="N", help="At most N cores.")]
Target = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="Also write the experiment with this mapping written out in full."
    ),
]


def map_(
    experiment: What = None,
    strategy: StrategyName = None,
    cores: Most = None,
    accelerator: AcceleratorName = None,
    network: NetworkName = None,
    output: OutputName = None,
    input_shape: InputShape = None,
    normalisation: NormalisationName = None,
    out: Target = None,
    json: Json = False,
) -> None:
    """Show which cores the layers of an experiment run on, what these hold, and how busy a dense frame makes them.

    With --out the mapping can be changed by hand: every layer has its cores (numbers in mesh order) and its cuts.
    """
    from deltasim.api import job_of
    from deltasim.cli.overlay import with_options
    from deltasim.cli.progress import status_line
    from deltasim.cli.show import print_json
    from deltasim.experiment.files import experiment_of
    from deltasim.experiment.mapping_choice import MappingChoice
    from hwmodels import chip_of
    from reports.run.atomic import replace_text
    from simulator.placement.placing import traffic

    chosen, folder = experiment_of(experiment)
    chosen = with_options(
        chosen,
        accelerator=accelerator,
        network=network,
        output=output,
        input_shape=input_shape,
        normalisation=normalisation,
    )
    if strategy is not None or cores is not None:
        choice = MappingChoice(strategy=strategy or chosen.mapping.strategy, cores=cores or chosen.mapping.cores)
        chosen = chosen.model_copy(update={"mapping": choice})
    with status_line(f"loading {chosen.network} and frames") as say:
        job = job_of(chosen, folder, say=say)
    rows = _rows(job)
    hops = traffic(job.network.either, chip_of(job.accelerator), job.mapping)
    if out is not None:
        replace_text(out, _written_out(chosen, folder, job))
    if json:
        print_json({"layers": rows, "cores": len(job.plans[0].cores), "dense_flit_hops": hops})
        return
    _print(job, rows, hops)
    if out is not None:
        print(f"Experiment: {out.absolute()}")  # noqa: T201


class MappedLayer(TypedDict):
    """A layer in the JSON: its cores, its cut, the fullest memories and the busiest core."""

    layer: str
    cores: list[int]
    rows: int
    channels: int
    weight_kib: float
    state_kib: float
    streams_weights: bool
    load_us: float


def _rows(job: Job) -> list[MappedLayer]:
    """One row per layer: its cores, its cut, the fullest memories and the busiest core."""
    from hwmodels import chip_of
    from simulator.placement.loads import core_loads_fs

    plan, loads = job.plans[0], core_loads_fs(job.network.either, chip_of(job.accelerator), job.mapping)
    rows: list[MappedLayer] = []
    for placement, layer, load in zip(job.mapping, plan.layers, loads, strict=True):
        own = [core for each in job.plans for core in each.cores[slice(*layer.cores)]]
        rows.append(
            {
                "layer": placement.layer,
                "cores": list(placement.cores),
                "rows": placement.rows,
                "channels": placement.channels,
                "weight_kib": max(core.weight_memory_bits for core in own) / BITS_PER_KIB,
                "state_kib": max(core.state_memory_bits for core in own) / BITS_PER_KIB,
                "streams_weights": any(core.streams for core in own),
                "load_us": max(load) / FS_PER_US,
            }
        )
    return rows


def _print(job: Job, rows: list[MappedLayer], hops: int) -> None:
    from rich.table import Table

    from deltasim.cli.terminal import plain_console
    from hwmodels import chip_of

    chip = chip_of(job.accelerator)
    title = f"{job.network.either.name} on {chip.name}: {len(job.plans[0].cores)} of {len(chip.cores)} cores"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("layer", "cores", "cut", "weights KiB", "state KiB", "dense frame us"):
        table.add_column(name, justify="left" if name in {"layer", "cores", "cut"} else "right")
    for row in rows:
        weights = f"{row['weight_kib']:,.1f}" + (" off-chip" if row["streams_weights"] else "")
        cut = "" if len(row["cores"]) == 1 else f"{row['rows']} x {row['channels']}"
        table.add_row(
            row["layer"], _ranges(row["cores"]), cut, weights, f"{row['state_kib']:,.1f}", f"{row['load_us']:,.1f}"
        )
    console = plain_console()
    console.print(table)
    console.print(
        "cut: bands of rows x ranges of channels; memory of the fullest core, time of the busiest one if every value "
        f"is sent; {hops:,} flit-hops a dense frame",
        highlight=False,
    )


def _ranges(cores: list[int]) -> str:
    """Core numbers, runs of neighbours joined: 3-6, 9."""
    text, first = [], 0
    for place in range(1, len(cores) + 1):
        if place == len(cores) or cores[place] != cores[place - 1] + 1:
            text.append(str(cores[first]) if place - first == 1 else f"{cores[first]}-{cores[place - 1]}")
            first = place
    return ", ".join(text) if len(text) <= 6 else f"{', '.join(text[:5])}, ... ({len(cores)})"


def _written_out(experiment: Experiment, folder: Path, job: Job) -> str:
    """The experiment with every layer's cores; files that it names are given from the root."""
    from deltasim.experiment.yaml_text import to_yaml

    layers = {
        each.layer: {"cores": list(each.cores), "rows": each.rows, "channels": each.channels} for each in job.mapping
    }
    data = experiment.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"mapping"})
    for field in ("accelerator", "network"):
        beside = folder / str(data[field])
        data[field] = str(beside.absolute()) if beside.is_file() else data[field]
    beside = folder / str(data["frames"]["dataset"])
    if beside.exists():
        data["frames"]["dataset"] = str(beside.absolute())
    return to_yaml(data | {"mapping": {"layers": layers}})

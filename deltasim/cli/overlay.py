"""Command-line options laid over an experiment, checked like the file itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from deltasim.experiment.files import Experiment
from hwmodels import ConfigError, Problem
from hwmodels.errors import key_path
from hwmodels.loading.validation import wording, worth_telling
from hwmodels.loading.yaml_document import shorten


def with_options(
    experiment: Experiment,
    *,
    accelerator: str | None = None,
    network: str | None = None,
    output: str | None = None,
    input_shape: str | None = None,
    normalisation: str | None = None,
    frames: str | None = None,
    modes: str | None = None,
    engine: str | None = None,
    scales: str | None = None,
) -> Experiment:
    """The experiment with every option that was given in place of its own field.

    A file on the command line is relative to the working directory, not to the experiment. Raises
    ConfigError for a value that the field does not take.
    """
    data = experiment.model_dump(by_alias=True)
    if network is not None:
        data["output"] = data["input_shape"] = None  # those of the network that the file names
    given = {
        "accelerator": None if accelerator is None else _from_here(accelerator),
        "network": None if network is None else _from_here(network),
        "output": output,
        "input_shape": None if input_shape is None else chosen_shape(input_shape),
        "normalisation": normalisation,
        "modes": None if modes is None else tuple(name.strip() for name in modes.split(",")),
        "engine": engine,
    }
    data |= {name: value for name, value in given.items() if value is not None}
    if frames is not None:
        data["frames"]["range"] = frames
    if scales is not None:
        data["quantisation"]["scales"] = str(Path(scales).absolute())
    try:
        return Experiment.model_validate(data)
    except ValidationError as error:
        raise wrong_options(error) from None


def _from_here(name: str) -> str:
    """A file's path from the root; a bundled name stays as it is."""
    here = Path(name)
    return str(here.absolute()) if here.exists() else name


def chosen_shape(text: str) -> tuple[int, ...]:
    """The numbers of a text such as 3,224,224 or 3x224x224. Raises ConfigError unless it is three, each 1 or more."""
    sides = re.split("[,x]", "".join(text.split()).strip("()[]"))
    if len(sides) != 3 or not all(re.fullmatch("[0-9]{1,9}", side) and int(side) for side in sides):
        what = "is no shape of a frame; needed C,H,W, each 1 or more, such as 3,224,224"
        raise ConfigError(Problem("command line", None, "--input-shape", text, what))
    return tuple(map(int, sides))


def wrong_fields(what: str, error: ValidationError) -> ConfigError:
    """What is wrong with fields that were given in a call, or to a model itself; `what` is the call or the model."""
    return ConfigError(
        [
            Problem(what, None, key_path(tuple(each["loc"])), _shown(each["input"]), wording(each))
            for each in worth_telling(error)
        ]
    )


def _shown(given: object) -> str:
    return shorten(repr(given)) if isinstance(given, str | int | float | bool) else ""


def wrong_options(error: ValidationError, names: Mapping[str, str] | None = None) -> ConfigError:
    """What is wrong with options that a model checks; `names`: of the option of a field where it is not the field's."""
    return ConfigError(
        [
            Problem(
                "command line",
                None,
                f"--{_option(each['loc'], names or {})}",
                str(each["input"]) if each["loc"] else "",
                wording(each),
            )
            for each in worth_telling(error)
        ]
    )


def _option(where: tuple[int | str, ...], names: Mapping[str, str]) -> str:
    field = str(where[0]) if where else ""
    return names.get(field, field.replace("_", "-"))

"""Command-line options laid over an experiment, checked like the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from deltasim.experiment import Experiment
from hwmodels import ConfigError, Problem
from hwmodels.errors import key_path
from hwmodels.validation import wording, worth_telling
from hwmodels.yaml_document import shorten


def with_options(
    experiment: Experiment,
    *,
    accelerator: str | None = None,
    network: str | None = None,
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
    if accelerator is not None:
        here = Path(accelerator)
        data["accelerator"] = str(here.absolute()) if here.exists() else accelerator
    if network is not None:
        here = Path(network)
        data["network"] = str(here.absolute()) if here.exists() else network
    if normalisation is not None:
        data["normalisation"] = normalisation
    if frames is not None:
        data["frames"]["range"] = frames
    if modes is not None:
        data["modes"] = tuple(name.strip() for name in modes.split(","))
    if engine is not None:
        data["engine"] = engine
    if scales is not None:
        data["quantisation"]["scales"] = str(Path(scales).absolute())
    try:
        return Experiment.model_validate(data)
    except ValidationError as error:
        raise wrong_options(error) from None


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

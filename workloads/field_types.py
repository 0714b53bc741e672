"""Numbers and switches of settings, taken as what they are: `true` is no number, and neither is "16".

Left to itself pydantic reads both as one. NumPy's numbers are numbers, and a whole one serves as a fraction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from pydantic import BaseModel, BeforeValidator, ValidationError

from workloads.errors import WorkloadError


def underscored(given: Any) -> Any:  # noqa: ANN401 - whatever is given; what is no text is refused elsewhere
    """A word with underscores in place of hyphens: `sigma-delta` is `sigma_delta`."""
    return given.replace("-", "_") if isinstance(given, str) else given


def _whole(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise ValueError("must be a whole number, without quotes or a unit")  # noqa: TRY004  pydantic's own kind
    return int(given)


def _real(given: object) -> object:
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise ValueError("must be a number, without quotes or a unit")  # noqa: TRY004
    return given if isinstance(given, float) else given if isinstance(given, int) else given.item()


def _switch(given: object) -> object:
    if not isinstance(given, bool | np.bool_):
        raise ValueError("must be true or false")  # noqa: TRY004
    return bool(given)


Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
Real: TypeAlias = Annotated[float, BeforeValidator(_real)]
Switch: TypeAlias = Annotated[bool, BeforeValidator(_switch)]


def _sentence(model: str, error: ValidationError) -> str:
    """What is wrong with the arguments of a model, in one line: the first of them, and how many more."""
    first, *others = error.errors(include_url=False)
    field = ".".join(str(key) for key in first["loc"])
    given = repr(first["input"]) if isinstance(first["input"], str | int | float | bool) else ""
    message = first["msg"].removeprefix("Value error, ").replace("Input should be ", "must be ")
    more = f" (and {len(others)} more)" if others else ""
    return ": ".join(part for part in (f"ds.{model}", field, given[:60], message) if part) + more


if TYPE_CHECKING:
    Options = BaseModel
else:

    class _Telling(type(BaseModel)):
        """What is wrong with a model that is made in Python is told like all else, and not in pydantic's lines."""

        def __call__(cls, *args: object, **kwargs: object) -> object:
            """Make a model. Raise WorkloadError for fields that it does not take."""
            try:
                return super().__call__(*args, **kwargs)
            except ValidationError as error:
                raise WorkloadError(_sentence(cls.__name__, error)) from None

    class Options(BaseModel, metaclass=_Telling):
        """Settings that users make in Python too; as part of a file they are validated with the file."""

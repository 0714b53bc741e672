"""One node of an ONNX model as the importer's rules see it, and how they refuse it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.graphs.operations import Shape

AttributeValue = int | float | str | tuple[int, ...] | tuple[float, ...] | NDArray[Any] | None
Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Operand:
    """An input of a node: a constant, or a value that depends on the frame, of this shape without its batch axis.

    `channels_last`: a map that the model holds as (H, W, C), as its shape says; in the graph it is (C, H, W).
    """

    name: str
    constant: NDArray[Any] | None = None
    shape: Shape | None = None
    channels_last: bool = False


@dataclass(frozen=True)
class Source:
    """A node of the model. `operands`: None where an optional input is left out. `batch`: frames the model declares.

    `outputs`: names of the values it gives, empty where an optional one is left out.
    """

    name: str
    operator: str
    opset: int
    batch: int
    attributes: dict[str, AttributeValue]
    operands: tuple[Operand | None, ...]
    outputs: tuple[str, ...] = ()

    def refuse(self, why: str, supported: str = "") -> WorkloadError:
        """The error that says this node cannot be taken, why, and what could."""
        hint = f" Supported: {supported}." if supported else ""
        return WorkloadError(f"node {self.name!r}, operator {self.operator}: {why}.{hint}")

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise self.refuse(f"attribute {name} is {value!r}, not an integer")
        return value

    def number(self, name: str, default: float) -> float:
        """A float attribute."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise self.refuse(f"attribute {name} is {value!r}, not a number")
        return float(value)

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute that is a list of integers."""
        value = self.attributes.get(name, tuple(default))
        if not isinstance(value, tuple) or not all(isinstance(number, int) for number in value):
            raise self.refuse(f"attribute {name} is {value!r}, not a list of integers")
        return tuple(int(number) for number in value)

    def operand(self, index: int) -> Operand | None:
        """Input `index`, None if it is left out."""
        return self.operands[index] if index < len(self.operands) else None

    def constant(self, index: int) -> NDArray[Any] | None:
        """Input `index`, which must be constant if it is there; None if it is left out."""
        operand = self.operand(index)
        if operand is not None and operand.constant is None:
            raise self.refuse(
                f"its input {operand.name!r} depends on the frame",
                "a constant there (float weights, not quantised ones)",
            )
        return None if operand is None else operand.constant

    def weights(self, index: int, what: str) -> Float64Array:
        """Constant input `index` as float64. Raises WorkloadError unless it is there, float and finite."""
        array = self.constant(index)
        if array is None:
            raise self.refuse(f"it has no {what} (input {index})")
        return self.finite(array, what)

    def finite(self, array: NDArray[Any], what: str) -> Float64Array:
        """`array` as float64. Raises WorkloadError unless it is float and finite."""
        if array.dtype.kind != "f" and str(array.dtype) != "bfloat16":
            raise self.refuse(f"its {what} is {array.dtype}", "floats; export the network before it is quantised")
        with np.errstate(invalid="ignore"):  # signalling NaNs; refused below
            wide = array.astype(np.float64)
        if not np.isfinite(wide).all():
            place = tuple(int(axis) for axis in np.argwhere(~np.isfinite(wide))[0])
            raise self.refuse(f"its {what} has {wide[place]} at {place}; every value must be finite")
        return wide

    def shape(self, index: int = 0) -> Shape:
        """Shape, without batch axis, of input `index`. Raises WorkloadError if it is constant or left out."""
        operand = self.operand(index)
        if operand is None or operand.shape is None:
            raise self.refuse(f"its input {index} is {'missing' if operand is None else 'constant'}")
        return operand.shape

    @property
    def channels_last(self) -> bool:
        """Whether an input is a map with channels last."""
        return any(operand is not None and operand.channels_last for operand in self.operands)

    def map_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of the first input. Raises WorkloadError if it is no map."""
        shape = self.shape()
        if len(shape) != 3:
            raise self.refuse(f"its input has shape (batch, {', '.join(map(str, shape))})", "maps (batch, C, H, W)")
        return shape[0], shape[1], shape[2]

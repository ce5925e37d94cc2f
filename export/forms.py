"""The forms a network can take in a file, and what a child process tells of each. Imports no TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from edge.flow import Floats
from export.errors import ExportError

Shape: TypeAlias = Literal["whole", "unrolled", "fused", "stepwise"]
"""All at once; every moment written out; each LSTM one operator; one moment at a time, the state made explicit."""
Weights: TypeAlias = Literal["float", "dynamic", "int8", "16x8"]
"""`dynamic`: int8 weights, float elsewhere. `int8`: everything, inputs and outputs too. `16x8`: int16 activations."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way into a file."""

    shape: Shape
    weights: Weights

    @property
    def name(self) -> str:
        """As reports and contracts call it: `int8`, `unrolled-int8`, `stepwise-dynamic` ..."""
        return self.weights if self.shape == "whole" else f"{self.shape}-{self.weights}"


FORMS: Mapping[str, Form] = MappingProxyType(
    {form.name: form for shape in get_args(Shape) for weights in get_args(Weights) for form in [Form(shape, weights)]}
)
"""Every form by its name."""


def form_named(name: str) -> Form:
    """The form that is called so; ExportError when none is."""
    if name not in FORMS:
        raise ExportError(f"{name!r} is no form of a network; the forms are {', '.join(FORMS)}")
    return FORMS[name]


@dataclass(frozen=True, slots=True)
class CarriedState:
    """A state that the caller carries: where it goes in, where it comes out, how far it may go."""

    input: str
    output: str
    clip: float


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A network in one form."""

    form: Form
    content: bytes
    states: tuple[CarriedState, ...]
    carries_state: bool = False
    """The file keeps variables between runs, and they must be reset."""


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """What the float parent is, and what it says to a batch."""

    recurrent: tuple[str, ...]
    """Names of the layers that run over time."""
    answers: Mapping[str, Floats]
    parameters: int
    convolutional: bool

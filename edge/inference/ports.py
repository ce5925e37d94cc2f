"""Where numbers enter and leave a network file, and how its integers stand for them."""

import functools
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.flow import Floats

Raw: TypeAlias = npt.NDArray[Any]
"""An array in the dtype that the file stores: int8, int16, float32 ..."""


class NetworkError(ValueError):
    """A network that cannot be loaded or fed; the sentence says which, why, and what would work."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output: its shape and how its integers stand for numbers."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero: int
    """number = (integer - zero) * scale; scale 0 means that the file holds the number itself."""

    def quantise(self, values: Floats) -> Raw:
        """Numbers as the file holds them, rounded to the nearest step and held at the ends of the range."""
        if not self.scale:
            return values.astype(self.dtype)
        low, high = _ends(self.dtype)
        steps: Floats = np.rint(values / np.float32(self.scale))
        steps += self.zero
        # np.clip takes twice as long on the few numbers that most inputs are
        return np.minimum(np.maximum(steps, low), high).astype(self.dtype)

    def check(self, network: str, values: Raw) -> None:
        """Raise NetworkError when values are not what the file takes here."""
        if values.shape != self.shape or values.dtype != self.dtype:
            raise NetworkError(
                f"{network}: input {self.name} is {values.dtype} {values.shape}, expected {self.dtype} {self.shape}"
            )

    def dequantise(self, raw: Raw) -> Floats:
        """What the file's integers stand for."""
        if not self.scale:
            return raw.astype(np.float32)
        return (raw.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)


@functools.cache
def _ends(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The least and the greatest that the file can hold."""
    ends = np.iinfo(dtype)
    return int(ends.min), int(ends.max)

"""The runtime seam for judges without a graph: an `.npz` file behaves as a network with one input and one output."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from edge.flow import Floats
from edge.inference.ports import NetworkError, Port, Raw
from edge.inference.tensor_arrays import TensorError, read_tensors


class TensorNetwork:
    """Input `features` (1, n); output `probability` (1, k) of neighbours, `scores` of a machine, or `components`."""

    def __init__(self, content: bytes, *, name: str) -> None:
        """Read the arrays; raise NetworkError when they are no judge."""
        try:
            self._judge = read_tensors(content)
        except TensorError as error:
            raise NetworkError(f"{name}: {error}") from error
        self.name = name
        self.threads = 1
        self.runtime = f"numpy {np.__version__}"
        width = len(self._judge.scaling.centre)
        self.inputs = MappingProxyType({"features": _port("features", width)})
        self.outputs = MappingProxyType({self._judge.says: _port(self._judge.says, self._judge.outputs)})

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        return self.run_raw({name: values.astype(np.float32) for name, values in feeds.items()})

    def run_raw(self, feeds: Mapping[str, Raw]) -> dict[str, Raw]:
        if list(feeds) != ["features"]:
            raise NetworkError(f"{self.name}: features is its one input, got {', '.join(sorted(feeds)) or 'none'}")
        self.inputs["features"].check(self.name, feeds["features"])
        return {self._judge.says: self._judge(feeds["features"][0])[np.newaxis]}

    def quick(self) -> Callable[[Floats], Floats]:
        return lambda values: self._judge(values[0])[np.newaxis]

    def reset(self) -> None:
        """Nothing is kept between runs."""


def _port(name: str, width: int) -> Port:
    return Port(name, (1, width), np.dtype(np.float32), 0.0, 0)

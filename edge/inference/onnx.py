"""The runtime seam's other side: `.onnx` files under ONNX Runtime, where it is installed (a Jetson, a server)."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, cast

import numpy as np

from edge.flow import Floats
from edge.inference.ports import NetworkError, Port, Raw

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
}


class _Argument(Protocol):
    """What ONNX Runtime tells of an input or output."""

    name: str
    shape: Sequence[int | str | None]
    type: str


class _Session(Protocol):
    """What is used of ONNX Runtime, which has no types of its own."""

    def get_inputs(self) -> Sequence[_Argument]: ...
    def get_outputs(self) -> Sequence[_Argument]: ...
    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Raw]) -> list[Raw]: ...


class OnnxNetwork:
    """An `.onnx` file with a batch of one. Quantised files (QDQ) scale inside: their ports take plain numbers."""

    def __init__(self, content: bytes, *, name: str, threads: int = 1) -> None:
        if threads < 1:
            raise NetworkError(f"{name}: threads must be at least 1, got {threads}")
        self.name = name
        self.threads = threads
        self._session, self.runtime = _session(content, name, threads)
        self.inputs = MappingProxyType(_ports(self._session.get_inputs(), name))
        self.outputs = MappingProxyType(_ports(self._session.get_outputs(), name))

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        raw = self.run_raw({name: self._port(name).quantise(values) for name, values in feeds.items()})
        return {name: self.outputs[name].dequantise(values) for name, values in raw.items()}

    def run_raw(self, feeds: Mapping[str, Raw]) -> dict[str, Raw]:
        if missing := self.inputs.keys() - feeds.keys():
            raise NetworkError(f"{self.name}: input {', '.join(sorted(missing))} was not given")
        for name, values in feeds.items():
            self._port(name).check(self.name, values)
        return dict(zip(self.outputs, self._answers(list(self.outputs), feeds), strict=True))

    def quick(self) -> Callable[[Floats], Floats]:
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            raise NetworkError(f"{self.name}: the short way needs one input and one output, use run")
        ((into, port),) = self.inputs.items()
        (out,) = self.outputs
        answer: Floats = np.empty(self.outputs[out].shape, np.float32)

        def call(values: Floats) -> Floats:
            np.copyto(answer, self.outputs[out].dequantise(self._answers([out], {into: port.quantise(values)})[0]))
            return answer

        return call

    def reset(self) -> None:
        """Nothing to forget: an ONNX file keeps no variables between runs."""

    def _answers(self, names: Sequence[str], feeds: Mapping[str, Raw]) -> list[Raw]:
        try:
            return self._session.run(names, feeds)
        except Exception as error:
            raise _refusal(error, f"{self.name}: ONNX Runtime cannot run it") from error

    def _port(self, name: str) -> Port:
        if name not in self.inputs:
            raise NetworkError(f"{self.name}: no input is called {name}; it has {', '.join(self.inputs)}")
        return self.inputs[name]


def _session(content: bytes, name: str, threads: int) -> tuple[_Session, str]:
    try:
        library: Any = importlib.import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise NetworkError(f"{name} needs ONNX Runtime, which is not installed; pip install onnxruntime") from error
    options = library.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    # Between frames a spinning pool would burn a core for nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = library.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _refusal(error, f"{name}: ONNX Runtime cannot load it") from error
    return cast(_Session, session), f"onnxruntime {library.__version__}"


def _refusal(error: Exception, what: str) -> NetworkError:
    """What ONNX Runtime refuses, in a sentence: its errors share no parent but Exception. Anything else is raised."""
    if not type(error).__module__.startswith("onnxruntime"):
        raise error
    return NetworkError(f"{what} ({' '.join(str(error).split())[:200]}); export it again")


def _ports(arguments: Sequence[_Argument], name: str) -> dict[str, Port]:
    """Ports by name; a free first axis is the batch, which is one."""
    ports: dict[str, Port] = {}
    for argument in sorted(arguments, key=lambda found: found.name):
        sides = [1 if axis == 0 and not isinstance(side, int) else side for axis, side in enumerate(argument.shape)]
        shape = tuple(side for side in sides if isinstance(side, int) and side > 0)
        if len(shape) != len(sides) or argument.type not in _DTYPES:
            found = f"{argument.name} is {argument.type} {tuple(argument.shape)}"
            raise NetworkError(f"{name}: {found}; export it with fixed sizes and in float32")
        ports[argument.name] = Port(argument.name, shape, np.dtype(_DTYPES[argument.type]), 0.0, 0)
    return ports

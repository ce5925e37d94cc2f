"""The runtime seam: a network file in, named float arrays through it."""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, cast

import numpy as np

from edge.flow import Floats
from edge.inference.ports import NetworkError, Port, Raw
from edge.inference.tensor_network import TensorNetwork


class Network(Protocol):
    """A loaded network. One thread at a time may use it."""

    @property
    def name(self) -> str:
        """Its file."""
        ...

    @property
    def inputs(self) -> Mapping[str, Port]: ...
    @property
    def outputs(self) -> Mapping[str, Port]: ...
    @property
    def threads(self) -> int: ...
    @property
    def runtime(self) -> str:
        """The library that runs it, such as `litert 2.3.0`."""
        ...

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        """Numbers by input name to numbers by output name.

        Raise NetworkError on a missing name, a wrong shape, or when an operator fails.
        """
        ...

    def run_raw(self, feeds: Mapping[str, Raw]) -> dict[str, Raw]:
        """The same in the file's own dtypes, without scaling."""
        ...

    def quick(self) -> Callable[[Floats], Floats]:
        """The short way for one input and one output: the result is one array, written anew by each call."""
        ...

    def reset(self) -> None:
        """Forget variables that the file keeps between runs."""
        ...


def load_network(content: bytes, *, name: str, threads: int = 1, carries_state: bool = False) -> Network:
    """Load a network from a file's bytes under the runtime for its kind; raise NetworkError when that fails.

    ``name`` is the file's name, for the ending and for sentences.
    """
    if name.endswith(".onnx"):
        # Imported only where such a file is met: a device with .tflite files alone needs no ONNX Runtime.
        return importlib.import_module("edge.inference.onnx").OnnxNetwork(content, name=name, threads=threads)
    if name.endswith(".npz"):
        return TensorNetwork(content, name=name)
    if not name.endswith(".tflite"):
        raise NetworkError(f"{name} is no network file that a runtime here knows; give a .tflite, .onnx or .npz file")
    return TfliteNetwork(content, name=name, threads=threads, carries_state=carries_state)


class _Interpreter(Protocol):
    """What is used of LiteRT's interpreter, which has no types of its own."""

    def allocate_tensors(self) -> None: ...
    def invoke(self) -> None: ...
    def get_signature_list(self) -> dict[str, Any]: ...
    def get_signature_runner(self, signature_key: str) -> Any: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def set_tensor(self, tensor_index: int, value: Raw) -> None: ...
    def get_tensor(self, tensor_index: int) -> Raw: ...
    def tensor(self, tensor_index: int) -> Callable[[], Raw]: ...
    def reset_all_variables(self) -> None: ...


class TfliteNetwork:
    """A `.tflite` file under LiteRT, or under tflite-runtime where LiteRT is not installed.

    ``carries_state`` says that the file keeps variables (a fused LSTM does): they are reset before each run, for a
    second run would otherwise start where the first ended.
    """

    def __init__(self, content: bytes, *, name: str, threads: int = 1, carries_state: bool = False) -> None:
        if threads < 1:
            raise NetworkError(f"{name}: threads must be at least 1, got {threads}")
        self.name = name
        self.threads = threads
        self._interpreter, self.runtime = _interpreter(content, name, threads)
        self._inputs, self._outputs = _ports(self._interpreter, name)
        self.inputs = MappingProxyType({port: found[0] for port, found in self._inputs.items()})
        self.outputs = MappingProxyType({port: found[0] for port, found in self._outputs.items()})
        self._carries_state = carries_state
        tensor = self._interpreter.tensor
        self._ways = {name: (port, tensor(index)) for name, (port, index) in self._inputs.items()}
        self._answers = [(name, port, tensor(index)) for name, (port, index) in self._outputs.items()]

    def run(self, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
        if feeds.keys() != self.inputs.keys():
            self._refuse(feeds)
        for name, values in feeds.items():
            port, write = self._ways[name]
            if values.shape != port.shape:
                port.check(self.name, values.astype(port.dtype))
            # No view of the interpreter's memory may live while it runs, so none gets a name here.
            np.copyto(write(), port.quantise(values) if port.scale else values, casting="unsafe")
        self._invoke()
        return {name: port.dequantise(read()) for name, port, read in self._answers}

    def run_raw(self, feeds: Mapping[str, Raw]) -> dict[str, Raw]:
        if feeds.keys() != self.inputs.keys():
            self._refuse(feeds)
        for name, values in feeds.items():
            self._port(name).check(self.name, values)
            self._interpreter.set_tensor(self._inputs[name][1], values)
        self._invoke()
        return {name: self._interpreter.get_tensor(index) for name, (_, index) in self._outputs.items()}

    def quick(self) -> Callable[[Floats], Floats]:
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            raise NetworkError(f"{self.name}: the short way needs one input and one output, use run")
        ((into, into_index),) = self._inputs.values()
        ((out, out_index),) = self._outputs.values()
        write, read = self._interpreter.tensor(into_index), self._interpreter.tensor(out_index)
        steps: Floats = np.empty(into.shape, np.float32)
        answer: Floats = np.empty(out.shape, np.float32)
        low, high = (np.iinfo(into.dtype).min, np.iinfo(into.dtype).max) if into.scale else (0, 0)

        def call(values: Floats) -> Floats:
            # No view of the interpreter's memory may live while it runs, so none gets a name here.
            if into.scale:
                np.divide(values, np.float32(into.scale), out=steps)
                np.rint(steps, out=steps)
                np.add(steps, into.zero, out=steps)
                np.clip(steps, low, high, out=steps)
                np.copyto(write(), steps, casting="unsafe")
            else:
                np.copyto(write(), values, casting="unsafe")
            self._invoke()
            np.copyto(answer, read(), casting="unsafe")
            if out.scale:
                np.subtract(answer, out.zero, out=answer)
                np.multiply(answer, np.float32(out.scale), out=answer)
            return answer

        return call

    def reset(self) -> None:
        self._interpreter.reset_all_variables()

    def _invoke(self) -> None:
        if self._carries_state:
            self.reset()
        try:
            self._interpreter.invoke()
        except RuntimeError as error:  # an operator that refuses what it is given
            raise NetworkError(f"{self.name}: {self.runtime} cannot run it ({' '.join(str(error).split())})") from error

    def _refuse(self, feeds: Mapping[str, Raw]) -> None:
        """Raise NetworkError for inputs that were not given, or that there are none of."""
        for name in feeds:
            self._port(name)
        if missing := self.inputs.keys() - feeds.keys():
            raise NetworkError(f"{self.name}: input {', '.join(sorted(missing))} was not given")

    def _port(self, name: str) -> Port:
        if name not in self.inputs:
            raise NetworkError(f"{self.name}: no input is called {name}; it has {', '.join(self.inputs)}")
        return self.inputs[name]


def _interpreter(content: bytes, name: str, threads: int) -> tuple[_Interpreter, str]:
    """The first interpreter that is installed, loaded with the network."""
    make, runtime = _library()
    try:
        made = cast(_Interpreter, make(model_content=content, num_threads=threads))
        made.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        cause = " ".join(str(error).split())
        cure = "check that the file is whole and export it again"
        if "Didn't find op" in cause or "builtin opcode" in cause or "unresolved custom op" in cause:
            cure = "it needs operators that this runtime lacks; install ai-edge-litert 2.1 or newer"
        raise NetworkError(f"{name}: {runtime} cannot load it ({cause[:200]}); {cure}") from error
    return made, runtime


def _library() -> tuple[Callable[..., object], str]:
    """LiteRT, else tflite-runtime (which stopped at 2.14 and lacks newer operators)."""
    for package, label in (("ai_edge_litert", "litert"), ("tflite_runtime", "tflite-runtime")):
        try:
            module = importlib.import_module(f"{package}.interpreter")
        except ModuleNotFoundError:
            continue
        version = getattr(importlib.import_module(package), "__version__", "")
        return cast(Callable[..., object], module.Interpreter), f"{label} {version}".strip()
    raise NetworkError("no runtime for .tflite files is installed; install ai-edge-litert 2.1 or newer")


_Ports: TypeAlias = dict[str, tuple[Port, int]]


def _ports(interpreter: _Interpreter, name: str) -> tuple[_Ports, _Ports]:
    """Inputs and outputs with their tensor indices, by signature name; by tensor name in a file without signature."""
    signatures = list(interpreter.get_signature_list())
    if len(signatures) > 1:
        raise NetworkError(f"{name}: has {len(signatures)} signatures ({', '.join(signatures)}), expected one")
    if signatures:
        # The runner is let go at once: while it lives, the interpreter gives no direct access to its memory.
        runner = interpreter.get_signature_runner(signatures[0])
        inputs = cast(dict[str, dict[str, Any]], runner.get_input_details())
        outputs = cast(dict[str, dict[str, Any]], runner.get_output_details())
    else:
        inputs = {detail["name"]: detail for detail in interpreter.get_input_details()}
        outputs = {detail["name"]: detail for detail in interpreter.get_output_details()}
    return _read(inputs), _read(outputs)


def _read(details: Mapping[str, dict[str, Any]]) -> _Ports:
    ports: _Ports = {}
    for name in sorted(details):
        detail = details[name]
        scale, zero = cast(tuple[float, int], detail["quantization"])
        shape = tuple(int(side) for side in detail["shape"])
        ports[name] = Port(name, shape, np.dtype(detail["dtype"]), float(scale), int(zero)), int(detail["index"])
    return ports

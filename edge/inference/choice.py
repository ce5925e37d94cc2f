"""Which of a network's files runs here: as the settings ask, or by what is installed."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Literal, TypeAlias

from edge.inference.ports import NetworkError

Runtime: TypeAlias = Literal["auto", "litert", "onnx"]
"""`litert`: `.tflite` files under LiteRT or tflite-runtime. `onnx`: `.onnx` files under ONNX Runtime. `auto`: the first
of LiteRT, ONNX Runtime and tflite-runtime that is installed and for which the network has a file."""
RUNTIMES: tuple[Runtime, ...] = ("auto", "litert", "onnx")

_SUFFIXES = {"litert": ".tflite", "onnx": ".onnx"}
# tflite-runtime stopped at 2.14 and lacks operators that our networks use: it comes last.
_ORDER = (("ai_edge_litert", ".tflite"), ("onnxruntime", ".onnx"), ("tflite_runtime", ".tflite"))


def installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return find_spec(package) is not None


def pick(asked: Runtime, name: str, files: Sequence[str], there: Callable[[str], bool] = installed) -> str:
    """The file to load out of a network's own; raise NetworkError when what was asked for has none.

    With `auto` and nothing installed that fits, the first file: its runtime then says what to install. Arrays without
    a graph (`.npz`) need no runtime and are always taken.
    """
    if files[0].endswith(".npz"):
        return files[0]
    if asked == "auto":
        for package, suffix in _ORDER:
            found = _of(suffix, files)
            if found is not None and there(package):
                return found
        return files[0]
    found = _of(_SUFFIXES[asked], files)
    if found is None:
        other = "litert" if asked == "onnx" else "onnx"
        raise NetworkError(
            f"{name} has no {_SUFFIXES[asked]} file, which models.runtime = {asked!r} asks for; it has "
            f"{', '.join(files)}: set models.runtime to {other!r} or 'auto', or export the bundle again"
        )
    return found


def _of(suffix: str, files: Sequence[str]) -> str | None:
    return next((file for file in files if file.endswith(suffix)), None)

"""A float `.onnx` file with all that judging and quantising it needs. Imports no TensorFlow."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias

from edge.flow import Floats
from export.errors import ExportError
from export.forms import CarriedState

OnnxWeights: TypeAlias = Literal["float", "dynamic", "qdq", "qdq-u8", "qdq-dynamic"]
"""`dynamic`: int8 weights, float elsewhere. `qdq`: int8 weights and activations, per channel, scales in the file.
`qdq-u8`: its activations unsigned, which x86-64 multiplies faster, its weights in 7 bits. `qdq-dynamic`: `qdq-u8`, the
LSTM's weights in int8 too; its states stay in float in every form."""


@dataclass(frozen=True, slots=True, eq=False)
class OnnxSource:
    """One float network for ONNX Runtime: a batch of one, constants folded."""

    content: bytes
    operators: Mapping[str, int]
    """How often each operator occurs."""
    states: tuple[CarriedState, ...]
    feeds: Mapping[str, Floats]
    """Calibration rows (n, ...) of every input, states too."""

    @property
    def convolutional(self) -> bool:
        return "Conv" in self.operators

    @property
    def recurrent(self) -> bool:
        """It has recurrent operators of ONNX's own; a single moment that is written out has none."""
        return not {"LSTM", "GRU", "RNN"}.isdisjoint(self.operators)


def source_of(content: bytes, states: tuple[CarriedState, ...], feeds: Mapping[str, Floats]) -> OnnxSource:
    """A model with a free or fixed batch as one with a batch of one, constants folded; ExportError if it cannot run."""
    onnx: Any = import_module("onnx")
    model = onnx.load_from_string(content)
    for port in (*model.graph.input, *model.graph.output):
        first = port.type.tensor_type.shape.dim[:1]
        for side in first:
            side.Clear()
            side.dim_value = 1
    del model.graph.value_info[:]
    made = onnx.load_from_string(folded(model.SerializeToString()))
    counted: dict[str, int] = {}
    for node in made.graph.node:
        counted[node.op_type] = counted.get(node.op_type, 0) + 1
    return OnnxSource(made.SerializeToString(), dict(sorted(counted.items())), states, feeds)


def folded(content: bytes) -> bytes:
    """The same graph after ONNX Runtime's basic optimisations: what is constant is a constant, no-ops are gone.

    These keep to ONNX's own operators and to no machine. Raises ExportError when the file is no network that it runs.
    """
    library: Any = import_module("onnxruntime")
    options = library.SessionOptions()
    options.graph_optimization_level = library.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(place)
        try:
            library.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            # ONNX Runtime's errors share no parent but Exception; anything else is passed on.
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            cause = " ".join(str(error).split())[:240]
            raise ExportError(f"ONNX Runtime cannot run the network ({cause}); export it again") from error
        return place.read_bytes()

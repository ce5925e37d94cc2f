"""A Keras network to a float `.onnx` file, whole or one moment at a time, by the names of its inputs and outputs."""
# TensorFlow ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import keras
from tf2onnx.convert import from_function

from edge.flow import Floats
from export.convert import served
from export.errors import LoweringError
from export.forms import CarriedState, Shape
from export.lowering import stepwise, unrolled, walked
from export.onnx_source import OnnxSource, source_of
from export.parents import read_parent, recurrent_layers

OPSET = 18
"""Old enough for the ONNX Runtime of a Jetson with JetPack 5, new enough for all that our networks use."""


def write(path: Path, shape: Shape, calibration: Mapping[str, Floats]) -> OnnxSource:
    """A saved network for ONNX Runtime; an unrolled network goes whole, for ONNX has an LSTM of its own.

    Raises LoweringError, naming the operator, when the converter refuses.
    """
    model = read_parent(path)
    if shape == "stepwise":
        step = stepwise(model)
        states, feeds = walked(step, calibration)
        return _source(step, feeds, states=states)
    source = _source(model, calibration)
    # The converter knows an LSTM's loop when it sees one; any other stays a loop, which no quantiser looks into.
    if "Loop" in source.operators and recurrent_layers(model):
        return _source(unrolled(model, calibration), calibration)
    return source


def _source(model: keras.Model, feeds: Mapping[str, Floats], states: tuple[CarriedState, ...] = ()) -> OnnxSource:
    # A free batch, for with a fixed one the loop of an LSTM looks different and is not known again.
    module = served(model, {name: values.shape[1:] for name, values in feeds.items()}, batch=None)
    try:
        made, _ = from_function(module.serve, input_signature=module.serve.input_signature, opset=OPSET)
    except (ValueError, RuntimeError, KeyError, AssertionError) as error:
        cause = " ".join(str(error).split())[:240]
        raise LoweringError(f"{model.name} as onnx: the converter refuses ({cause}); replace that layer") from error
    return source_of(cast(bytes, made.SerializeToString()), states, feeds)

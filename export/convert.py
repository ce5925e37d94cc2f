"""A Keras network to a `.tflite` file: batch of one, named inputs and outputs, float, int8 weights, int8 or 16x8."""
# TensorFlow ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportAttributeAccessIssue=false

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.python.convert_phase import ConverterError
from tensorflow.lite.tools import flatbuffer_utils

from edge.flow import Floats
from export.errors import LoweringError
from export.forms import Weights
from export.parents import graph_of, inputs_of, outputs_of
from export.ranges import Range, coarse
from export.unbiased import unbiased


def convert(model: Any, weights: Weights, calibration: Mapping[str, Floats], states: Collection[str] = ()) -> bytes:
    """One network as a flatbuffer; ``calibration`` (name to (n, ...)) gives the shapes, and the ranges for integers.

    ``model`` is of Keras 3, or its twin of Keras 2 (export/fused.py); ``states`` are outputs that are no answers.
    Raises LoweringError, naming the operator, when the converter refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        module = served(model, {name: values.shape[1:] for name, values in calibration.items()})
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve.get_concrete_function()})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        _ask(converter, weights, calibration)
        said = _logits(module, list(inputs_of(model)), calibration, states) if weights == "int8" else {}
        ranges = coarse(said)
        # the converter has no setting for an output's range: calibrated and made integer in two steps, it has
        converter._experimental_calibrate_only = bool(ranges)
        try:
            content = cast(bytes, converter.convert())
            whole = _integers(content, ranges) if ranges else content
            return unbiased(whole, list(_rows(calibration)), said) if said else whole
        except (ConverterError, ValueError, RuntimeError, tf.errors.OpError) as error:
            raise LoweringError(_cause(model.name, weights, error)) from error


def served(model: Any, shapes: Mapping[str, tuple[int, ...]], batch: int | None = 1) -> Any:
    """A module whose function `serve` takes a batch, by the names of the network's inputs and outputs."""
    names = list(inputs_of(model))
    outputs = outputs_of(model)

    def serve(*given: Any) -> dict[str, Any]:
        said = model(given[0] if len(given) == 1 else list(given), training=False)
        listed = list(said) if isinstance(said, (list, tuple)) else [said]
        return {name: tf.identity(value, name=name) for name, value in zip(outputs, listed, strict=True)}

    module = tf.Module()
    # A variable of Keras 3 wraps TensorFlow's; one of Keras 2 is TensorFlow's.
    wrapped = isinstance(model, keras.Model)
    module.variables_of_the_network = [v.value if wrapped else v for v in model.variables]
    if wrapped and (graph := graph_of(model)) is not None:
        module.graph_of_the_network = graph.loaded
    signature = [tf.TensorSpec((batch, *shapes[name]), tf.float32, name=name) for name in names]
    module.serve = tf.function(serve, input_signature=signature)
    return module


def _ask(converter: Any, weights: Weights, calibration: Mapping[str, Floats]) -> None:
    ops = tf.lite.OpsSet
    if weights == "float":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "dynamic":
        return
    converter.representative_dataset = lambda: _rows(calibration)
    if weights == "int8":
        converter.target_spec.supported_ops = [ops.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    else:
        converter.target_spec.supported_ops = [ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int16


def _integers(calibrated: bytes, ranges: Mapping[str, Range]) -> bytes:
    """The second step of the converter's own int8, after these outputs were given other ranges."""
    model = cast(Any, flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated)))
    for signature in model.signatureDefs:
        tensors = model.subgraphs[signature.subgraphIndex].tensors
        for output in signature.outputs:
            if (wanted := ranges.get(output.name.decode())) is not None:
                seen = tensors[output.tensorIndex].quantization
                seen.min, seen.max = (np.array([edge], np.float32) for edge in wanted)
    ready, int8 = bytes(flatbuffer_utils.convert_object_to_bytearray(model)), cast(Any, tf.int8)
    return cast(bytes, mlir_quantize(ready, input_data_type=int8, output_data_type=int8))


def _logits(
    module: Any, inputs: Sequence[str], calibration: Mapping[str, Floats], states: Collection[str]
) -> dict[str, Floats]:
    """What the network answers to each calibration row, (n, k) by output, where it chooses among several."""
    said = [module.serve(*(tf.constant(row[name]) for name in inputs)) for row in _rows(calibration)]
    answers = {name: np.concatenate([np.asarray(each[name], np.float32) for each in said]) for name in said[0]}
    return {name: told for name, told in answers.items() if name not in states and told.ndim == 2 and told.shape[1] > 1}


def _rows(calibration: Mapping[str, Floats]) -> Iterator[dict[str, Floats]]:
    for row in range(min(len(values) for values in calibration.values())):
        yield {name: np.ascontiguousarray(values[row : row + 1]) for name, values in calibration.items()}


def _cause(name: str, weights: Weights, error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in lines if "error" in line.lower() or "op" in line.lower()), lines[0] if lines else "")
    return f"{name} as {weights}: the converter refuses ({said[:240]}); replace that layer, or allow another form"

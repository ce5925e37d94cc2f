"""How a float `.onnx` file becomes a small one: static QDQ, int8 weights alone, or each where it serves best."""
# ONNX Runtime's quantiser ships no types. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from edge.flow import Floats
from export.errors import LoweringError
from export.onnx_source import OnnxSource, OnnxWeights

_RECURRENT = ["LSTM"]
_DENSE = ["Gemm", "MatMul"]
_CONVOLUTIONAL = ["Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "Add", "Concat", "Relu", "Clip"]
"""Operators that stay in integers between two convolutions."""


class _Rows(CalibrationDataReader):
    """Calibration rows, one batch of one after another."""

    def __init__(self, feeds: Mapping[str, Floats]) -> None:
        self._rows = self._each(feeds)

    def get_next(self) -> Any:
        """The next row by input name; None at the end."""
        return next(self._rows, None)

    @staticmethod
    def _each(feeds: Mapping[str, Floats]) -> Iterator[dict[str, Floats]]:
        for row in range(min(len(values) for values in feeds.values())):
            yield {name: np.ascontiguousarray(values[row : row + 1]) for name, values in feeds.items()}


def quantised(source: OnnxSource, weights: OnnxWeights) -> bytes:
    """The network in one form; raise LoweringError where the quantiser refuses."""
    if weights == "float":
        return source.content
    logging.disable(logging.WARNING)  # the quantiser advises, at length, what was done already
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "in.onnx").write_bytes(source.content)
        try:
            _quantise(place, source, weights)
        except (ValueError, RuntimeError, NotImplementedError, KeyError) as error:
            cause = " ".join(str(error).split())[:240]
            raise LoweringError(f"onnx-{weights}: the quantiser refuses ({cause}); allow another form") from error
        return _named_once((place / "out.onnx").read_bytes())


def _quantise(place: Path, source: OnnxSource, weights: OnnxWeights) -> None:
    if weights == "dynamic":
        # A convolution with scales found anew for each picture took 30 times as long as in float: it stays float.
        _weights_only(place / "in.onnx", place / "out.onnx", [*_DENSE, *_RECURRENT])
        return
    signed = weights == "qdq"
    middle = place / "qdq.onnx" if weights == "qdq-dynamic" else place / "out.onnx"
    # Beside a carried state only products are quantised: what is added up in the cell stays in float.
    kinds = [*_DENSE, *_CONVOLUTIONAL] if source.convolutional else _DENSE
    quantize_static(
        place / "in.onnx",
        middle,
        _Rows(source.feeds),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=kinds,
        per_channel=True,
        activation_type=QuantType.QInt8 if signed else QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        # Unsigned by signed, x86-64 without VNNI adds pairs of products in 16 bits, which whole int8 weights overflow
        # (ONNX Runtime, "Quantize ONNX models"): with weights of 7 bits a file says the same on every processor.
        reduce_range=not signed,
    )
    if weights == "qdq-dynamic":
        _weights_only(middle, place / "out.onnx", _RECURRENT)


def _weights_only(given: Path, made: Path, kinds: list[str]) -> None:
    quantize_dynamic(given, made, op_types_to_quantize=kinds, per_channel=False, weight_type=QuantType.QInt8)


def _named_once(content: bytes) -> bytes:
    """The file without the documentation strings and names of the tools' own that differ from run to run."""
    model: Any = onnx.load_from_string(content)
    model.doc_string = ""
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())

"""Keras, TensorFlow and the converters, imported once for all children, without their greetings."""

import importlib
import os

_kept = os.dup(2)
_sink = os.open(os.devnull, os.O_WRONLY)
os.dup2(_sink, 2)
try:
    for room in ("lowering", "onnx_write", "onnx_forms"):
        importlib.import_module(f"export.{room}")
finally:
    os.dup2(_kept, 2)
    os.close(_kept)
    os.close(_sink)

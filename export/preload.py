"""Keras and TensorFlow, imported once for all children, without their greetings."""

import importlib
import os

_kept = os.dup(2)
_sink = os.open(os.devnull, os.O_WRONLY)
os.dup2(_sink, 2)
try:
    importlib.import_module("export.lowering")
finally:
    os.dup2(_kept, 2)
    os.close(_kept)
    os.close(_sink)

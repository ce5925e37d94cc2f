"""Work in a process of its own: TensorFlow stays out of this one, and a crash of its converter ends the child only."""

import multiprocessing
import os
import pickle
import tempfile
import traceback
from collections.abc import Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from edge.flow import Floats
from export.errors import ExportError, LoweringError
from export.forms import Form, Lowered, Parent

_PRELOADED = "export.preload"
"""Imported once, in the server that every child is forked from: TensorFlow's import takes ten seconds."""

LIMIT_S = 900
"""A converter that has not ended by then will not."""


def examine(path: Path, sample: Mapping[str, Floats]) -> Parent:
    """Read a saved network and what it says to a batch; see export/lowering.py."""
    return cast(Parent, apart("export.lowering", "examine", path, sample))


def lower(path: Path, form: Form, calibration: Mapping[str, Floats]) -> Lowered:
    """Bring a saved network into one form; see export/lowering.py."""
    return cast(Lowered, apart("export.lowering", "lower", path, form, calibration))


def apart(module: str, function: str, *args: object) -> object:
    """Call a module's function in a child process; arguments and result are pickled.

    An ExportError raised there is raised here. A crash, or any other error, is a LoweringError with the last line that
    the child wrote.
    """
    for name, value in (("TF_CPP_MIN_LOG_LEVEL", "3"), ("TF_ENABLE_ONEDNN_OPTS", "0"), ("KERAS_BACKEND", "tensorflow")):
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.NamedTemporaryFile() as log, ours:
        given = pickle.dumps((module, function, args))
        child = context.Process(target=_child, args=(theirs, log.name, given), daemon=True)
        child.start()
        theirs.close()
        good, answer = False, None
        try:
            if ours.poll(LIMIT_S):
                good, answer = cast(tuple[bool, object], ours.recv())
            else:
                child.kill()
                answer = f"more than {LIMIT_S} s"
        except EOFError:
            pass  # it ended without an answer: the exit code below says how
        child.join()
        lines = log.read().decode("utf-8", "replace").strip().splitlines()
        code = child.exitcode
        child.close()
    if isinstance(answer, ExportError):
        raise answer
    if not good:
        how = f"crashed with signal {-code}" if code and code < 0 else "failed"
        last = answer if isinstance(answer, str) else lines[-1] if lines else "no word"
        raise LoweringError(f"the converter {how} ({last[:300]}); allow another form, or replace the layer it names")
    return answer


def _child(pipe: Connection, log: str, pickled: bytes) -> None:
    out = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    module, function, args = cast(tuple[str, str, tuple[object, ...]], pickle.loads(pickled))
    try:
        pipe.send((True, getattr(import_module(module), function)(*args)))
    except ExportError as error:
        pipe.send((False, error))
    except ModuleNotFoundError as error:
        pipe.send(
            (False, ExportError(f"{error.name} is not installed; export needs its extra, which `make setup` installs"))
        )
    except Exception as error:  # noqa: BLE001 - whatever a converter raises is told to the parent, which decides
        traceback.print_exc()
        pipe.send((False, f"{type(error).__name__}: {' '.join(str(error).split())}"))

"""A network's form for ONNX Runtime into the bundle: beside its `.tflite` form, or in its place."""

import hashlib
from collections.abc import Callable
from typing import cast

import msgspec

from edge.bundle_canary import TWINS
from edge.bundle_contract import OnnxTwin
from edge.inference.runtime import load_network
from export.apart import apart
from export.calibration import representative
from export.choose import Choice
from export.errors import LoweringError
from export.gathered import Gathered, model_of, vectors_of
from export.onnx_choose import OnnxChoice, choose_onnx
from export.onnx_source import OnnxSource
from export.pack import FLOAT_TOLERANCE, HYBRID_TOLERANCE, describe
from export.trained import Trained

STEPS = 3
"""Steps of 8 bits over the reach of the logits that another processor's rounding may cost: the steps are inside."""


def add_twin(
    gathered: Gathered, role: str, run: Trained, choice: Choice, max_loss: float, say: Callable[[str], None]
) -> None:
    """Give a network in the bundle its ONNX twin, in the same shape and with the same states.

    A network that cannot be written in ONNX goes without; the report says why.
    """
    try:
        written = apart("export.onnx_write", "write", run.parent, choice.lowered.form.shape, representative(run))
        source = cast(OnnxSource, written)
        made = choose_onnx(run, source, choice.parent.answers["logits"], max_loss=max_loss, say=say)
    except LoweringError as error:
        cast(dict[str, object], gathered.networks[role])["onnx_refused"] = str(error)
        return
    file = f"{TWINS}/{role}.onnx"
    twin = OnnxTwin(
        file=file,
        lowering=made.name,
        bytes=len(made.content),
        sha256=hashlib.sha256(made.content).hexdigest(),
        tolerance=tolerance(made),
    )
    network = cast(dict[str, dict[str, object]], gathered.models[role])["network"]
    network["onnx"] = msgspec.to_builtins(twin)
    gathered.files[file] = made.content
    gathered.canary[f"{TWINS}/{role}"] = vectors_of(file, made.content, run, source.states)
    gathered.networks[f"{TWINS}/{role}"] = _told(run, made)
    gathered.choices[f"{TWINS}/{role}"] = made


def add_onnx(gathered: Gathered, role: str, run: Trained, made: OnnxChoice, refused: str) -> None:
    """Take a network that has a form for ONNX Runtime only; ``refused`` says why, for the report."""
    file, twin_file = f"{role}.onnx", f"float/{role}.onnx"
    is_float = made.weights == "float"
    entry = describe(file, made.content, made.name, twin=None if is_float else twin_file)
    gathered.files[file] = made.content
    if not is_float:
        gathered.files[twin_file] = made.source.content
    gathered.models[role] = model_of(
        role, run, msgspec.structs.replace(entry, tolerance=tolerance(made)), made.source.states
    )
    gathered.canary[role] = vectors_of(file, made.content, run, made.source.states)
    gathered.networks[role] = _told(run, made) | {"litert_refused": refused}
    gathered.cards[role] = run.card
    gathered.choices[role] = made


def tolerance(made: OnnxChoice) -> float:
    """How far a logit may be from its canary value on another processor."""
    if made.weights == "float":
        return FLOAT_TOLERANCE
    return max(HYBRID_TOLERANCE, round(STEPS * made.reach / 255, 4))


def _told(run: Trained, made: OnnxChoice) -> dict[str, object]:
    """What the report says of it."""
    return {
        "run": run.name,
        "lowering": made.name,
        "runtime": load_network(made.source.content, name="float.onnx").runtime,
        "bytes": len(made.content),
        "float_bytes": len(made.source.content),
        "parent_bytes": run.parent.stat().st_size,
        "fully_integer": False,
        "operators": made.source.operators,
        "measured": made.measured,
        "latency_ms": made.latency,
        "candidates": made.candidates,
    }

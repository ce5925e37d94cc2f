"""The real detector, loaded straight into LiteRT: from the bundle that ships, or from the last conversion."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from edge.flow import Floats
from edge.sensing.face_cascade import DetectorPlan, Networks

_ROOT = Path(__file__).parents[2]


def find_detector() -> tuple[Path, dict[str, Any]] | None:
    """The directory that the contract's paths start from, and the detector's piece; None before the first build."""
    bundle, built = _ROOT / "edge" / "bundles" / "default", _ROOT / "runs" / "detector"
    if (bundle / "contract.json").is_file():
        contract = cast(dict[str, Any], json.loads((bundle / "contract.json").read_text()))
        if "detector" in contract["models"]:
            return bundle, contract["models"]["detector"]
    if (built / "contract.json").is_file():
        return built, cast(dict[str, Any], json.loads((built / "contract.json").read_text()))
    return None


def load_detector() -> tuple[DetectorPlan, Networks]:
    """Plan and networks, one thread each; skips the test when there is no detector yet."""
    found = find_detector()
    if found is None:
        pytest.skip("no detector is built: run `python -m export.detector`, or build the bundle")
    root, piece = found
    files = {name: root / network["file"] for name, network in piece["networks"].items()}
    return DetectorPlan.read(piece), Networks(load(files["pnet"]), load(files["rnet"]), load(files["onet"]))


def load(path: Path) -> Callable[[Floats], tuple[Floats, ...]]:
    """One TFLite file as a function of one input."""
    interpreter = import_module("ai_edge_litert.interpreter").Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    entry: int = interpreter.get_input_details()[0]["index"]
    exits: list[int] = [detail["index"] for detail in interpreter.get_output_details()]

    def run(pixels: Floats) -> tuple[Floats, ...]:
        interpreter.set_tensor(entry, pixels)
        interpreter.invoke()
        return tuple(interpreter.get_tensor(index) for index in exits)

    return run

"""What a prediction costs in the daemon, against the bare networks that it asks."""

import importlib
from collections.abc import Callable
from typing import Any, cast

import cv2
import numpy as np

from edge.bundle import Bundle
from edge.clock import Clock, HostNs, StreamNs
from edge.flow import Crop, Features, Floats, Frame, Image
from edge.health import Latencies
from edge.inference.classifier import Classifier
from edge.sensing.face import FaceFinder
from edge.sensing.face_cascade import DetectorPlan, Networks

ROUNDS = 300
WARM_UP = 20


def overhead(bundle: Bundle, picture: Image | None, clock: Clock) -> dict[str, object]:
    """Medians in ms, measured in turns so that both meet the same machine; the ratio of daemon to networks.

    `judging`: from a face's crop and a window's features to a prediction by face and wrist. `frame`: from a picture to
    a prediction, with the detector's networks as often as they were asked; None without a ``picture`` of a face.
    """
    found: dict[str, object] = {"frame": None if picture is None else _frame(bundle, picture, clock)}
    models = bundle.contract.models
    if models.face is not None and models.wrist is not None and models.fusion is not None:
        found["judging"] = _judging(bundle, clock)
    return found


def _judging(bundle: Bundle, clock: Clock) -> dict[str, object]:
    classifier, wrist = Classifier(bundle), bundle.contract.models.wrist
    names = () if wrist is None else wrist.features
    chance = np.random.default_rng(0)
    crop = Crop(
        image=chance.integers(0, 255, (48, 48), dtype=np.uint8),
        box=(0, 0, 48, 48),
        landmarks=np.zeros((5, 2), np.float32),
        score=1.0,
        tracked=True,
        grabbed=HostNs(0),
    )
    values: Floats = chance.normal(size=len(names)).astype(np.float32)
    features = Features(StreamNs(0), names, values, 1.0, HostNs(0))

    def ours() -> None:
        face, body = classifier.face(crop), classifier.wrist(features)
        classifier.fuse(StreamNs(0), body, face, clock.now)

    # the head is asked twice: what it holds of both, and of the face alone
    bare = [_bare(bundle, name) for name in ("face", "wrist", "fusion", "fusion")]
    return _in_turns(ours, lambda: [call() for call in bare], clock)


def _frame(bundle: Bundle, picture: Image, clock: Clock) -> dict[str, object]:
    classifier = Classifier(bundle)
    asked: list[str] = []

    def counted(name: str, network: Callable[[Floats], tuple[Floats, ...]]) -> Callable[[Floats], tuple[Floats, ...]]:
        def ask(values: Floats) -> tuple[Floats, ...]:
            asked.append(f"detector/{name}")
            return network(values)

        return ask

    networks = {name: counted(name, network) for name, network in classifier.detector_networks().items()}
    plan = DetectorPlan.read(bundle.detector or {})
    finder = FaceFinder(Networks(networks["pnet"], networks["rnet"], networks["onet"]), plan)
    bare = {name: _bare(bundle, name) for name in ("detector/pnet", "detector/rnet", "detector/onet", "face", "fusion")}
    index = 0

    def ours() -> None:
        nonlocal index
        asked.clear()
        index += 1
        crop = finder.find(Frame(picture, HostNs(index * 200_000_000), index))
        if crop is not None:
            asked.extend(("face", "fusion", "fusion"))
            classifier.fuse(StreamNs(0), None, classifier.face(crop), clock.now)

    cv2.setNumThreads(1)
    return _in_turns(ours, lambda: [bare[name]() for name in asked], clock)


def _in_turns(ours: Callable[[], object], bare: Callable[[], object], clock: Clock) -> dict[str, object]:
    daemon, networks = Latencies(), Latencies()
    for round_ in range(WARM_UP + ROUNDS):
        for call, times in ((ours, daemon), (bare, networks)):
            start = clock.now()
            call()
            if round_ >= WARM_UP:
                times.add(start, clock.now())
    told, alone = daemon.summary(), networks.summary()
    ratio = None if not alone["p50"] or told["p50"] is None else round(told["p50"] / alone["p50"], 3)
    return {"daemon_ms": told, "networks_ms": alone, "ratio": ratio}


def _bare(bundle: Bundle, name: str) -> Callable[[], None]:
    """LiteRT's own invoke and nothing around it."""
    litert: Any = importlib.import_module("ai_edge_litert.interpreter")
    file = dict(bundle.contract.networks())[name].file
    interpreter: Any = litert.Interpreter(model_content=bundle.read(file), num_threads=1)
    interpreter.allocate_tensors()
    return cast(Callable[[], None], interpreter.invoke)

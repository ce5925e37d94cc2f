"""What a prediction costs in the daemon, against the bare networks that it asks."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
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
    a prediction, with the detector's networks as often as they were asked: of frames in which the face is `followed`,
    of those that are searched (`detected`), and the `ratio` of both in the daemon's own mix, four to one; None without
    a ``picture`` of a face.
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
    networks = {name for name, _ in bundle.contract.networks()}
    asked = (*("face",) * classifier.glances, "wrist", "fusion", "fusion")
    bare = [_bare(bundle, name) for name in asked if name in networks]
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
    followed = False

    def ours() -> None:
        nonlocal index, followed
        asked.clear()
        index += 1
        crop = finder.find(Frame(picture, HostNs(index * 200_000_000), index))
        followed = crop is not None and crop.tracked
        if crop is not None:
            asked.extend((*("face",) * classifier.glances, "fusion", "fusion"))
            classifier.fuse(StreamNs(0), None, classifier.face(crop), clock.now)

    cv2.setNumThreads(1)
    turns = _Turns(ours, lambda: [bare[name]() for name in asked], clock)
    each = {True: _Beside(), False: _Beside()}
    for round_ in range(WARM_UP + ROUNDS):
        taken = turns.take()
        if round_ >= WARM_UP:
            each[followed].add(taken)
    mixed = [4 * each[True].medians[k] + each[False].medians[k] for k in (0, 1)]
    ratio = round(mixed[0] / mixed[1], 3) if mixed[1] else None
    return {"ratio": ratio, "followed": each[True].told(), "detected": each[False].told()}


@dataclass(frozen=True, slots=True)
class _Turns:
    """The daemon's way and the bare networks, one after the other."""

    ours: Callable[[], object]
    bare: Callable[[], object]
    clock: Clock

    def take(self) -> tuple[HostNs, HostNs, HostNs]:
        """When the first began, when the second did, and the end."""
        begun = self.clock.now()
        self.ours()
        between = self.clock.now()
        self.bare()
        return begun, between, self.clock.now()


class _Beside:
    """Times of the daemon beside those of its networks."""

    def __init__(self) -> None:
        self._daemon, self._networks = Latencies(), Latencies()

    def add(self, taken: tuple[HostNs, HostNs, HostNs]) -> None:
        self._daemon.add(taken[0], taken[1])
        self._networks.add(taken[1], taken[2])

    @property
    def medians(self) -> tuple[float, float]:
        """Of the daemon and of the networks, in ms; 0 where nothing was timed."""
        return self._daemon.summary()["p50"] or 0.0, self._networks.summary()["p50"] or 0.0

    def told(self) -> dict[str, object]:
        daemon, networks = self.medians
        ratio = round(daemon / networks, 3) if networks else None
        return {"daemon_ms": self._daemon.summary(), "networks_ms": self._networks.summary(), "ratio": ratio}


def _in_turns(ours: Callable[[], object], bare: Callable[[], object], clock: Clock) -> dict[str, object]:
    turns, beside = _Turns(ours, bare, clock), _Beside()
    for round_ in range(WARM_UP + ROUNDS):
        taken = turns.take()
        if round_ >= WARM_UP:
            beside.add(taken)
    return beside.told()


def _bare(bundle: Bundle, name: str) -> Callable[[], None]:
    """LiteRT's own invoke and nothing around it."""
    litert: Any = importlib.import_module("ai_edge_litert.interpreter")
    file = dict(bundle.contract.networks())[name].file
    interpreter: Any = litert.Interpreter(model_content=bundle.read(file), num_threads=1)
    interpreter.allocate_tensors()
    return cast(Callable[[], None], interpreter.invoke)

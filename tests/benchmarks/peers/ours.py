"""What vagus does with the same inputs, by the device's own code: `python ours.py JOB INPUTS`."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from edge.bundle import Bundle
from edge.clock import HostNs, StreamNs
from edge.flow import EMOTIONS, Channel, Crop, Floats, Frame, Image, Signal, Window
from edge.inference.classifier import Classifier, FaceEstimate
from edge.sensing.face import FaceFinder
from edge.sensing.face_cascade import DetectorPlan, Networks
from edge.settings import shipped_bundle
from edge.signals.features import extract
from edge.signals.heart import find_beats
from firmware_bridge import codec, gatt
from firmware_bridge.messages import HeartRate, Message, PolarAcceleration, PolarEcg
from tests.benchmarks.peers.worker import Answer, Work, batches, serve

_SECOND = 1_000_000_000
_RATES = {Channel.PULSE: 64.0, Channel.SKIN_CONDUCTANCE: 4.0, Channel.SKIN_TEMPERATURE: 4.0, Channel.MOTION: 32.0}


def detect(inputs: str) -> Work:
    """Find the face, by a whole detection on every frame."""
    return _look(inputs, every=1, judge=False)


def face(inputs: str) -> Work:
    """Find the face, by a whole detection on every frame, and judge it."""
    return _look(inputs, every=1, judge=True)


def followed(inputs: str) -> Work:
    """The same as the daemon does it: a whole detection on every fifth frame, the face followed between."""
    return _look(inputs, every=5, judge=True)


def emotions(inputs: str) -> Work:
    """The face network alone on FER-2013 pictures."""
    pictures: Image = np.load(inputs)["pictures"]
    classifier, marks = Classifier(Bundle.open(shipped_bundle(), canary=False)), np.zeros((5, 2), np.float32)

    def work(item: int) -> Answer:
        crop = Crop(pictures[item], (0.0, 0.0, 48.0, 48.0), marks, 1.0, False, HostNs(0))
        return {"emotion": _likeliest(classifier.face(crop))}

    return work


def features(inputs: str) -> Work:
    """All features of one minute."""
    data = np.load(inputs)

    def work(item: int) -> Answer:
        told = dict(zip((found := extract(window(data, item))).names, found.values.tolist(), strict=True))
        return {name: told[name] if told[name] == told[name] else None for name in ("heart_rate", "rmssd")} | {
            "pulse_rate": told["pulse_rate"], "conductance": told["conductance"],
        }  # fmt: skip

    return work


def decoding(inputs: str) -> Work:
    """Heart-rate notifications and Polar frames, by the daemon's own register."""
    courses = [(kind, [bytes(packet) for packet in packets]) for kind, packets in batches(inputs)]

    def work(item: int) -> Callable[[], Answer]:
        kind, packets = courses[item]
        source = gatt.HEART_RATE_MEASUREMENT if kind == "heart" else gatt.POLAR_DATA
        said = [codec.decode(source, packet) for packet in packets]
        return lambda: {"kind": kind, "sum": sum(map(_sum, said))}

    return work


def _sum(said: Message) -> int:
    match said:
        case HeartRate():
            return said.bpm + sum(round(ms) for ms in said.rr_ms)
        case PolarEcg():
            return sum(said.microvolts)
        case PolarAcceleration():
            return sum(sum(sample) for sample in said.xyz)
        case other:
            raise TypeError(f"{type(other).__name__} was not sent")


def window(data: "np.lib.npyio.NpzFile[np.float32]", item: int) -> Window:
    """One minute of every channel as the daemon's windows hand it over."""
    arrays = {Channel.PULSE: data["pulse"][item] * np.float32(100), Channel.SKIN_CONDUCTANCE: data["conductance"][item]}
    arrays |= {Channel.SKIN_TEMPERATURE: data["temperature"][item], Channel.MOTION: data["motion"][item]}
    signals = {channel: _signal(values, _RATES[channel]) for channel, values in arrays.items()}
    return Window(StreamNs(0), StreamNs(60 * _SECOND), signals, HostNs(0))


def intervals(data: "np.lib.npyio.NpzFile[np.float32]", item: int) -> Floats:
    """The trusted beat intervals of one minute, in ms."""
    beats = find_beats(window(data, item))
    return np.zeros(0, np.float32) if beats is None else beats.intervals_ms[beats.good].astype(np.float32)


def _signal(values: Floats, hz: float) -> Signal:
    times = np.rint(np.arange(len(values)) * (_SECOND / hz)).astype(np.int64)
    return Signal(times, values, hz, 1.0)


def _look(inputs: str, *, every: int, judge: bool) -> Work:
    cv2.setNumThreads(1)
    data = np.load(inputs)
    frames: list[Image] = [data[name] for name in sorted(data.files) if name.startswith("frame")]
    bundle = Bundle.open(shipped_bundle(), canary=False)
    classifier = Classifier(bundle)
    parts, plan = classifier.detector_networks(), DetectorPlan.read(bundle.detector or {})
    finder = FaceFinder(Networks(parts["pnet"], parts["rnet"], parts["onet"]), plan, every)

    def work(item: int) -> Answer:
        crop = finder.find(Frame(frames[item], HostNs(item * _SECOND // 25), item))
        if crop is None:
            return {"box": None}
        found: Answer = {"box": [round(v) for v in crop.box]}
        return found | {"emotion": _likeliest(classifier.face(crop))} if judge else found

    return work


def _likeliest(estimate: FaceEstimate) -> str:
    return EMOTIONS[int(estimate.logits.argmax())]


if __name__ == "__main__":
    serve(
        {"detect": detect, "face": face, "followed": followed, "emotions": emotions, "features": features}
        | {"decoding": decoding}
    )

"""What other programs do with the same inputs: `python theirs.py fer|mtcnn|neurokit|flirt|bleakheart INPUTS`.

Runs in an environment that has the peer and not us. None of these libraries is imported by ours.
"""
# Each job imports a library that is not installed where the checker looks.
# pyright: basic, reportMissingImports=false

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from worker import Answer, Work, batches, serve

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def fer(inputs: str) -> Work:
    """fer 25.10.3 by its defaults: a Haar cascade finds, its quantised mini-XCEPTION judges.

    Its other finder needs PyTorch, which ends the process beside the TensorFlow of today (LLVM options given twice).
    """
    from fer.fer import FER

    frames, detector = _frames(inputs), cast(Any, FER())

    def work(item: int) -> Answer:
        found = detector.detect_emotions(frames[item])
        if not found:
            return {"box": None}
        best = max(found, key=lambda one: one["box"][2] * one["box"][3])
        return {"box": [int(v) for v in best["box"]], "emotion": max(best["emotions"], key=best["emotions"].get)}

    return work


def fer_emotions(inputs: str) -> Work:
    """The same classifier alone on FER-2013 pictures, prepared as its own code prepares a face."""
    import cv2
    from fer.fer import FER

    pictures = np.load(inputs)["pictures"]
    judge: Any = FER()

    def work(item: int) -> Answer:
        face = cv2.resize(pictures[item], (64, 64)).astype("float32")
        chances = np.asarray(judge._classify_emotions(((face / 255.0 - 0.5) * 2.0)[None]))[0]
        return {"emotion": EMOTIONS[int(chances.argmax())]}

    return work


def mtcnn(inputs: str) -> Work:
    """The original MTCNN on TensorFlow, with its own defaults."""
    from mtcnn import MTCNN

    frames, detector = _frames(inputs), cast(Any, MTCNN())

    def work(item: int) -> Answer:
        found = detector.detect_faces(np.ascontiguousarray(frames[item][:, :, ::-1]))
        if not found:
            return {"box": None}
        best = max(found, key=lambda one: one["box"][2] * one["box"][3])
        return {"box": [int(v) for v in best["box"]]}

    return work


def neurokit(inputs: str) -> Work:
    """Pulse, its variability and skin conductance over one minute, by its high-level functions."""
    import warnings

    import neurokit2 as nk

    warnings.simplefilter("ignore")
    data = np.load(inputs)

    def work(item: int) -> Answer:
        signals, info = nk.ppg_process(data["pulse"][item].astype(float), sampling_rate=64)
        told: dict[str, float] = {"heart_rate": float(np.nanmean(signals["PPG_Rate"]))}
        variability = nk.hrv_time(info["PPG_Peaks"], sampling_rate=64)
        told["rmssd"] = float(variability["HRV_RMSSD"].iloc[0])
        nk.hrv_frequency(info["PPG_Peaks"], sampling_rate=64)
        eda, _ = nk.eda_process(data["conductance"][item].astype(float), sampling_rate=4)
        told["conductance"] = float(eda["EDA_Tonic"].mean())
        return dict(told)

    return work


def flirt(inputs: str) -> Work:
    """Its three feature sets over one minute. It finds no beats, so it is given the intervals that we found."""
    import flirt as peer
    import pandas as pd

    data = np.load(inputs)
    begin = pd.Timestamp("2026-01-01", tz="UTC")

    def index(n: int, hz: float) -> Any:
        return pd.date_range(begin, periods=n, freq=pd.Timedelta(seconds=1 / hz))

    def work(item: int) -> Answer:
        conductance, motion = data["conductance"][item].astype(float), data["motion"][item].astype(float)
        peer.get_eda_features(pd.Series(conductance, index(240, 4)), 60, 60, 4, num_cores=1)
        peer.get_acc_features(
            pd.DataFrame(motion, index(1920, 32), ["acc_x", "acc_y", "acc_z"]), 60, 60, 32, num_cores=1
        )
        intervals = data["intervals"][item]
        intervals = intervals[intervals > 0].astype(float)
        at = begin + pd.to_timedelta(np.cumsum(intervals), unit="ms")
        series = pd.Series(intervals, index=at, name="ibi")
        heart = peer.get_hrv_features(series, 50, 50, ["td", "fd", "stat"], 0.2, True, num_cores=1)
        rate = 60_000 / float(heart["hrv_mean_nni"].iloc[0]) if len(heart) else None
        return {"heart_rate": rate, "rmssd": float(heart["hrv_rmssd"].iloc[0]) if len(heart) else None}

    return work


def bleakheart(inputs: str) -> Work:
    """Heart-rate notifications and Polar frames; its decoders are methods, so it is called without a device."""
    from bleakheart._core import HeartRate, PolarMeasurementData

    courses = batches(inputs)
    rate: Any = HeartRate(None, callback=print)
    polar: Any = PolarMeasurementData(None)
    ways = {"heart": rate._decode, "ecg": polar._decode_ecg_data, "acc": polar._decode_acc_data}
    sums: dict[str, Callable[[Any], int]] = {
        "heart": lambda said: said["hr"] + sum(said.get("rr", ())),
        "ecg": sum,
        "acc": lambda said: sum(sum(row) for row in said),
    }

    def work(item: int) -> Callable[[], Answer]:
        kind, packets = courses[item]
        decode = ways[kind]
        said = [decode(packet) for packet in packets]
        return lambda: {"kind": kind, "sum": sum(map(sums[kind], said))}

    return work


def _frames(inputs: str) -> list[Any]:
    data = np.load(inputs)
    return [data[name] for name in sorted(data.files) if name.startswith("frame")]


if __name__ == "__main__":
    serve(
        {
            "fer": fer,
            "fer_emotions": fer_emotions,
            "mtcnn": mtcnn,
            "neurokit": neurokit,
            "flirt": flirt,
            "bleakheart": bleakheart,
        }
    )

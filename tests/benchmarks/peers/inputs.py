"""Recordings -> the frames, faces, minutes and packets that every program of the race gets, as `.npz` files."""

import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.benchmarks.peers import ours

CLIPS = ("pyfeat_single_face.mp4", "intel_head-pose-face-detection-male.gif", "pyfeat_WolfgangLanger_Pexels.mp4")
_PUBLIC = 1
_BATCH = 100
_HEART, _ECG, _ACC = 2000, 2000, 2000


@dataclass(frozen=True, slots=True)
class Course:
    """One input file and how many items it has."""

    file: Path
    items: int


def frames(data: Path, out: Path, each: int) -> Course:
    """``each`` frames of every clip with a face, one after the other as they were filmed."""
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = {}
    for clip in CLIPS:
        film = cv2.VideoCapture(str(data / "clips" / clip))
        for _ in range(each):
            there, picture = film.read()
            if not there:
                break
            arrays[f"frame{len(arrays):04}"] = picture.astype(np.uint8, copy=False)
        film.release()
    np.savez(out / "frames.npz", allow_pickle=False, **arrays)
    return Course(out / "frames.npz", len(arrays))


def faces(data: Path, out: Path, count: int) -> Course:
    """FER-2013 PublicTest pictures with the contest's labels, chosen by chance (seed 0)."""
    with np.load(data / "fer2013_train_public.npz") as held:
        rows = np.flatnonzero(held["usage"] == _PUBLIC)
        rows = np.random.default_rng(0).permutation(rows)[:count]
        np.savez(out / "faces.npz", pictures=held["images"][rows], labels=held["fer_label"][rows])
    return Course(out / "faces.npz", len(rows))


def minutes(data: Path, out: Path, each: int) -> Course:
    """Minutes of WESAD wrists, ``each`` of every person, spread over the recording; intervals are ours, for FLIRT."""
    kept: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]] = {}
    with np.load(data / "wesad_wrist.npz") as held:
        people = sorted({name.split("_")[0] for name in held.files})
        for person in people:
            whole = len(held[f"{person}_EDA"]) // 240
            for minute in np.linspace(5, whole - 5, each).astype(int):
                for name, track, hz in (
                    ("pulse", "BVP", 64), ("conductance", "EDA", 4), ("temperature", "TEMP", 4), ("motion", "ACC", 32),
                ):  # fmt: skip
                    values = held[f"{person}_{track}"][60 * hz * minute : 60 * hz * (minute + 1)].astype(np.float32)
                    kept.setdefault(name, []).append(values / 64 if name == "motion" else values)
    file = out / "minutes.npz"
    arrays = {name: np.stack(values) for name, values in kept.items()}
    np.savez(file, allow_pickle=False, **arrays)
    with np.load(file) as first:
        found = [ours.intervals(first, item) for item in range(len(arrays["pulse"]))]
    padded = np.zeros((len(found), max(map(len, found))), np.float32)
    for row, intervals in zip(padded, found, strict=True):
        row[: len(intervals)] = intervals
    np.savez(file, allow_pickle=False, intervals=padded, **arrays)
    return Course(file, len(found))


def packets(out: Path) -> Course:
    """Heart-rate notifications with two intervals, and a Polar H10's ECG and acceleration frames (seed 0)."""
    chance = np.random.default_rng(0)
    heart = [struct.pack("<BBHH", 0x10, *chance.integers((50, 600, 600), (150, 1200, 1200))) for _ in range(_HEART)]
    ecg = [
        struct.pack("<BQB", 0, k * 561_538_461, 0)
        + b"".join(int(v).to_bytes(3, "little", signed=True) for v in chance.integers(-2000, 2000, 73))
        for k in range(_ECG)
    ]
    acc = [
        struct.pack("<BQB", 2, k * 180_000_000, 1) + chance.integers(-2000, 2000, 108).astype("<i2").tobytes()
        for k in range(_ACC)
    ]
    every = {"heart": heart, "ecg": ecg, "acc": acc}
    # One kind after the other in turn, so that a busy moment of the machine falls on all of them.
    order = [(kind, row) for row in range(0, _HEART, _BATCH) for kind in every]
    np.savez(
        out / "packets.npz",
        allow_pickle=False,
        kinds=np.array([kind for kind, _ in order]),
        rows=np.array([row for _, row in order]),
        batch=np.array(_BATCH),
        **{kind: np.frombuffer(b"".join(sent), np.uint8).reshape(len(sent), -1) for kind, sent in every.items()},
    )
    return Course(out / "packets.npz", len(order))

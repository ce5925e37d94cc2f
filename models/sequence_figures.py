"""What a frame network and a sequence network said of the same clips in; figures side by side, out."""

from dataclasses import dataclass

import numpy as np

from edge.flow import EMOTIONS, Floats
from models import left_out
from models.left_out import LeftOut
from models.metrics import Labels, agreement

_KEEP = tuple(np.round(np.arange(0.0, 0.95, 0.1), 2).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Clips of equal length."""

    labels: Labels
    """(n, t)"""
    frames: Floats
    """(n, t, 7) chances by the frame network, of each frame alone"""
    sequence: Floats
    """(n, t, 7) chances by the sequence network, of each frame and those before it"""


def compared(tuning: Judged, test: Judged) -> dict[str, dict[str, object]]:
    """Figures of every frame of the test clips, intervals of 95 % draw whole clips again.

    Between the two stands the frame network smoothed by an exponential average, whose momentum the tuning clips chose.
    """
    keep = max(_KEEP, key=lambda k: agreement(smoothed(tuning.frames, k).argmax(axis=2), tuning.labels))
    said = {
        "frame network": _left(test.frames, test.labels),
        f"frame network, smoothed ({keep:g} kept)": _left(smoothed(test.frames, keep), test.labels),
        "GRU": _left(test.sequence, test.labels),
    }
    told: dict[str, dict[str, object]] = {}
    for name, one in said.items():
        told[name] = left_out.figures(one, EMOTIONS)
        del told[name]["per_person"]
        if name != "GRU":
            gap = left_out.difference(said["GRU"], one, "accuracy")
            told[name]["gru_better_by"], told[name]["gru_better_by_95"] = gap["difference"], gap["difference_95"]
    return told


def smoothed(chances: Floats, keep: float) -> Floats:
    """Exponential average over the frames (n, t, 7); `keep` is what remains of the past at each."""
    said = chances.copy()
    for step in range(1, chances.shape[1]):
        said[:, step] = keep * said[:, step - 1] + (1 - keep) * chances[:, step]
    return said


def _left(chances: Floats, labels: Labels) -> LeftOut:
    clips, steps = labels.shape
    names = tuple(f"{clip}" for clip in range(clips) for _ in range(steps))
    place = np.resize(np.arange(steps, dtype=np.float64), clips * steps)
    return LeftOut(chances.reshape(clips * steps, -1), labels.ravel(), names, place)

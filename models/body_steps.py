"""Recordings of a wrist in; what Mouthami et al. 2025 fuse of the body, every two seconds, out (their section 3.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.flow import Channel, Floats
from models.catalog import TrainingError
from models.datasets import stress_predict
from models.datasets.stress_predict import HeartRates

STEP_S = 2
_HEART_BEGINS_S = 10
NAMES = ("heart_rate", "heart_rate_change", "skin_conductance", "skin_conductance_slope", "skin_temperature", "motion")
_HOP = 10
"""Steps from one sequence to the next."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BodySteps:
    """One person."""

    subject: str
    values: Floats
    """(n, 6) in the order of NAMES"""
    labels: Labels
    """(n,): 1 stress, 0 calm, -1 neither or both"""


@dataclass(frozen=True, slots=True, eq=False)
class BodySequences:
    """Sequences of several people."""

    values: Floats
    """(m, steps, 6)"""
    labels: Labels
    """(m,)"""
    people: tuple[str, ...]
    """(m,)"""


def read(data: Path) -> list[BodySteps]:
    """Everybody with labels; raises DatasetError as models/datasets/stress_predict does."""
    hearts = {person.subject: person for person in stress_predict.heart_rates(data)}
    recordings = [one for one in stress_predict.load(data) if one.subject in hearts]
    return [_steps(hearts[one.subject], {c: one.tracks[c].values for c in one.tracks}) for one in recordings]


def sequences(people: Sequence[BodySteps], steps: int) -> BodySequences:
    """All sequences of so many steps that lie wholly in one state; TrainingError where there is none."""
    cut: list[tuple[Floats, int, str]] = []
    for person in people:
        for start in range(0, len(person.labels) - steps + 1, _HOP):
            state = person.labels[start : start + steps]
            if state[0] >= 0 and (state == state[0]).all():
                cut.append((person.values[start : start + steps], int(state[0]), person.subject))
    if not cut:
        raise TrainingError(
            f"nobody of {len(people)} people stays in one state for {steps} steps ({steps * STEP_S} s); give "
            "recordings with longer stretches, or, where a search chose so many steps, delete its search.json"
        )
    values, labels, names = zip(*cut, strict=True)
    return BodySequences(np.stack(values), np.array(labels, np.int64), names)


def _steps(heart: HeartRates, tracks: dict[Channel, Floats]) -> BodySteps:
    """Seconds before the watch's own heart rate begins are left out."""
    count = len(heart.bpm) // STEP_S
    skin, heat = (_by_step(tracks[c], 4, count) for c in (Channel.SKIN_CONDUCTANCE, Channel.SKIN_TEMPERATURE))
    motion = _by_step(np.linalg.norm(tracks[Channel.MOTION], axis=1), 32, count)
    count = min(count, len(skin), len(heat), len(motion))
    bpm = heart.bpm[: count * STEP_S].reshape(count, STEP_S).mean(axis=1)
    bpm = np.nan_to_num(bpm, nan=float(np.nanmedian(bpm)))
    level = skin[:count].mean(axis=1)
    values = [bpm, _change(bpm), level, _change(level), heat[:count].mean(axis=1), motion[:count].std(axis=1)]
    state = heart.labels[: count * STEP_S].reshape(count, STEP_S)
    labels = np.where((state == state[:, :1]).all(axis=1), state[:, 0], -1).astype(np.int64)
    return BodySteps(heart.subject, np.stack(values, axis=1).astype(np.float32), labels)


def _by_step(values: Floats, rate_hz: int, count: int) -> Floats:
    """(n, samples of a step), from when the heart rate begins."""
    wide = rate_hz * STEP_S
    values = values[_HEART_BEGINS_S * rate_hz :][: count * wide]
    return values[: len(values) // wide * wide].reshape(-1, wide)


def _change(values: Floats) -> Floats:
    """Difference to the step before, 0 at the first."""
    return np.diff(values, prepend=values[:1])

"""Heart rate of a wrist, once a second, in; overlapping windows as Hegh et al. 2025 prepare them, out.

Section "Data Preprocessing": each window is resampled to a fixed length, scaled between its own least and most; mean,
variance and Fourier features stand beside it ("Feature Extraction"), because scaling took the first two away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.catalog import TrainingError
from models.datasets.stress_predict import FILE, HeartRates

STEPS = 32
"""Values of a window, whatever its duration."""
WINDOW_S, HOP_S = 60, 15
_FOURIER = 6
STATISTICS = 2 + _FOURIER

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class HeartWindows:
    """Windows of several people."""

    sequences: Floats
    """(n, STEPS) between 0 and 1"""
    statistics: Floats
    """(n, STATISTICS): mean and variance in beats a minute, then amplitudes of the slowest waves of the sequence"""
    labels: Labels
    """(n,): 1 stress, 0 calm"""
    people: tuple[str, ...]
    """Whose each is, (n,)"""

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "HeartWindows":
        """The windows at these indices, or where this mask holds."""
        names = np.array(self.people)[rows].tolist()
        return HeartWindows(self.sequences[rows], self.statistics[rows], self.labels[rows], tuple(names))


def windows(people: Sequence[HeartRates]) -> HeartWindows:
    """Every window that lies wholly in one state and misses no second. TrainingError when there is none."""
    if not people:
        raise TrainingError(f"nobody's heart rate is labelled here; give the directory that holds {FILE}")
    sequences, statistics = list[Floats](), list[Floats]()
    labels, names = list[int](), list[str]()
    for person in people:
        for start in range(0, len(person.bpm) - WINDOW_S + 1, HOP_S):
            bpm, state = person.bpm[start : start + WINDOW_S], person.labels[start : start + WINDOW_S]
            if state[0] < 0 or (state != state[0]).any() or not np.isfinite(bpm).all():
                continue
            sequences.append(sequence := scaled(resampled(bpm)))
            statistics.append(told(bpm, sequence))
            labels.append(int(state[0]))
            names.append(person.subject)
    if not sequences:
        raise TrainingError(
            f"none of {len(people)} people has {WINDOW_S} s of heart rate in one state without a gap; "
            f"give the directory that holds {FILE} as it was published"
        )
    return HeartWindows(np.stack(sequences), np.stack(statistics), np.array(labels, np.int64), tuple(names))


def resampled(bpm: Floats) -> Floats:
    """(any,) to (STEPS,), by straight lines between its values."""
    places = np.linspace(0, len(bpm) - 1, STEPS)
    return np.interp(places, np.arange(len(bpm)), bpm).astype(np.float32)


def scaled(sequence: Floats) -> Floats:
    """Between 0, its least, and 1, its most; a heart rate that does not change is .5 throughout."""
    low, high = float(sequence.min()), float(sequence.max())
    if high == low:
        return np.full(len(sequence), 0.5, np.float32)
    return ((sequence - low) / (high - low)).astype(np.float32)


def told(bpm: Floats, sequence: Floats) -> Floats:
    """(STATISTICS,) of a window as it came and of its scaled sequence."""
    waves = np.abs(np.fft.rfft(sequence - sequence.mean()))[1 : _FOURIER + 1] / len(sequence)
    return np.concatenate([[bpm.mean(), bpm.var()], waves]).astype(np.float32)

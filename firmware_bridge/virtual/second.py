"""What a watch's sensors would read during one second on a wrist."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Readings = npt.NDArray[np.float64]

PULSE_HZ = 64
SKIN_HZ = 4
MOTION_HZ = 32


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """One second of one wearer, in physical units; rates are those of an Empatica E4."""

    pulse: Readings
    """(64,) blood volume pulse in E4 units, zero mean over some beats, falling at each beat's foot"""
    skin_conductance_us: Readings
    """(4,)"""
    skin_temperature_c: Readings
    """(4,)"""
    motion_g: Readings
    """(32, 3)"""
    heart_bpm: float | None
    """Mean of the last beats; None where it is not known."""
    beats_ms: tuple[float, ...] = ()
    """Intervals of the beats that ended in this second; empty where only the rate is known."""
    worn: bool = True
    ecg_uv: Readings | None = None
    """(n,) as a strap on the chest samples it; None: made up from the beats"""
    eeg_uv: Readings | None = None
    """(n, 4) as a headband's electrodes TP9, AF7, AF8 and TP10 sample it; None: made up"""


def resample(readings: Readings, samples: int) -> Readings:
    """One second's readings as so many, evenly spaced from its start; linear between, level behind the last."""
    if len(readings) % samples == 0:
        return readings[:: len(readings) // samples]
    times, given = np.arange(samples) / samples, np.arange(len(readings)) / len(readings)
    if readings.ndim == 1:
        return np.interp(times, given, readings)
    return np.stack([np.interp(times, given, readings[:, axis]) for axis in range(readings.shape[1])], axis=1)

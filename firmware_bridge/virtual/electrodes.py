"""The ECG of a wearer's second: a P, QRS and T wave for every beat."""

from collections import deque

import numpy as np

from firmware_bridge.virtual.second import Readings, Second, resample

# Height in microvolts, centre and width in seconds from the R peak, of the waves P, Q, R, S, T.
_WAVES = ((110, -0.17, 0.022), (-90, -0.026, 0.009), (1050, 0.0, 0.010), (-210, 0.027, 0.010), (260, 0.26, 0.045))


class Electrodes:
    """Follows one wearer from second to second; where only the rate is known, beats are even."""

    def __init__(self) -> None:
        self._second = 0
        self._next_even = 0.5
        self._told = 0.0
        self._peaks: deque[float] = deque(maxlen=8)

    def read(self, second: Second, samples: int) -> Readings:
        """The ECG of the wearer's next second in microvolts, shape (samples,). A beat shows from its R peak on."""
        if second.ecg_uv is not None:
            return resample(second.ecg_uv, samples)
        begin = float(self._second)
        self._second += 1
        if second.beats_ms:
            for beat_ms in second.beats_ms:
                self._told += beat_ms / 1000
                self._peaks.append(self._told)
            self._next_even = self._told
        elif second.heart_bpm is not None:
            while self._next_even < begin + 1:
                self._peaks.append(self._next_even)
                self._next_even += 60 / second.heart_bpm
        else:
            self._next_even = self._told = begin + 1
        times = begin + np.arange(samples) / samples
        wave = np.zeros(samples)
        for peak in self._peaks:
            for height, centre, width in _WAVES:
                wave += height * np.exp(-0.5 * ((times - peak - centre) / width) ** 2)
        return wave

"""A real recording of rest, then mental arithmetic (eegmat as `.npz`) in; its wearer, second by second, out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from firmware_bridge.errors import LinkError
from firmware_bridge.virtual.montage import headband
from firmware_bridge.virtual.recording import open_archive
from firmware_bridge.virtual.second import MOTION_HZ, PULSE_HZ, SKIN_HZ, Readings, Second

Kind: TypeAlias = Literal["ecg", "eeg"]
WEARERS: Mapping[str, tuple[Kind, int]] = MappingProxyType(
    {"polar-h10": ("ecg", 130), "movesense": ("ecg", 125), "muse": ("eeg", 256)}
)
"""Virtual devices that can play such a recording, what of it, and at which rate they sample."""
_RECORDED_HZ: Mapping[Kind, float] = MappingProxyType({"ecg": 250.0, "eeg": 128.0})
_PARTS = ("1", "2")
"""Rest, then arithmetic."""
_TALL_UV, _TALL = 1000.0, 99.5
"""The recorder's unit is no common one: this percentile of the ECG becomes so many microvolts."""


def kind_of(file: Path) -> Kind | None:
    """`ecg` or `eeg` for a recording of this kind, None for another; LinkError when the file cannot be read."""
    with open_archive(file) as archive:
        names = archive.files
        if not any(name.endswith("_1") for name in names):
            return None
        return "eeg" if "channels" in names else "ecg"


def wear(file: Path, subject: str, start_s: float, device: str) -> Iterator[Second]:
    """One subject's rest and then their arithmetic, from ``start_s`` on, as ``device`` of WEARERS would sample it.

    The file holds `S00_1` (rest) and `S00_2`: ECG (n,) at 250 Hz, or EEG (electrodes, n) at 128 Hz in tenths of a
    microvolt with their names in `channels`. Raises LinkError at once if it cannot be read, holds another channel than
    the device has, knows no such subject, or ends before ``start_s``.
    """
    kind, rate_hz = WEARERS[device]
    if (there := kind_of(file)) != kind:
        raise LinkError(f"{file} holds {there or 'no electrodes'}, and a {device} measures {kind}; name another device")
    values = _load(file, subject, kind)
    played = _resampled(values, _RECORDED_HZ[kind], rate_hz)
    first, end = int(start_s), len(played) // rate_hz
    if first >= end:
        raise LinkError(f"the recording of {subject} in {file} is {end} s long; it cannot start at {start_s:g} s")
    still = np.tile([0.0, 0.0, 1.0], (MOTION_HZ, 1))

    def seconds() -> Iterator[Second]:
        for s in range(first, end):
            here = played[s * rate_hz : (s + 1) * rate_hz]
            yield Second(
                pulse=np.zeros(PULSE_HZ), skin_conductance_us=np.zeros(SKIN_HZ), skin_temperature_c=np.zeros(SKIN_HZ),
                motion_g=still, heart_bpm=None, ecg_uv=here if kind == "ecg" else None,
                eeg_uv=here if kind == "eeg" else None,
            )  # fmt: skip

    return seconds()


def _load(file: Path, subject: str, kind: Kind) -> Readings:
    with open_archive(file) as archive:
        present = sorted(name.removesuffix("_1") for name in archive.files if name.endswith("_1"))
        if subject not in present:
            raise LinkError(f"{file} has no subject {subject!r}; there are {', '.join(present)}")
        whole = np.concatenate([archive[f"{subject}_{part}"].T.astype(np.float64) for part in _PARTS])
        if kind == "ecg":
            risen = whole - np.median(whole)
            return risen * (_TALL_UV / max(float(np.percentile(np.abs(risen), _TALL)), 1e-9))
        electrodes = [str(name).removeprefix("EEG ") for name in archive["channels"]]
    try:
        return headband(whole / 10, electrodes)
    except ValueError as error:
        raise LinkError(f"{file}: {error}") from error


def _resampled(values: Readings, rate_hz: float, to_hz: float) -> Readings:
    """The whole recording at another rate, by its Fourier transform; only its very ends ring."""
    count = round(len(values) * to_hz / rate_hz)
    spectrum = np.fft.rfft(values, axis=0)
    kept = count // 2 + 1
    fitting = np.zeros((kept, *spectrum.shape[1:]), np.complex128)
    fitting[: min(kept, len(spectrum))] = spectrum[:kept]
    return np.fft.irfft(fitting, count, axis=0) * (count / len(values))

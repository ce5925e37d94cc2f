"""A recording of a wrist in; the samples that a watch would have sent, out."""

import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND, HostNs
from edge.flow import Channel, Floats, Samples
from models.datasets import DatasetError

Labels = npt.NDArray[np.int8]

_STEP: Mapping[Channel, float] = {
    Channel.SKIN_CONDUCTANCE: 1e-3,
    Channel.SKIN_TEMPERATURE: 1e-2,
    Channel.MOTION: 1 / 4096,
    Channel.PULSE: 1.0,
}
"""One step of the stream's integers, in the channel's unit: nS, centi-degC, 1/4096 g, counts."""
PULSE_COUNTS = 100.0
"""Counts for one unit of an E4 pulse wave, which is recorded with two decimals."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One channel of a recording, evenly sampled from its start."""

    rate_hz: float
    values: Floats
    """(n,) or (n, 3), in the channel's unit"""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One person, from the first sample to the last."""

    dataset: str
    subject: str
    tracks: Mapping[Channel, Track]
    label_1hz: Labels
    """(seconds,): 1 stress, 0 calm, -1 unlabelled or excluded"""

    @property
    def duration_s(self) -> float:
        return max(len(track.values) / track.rate_hz for track in self.tracks.values())


@contextmanager
def archive(path: Path) -> Generator[Mapping[str, Floats], None, None]:
    """The arrays of an `.npz`, read as they are asked for.

    Raises DatasetError when the file is no such archive or lacks an array that is asked for.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("one array, no archive of several")  # noqa: TRY004 - the file is wrong, no type
        with loaded as arrays:
            yield arrays
    except KeyError as error:
        raise DatasetError(f"{path} lacks {error.args[0]}; give a file of the recordings' format", path) from error
    except (OSError, ValueError, NotImplementedError, EOFError, BadZipFile, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read ({error}); give a file of the recordings' format", path) from error


def e4_tracks(arrays: Mapping[str, Floats], subject: str) -> dict[Channel, Track]:
    """The four channels of an Empatica E4 in our units, from arrays named SUBJECT_BVP and so on."""
    return {
        Channel.PULSE: Track(64.0, (arrays[f"{subject}_BVP"] * PULSE_COUNTS).astype(np.float32)),
        Channel.SKIN_CONDUCTANCE: Track(4.0, arrays[f"{subject}_EDA"].astype(np.float32)),
        Channel.SKIN_TEMPERATURE: Track(4.0, arrays[f"{subject}_TEMP"].astype(np.float32)),
        Channel.MOTION: Track(32.0, (arrays[f"{subject}_ACC"].astype(np.float32) / 64).astype(np.float32)),
    }


def samples(recording: Recording, packet_s: float = 0.5) -> Iterator[Samples]:
    """The recording as a watch's stream brings it: packets of each channel, in order of time, in the wire's steps.

    Time starts at 0; a packet is received when its last sample has been taken.
    """
    packets = int(np.ceil(recording.duration_s / packet_s))
    tracks = {channel: (track, wire_steps(channel, track.values)) for channel, track in recording.tracks.items()}
    for k in range(packets):
        received = HostNs(round((k + 1) * packet_s * SECOND))
        for channel, (track, values) in tracks.items():
            a, b = (round(edge * packet_s * track.rate_hz) for edge in (k, k + 1))
            b = min(b, len(values))
            if a >= b:
                continue
            times = np.rint(np.arange(a, b) * (SECOND / track.rate_hz)).astype(np.int64)
            yield Samples(channel, times, values[a:b], track.rate_hz, received)


def wire_steps(channel: Channel, values: Floats) -> Floats:
    """Values rounded to the steps of the stream's integers and held within their range."""
    step = _STEP[channel]
    low, high = _range(channel)
    whole = np.clip(np.rint(values.astype(np.float64) / step), low, high)
    return (whole * step).astype(np.float32)


def label_at(recording: Recording, ends_s: npt.NDArray[np.float64]) -> Labels:
    """Label of the last second of each window, (n,); -1 past the labels."""
    second = np.ceil(ends_s).astype(np.int64) - 1
    inside = (second >= 0) & (second < len(recording.label_1hz))
    return np.where(inside, recording.label_1hz[np.clip(second, 0, len(recording.label_1hz) - 1)], -1).astype(np.int8)


def _range(channel: Channel) -> tuple[float, float]:
    match channel:
        case Channel.SKIN_CONDUCTANCE:
            return 0, 0xFFFF
        case Channel.SKIN_TEMPERATURE | Channel.MOTION:
            return -0x8000, 0x7FFF
        case _:
            return -0x80_0000, 0x7F_FFFF

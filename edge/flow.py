"""The journey in nouns: samples, windows, features, predictions, decisions, plans, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from edge.clock import HostNs, StreamNs, UnixNs

Floats = npt.NDArray[np.float32]
"""An array of 32-bit floats; its shape is said where it is used."""
Times = npt.NDArray[np.int64]
"""Stream times in nanoseconds, shape (n,)."""
Image = npt.NDArray[np.uint8]
"""Grey (h, w) or BGR (h, w, 3) picture."""

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven classes of a face, in the order of FER-2013 and of every face model's output."""


class Channel(StrEnum):
    """What is measured. The unit of its values stands beside it."""

    HEART_RATE = "heart_rate"
    """beats per minute, shape (n,)"""
    BEAT_INTERVAL = "beat_interval"
    """ms, shape (n,); the time is that of the beat that ends the interval"""
    PULSE = "pulse"
    """counts, shape (n,)"""
    SKIN_CONDUCTANCE = "skin_conductance"
    """microsiemens, shape (n,)"""
    SKIN_TEMPERATURE = "skin_temperature"
    """degrees Celsius, shape (n,)"""
    MOTION = "motion"
    """g, shape (n, 3)"""
    ECG = "ecg"
    """microvolts, shape (n,)"""
    EEG = "eeg"
    """microvolts, shape (n, electrodes)"""
    BATTERY = "battery"
    """percent, shape (n,)"""


class Modality(StrEnum):
    """A way to know how a person is."""

    FACE = "face"
    WRIST = "wrist"
    ECG = "ecg"
    """Electrodes on the chest."""
    EEG = "eeg"
    """Electrodes on the head."""


class State(StrEnum):
    """What the daemon holds to be true of the person."""

    UNKNOWN = "unknown"
    CALM = "calm"
    STRESS = "stress"


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A run of one channel's samples, in order, as one packet brought them."""

    channel: Channel
    times: Times
    values: Floats
    """(n,) or (n, axes), in the channel's unit."""
    rate_hz: float
    """Nominal rate; 0 for beats and other events."""
    received: HostNs
    """When the packet that carried the last sample reached the host."""
    gap: bool = False
    """Something was lost between the samples before and these."""
    uncertainty_ns: int = 0
    """How far the times may be off, one standard deviation."""
    axes: tuple[str, ...] = ()
    """Names of the values' columns where they have some: an EEG's electrodes."""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """One channel's samples inside a window."""

    times: Times
    values: Floats
    rate_hz: float
    complete: float
    """Share of the expected samples that are here, 0 to 1; 1 for events such as beats."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The last seconds of every channel heard, ending together."""

    start: StreamNs
    end: StreamNs
    signals: Mapping[Channel, Signal]
    received: HostNs
    """Receipt of the last packet that entered."""
    gap: bool = False
    """The window one hop before this one is missing: nothing was heard, or the clock jumped."""
    uncertainty_ns: int = 0
    """How far the times of its samples may be off, one standard deviation, where that is the most."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the body says over one window: one number a name, NaN where the window cannot support it."""

    end: StreamNs
    names: tuple[str, ...]
    values: Floats
    """(len(names),)"""
    quality: float
    """Share of the features that are numbers, 0 to 1."""
    received: HostNs
    gap: bool = False
    """The windows before this one are no continuation: recurrent state must start anew."""
    uncertainty_ns: int = 0
    """The window's."""

    def named(self) -> dict[str, float]:
        return {name: float(v) for name, v in zip(self.names, self.values, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, stamped when it was grabbed."""

    image: Image
    grabbed: HostNs
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """An aligned grey face cut from a frame, ready for a face model."""

    image: Image
    """(48, 48) grey"""
    box: tuple[float, float, float, float]
    """x, y, width, height in the frame, in pixels"""
    landmarks: Floats
    """(5, 2): eyes, nose, mouth corners, in pixels of the frame"""
    score: float
    tracked: bool
    """Followed from an earlier frame, not detected anew."""
    grabbed: HostNs


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the models say at one moment, and from which modalities."""

    at: StreamNs
    modalities: frozenset[Modality]
    stress: float
    """Probability of stress, calibrated, 0 to 1."""
    emotion: Mapping[str, float] | None
    """Probability of each of EMOTIONS; None when no face was seen."""
    wrist: float | None
    """Probability of stress from the wrist alone; None when the watch is silent or off."""
    face: float | None
    """Probability of stress from the face alone; None when no face was seen."""
    received: HostNs
    """Receipt of the last packet or frame that entered."""
    inferred: HostNs
    """When the models had answered."""
    features: Mapping[str, float] = field(default_factory=dict[str, float])
    """The wrist's features behind it, for reasons; never published raw."""
    ecg: float | None = None
    """Probability of stress from the chest's electrodes alone; None while they are silent, or no model wants them."""
    eeg: float | None = None
    """Probability of stress from the head's electrodes alone."""
    uncertainty_ns: int = 0
    """How far the times of what entered may be off, one standard deviation, where that is the most."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the daemon now holds to be true, and why."""

    at: StreamNs
    state: State
    alert: bool
    """This very step calls for an alert."""
    reason: str
    level: float
    """Stress as the state is decided from: averaged, and told from the person's own usual level; 0 to 1."""
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """How much is measured for the time being, and why."""

    mode: str
    """`full`, `watchful`, `low` or `off`"""
    rates_hz: Mapping[Channel, float]
    """What the watch is asked for; 0 stops a channel. A watch that lacks a rate gives its next faster one."""
    camera_fps: float
    """Frames looked at a second; 0 closes the camera."""
    reason: str
    """One sentence for a person."""
    since: StreamNs
    """When this plan was made."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message that must not be lost."""

    id: str
    """Unique for ever (UUIDv7 order); subscribers deduplicate by it."""
    device: str
    kind: str
    """`stress` or `calm`"""
    sequence: int
    """Order on this device, from 1, kept over restarts."""
    confidence: float
    modalities: tuple[str, ...]
    reason: str
    sensor_unix_ns: UnixNs
    """When the last sample behind it was taken."""
    received_unix_ns: UnixNs
    inferred_unix_ns: UnixNs
    bundle: str
    """Name and version of the models that spoke."""
    clock_synchronised: bool | None = None
    """Whether something kept this machine's wall clock right when the times above were told; None: nobody can say."""
    sensor_uncertainty_ns: int | None = None
    """How far the sensor's time may be off ours, one standard deviation; None: not told."""

"""What the page shows, in nouns, and where it gets them: the seam between the page and the daemon."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge.check import Check
from edge.flow import Samples
from firmware_bridge.links import Packet


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the models said last."""

    stress: float
    wrist: float | None
    face: float | None
    emotion: Mapping[str, float] | None
    modalities: tuple[str, ...]
    age_s: float


@dataclass(frozen=True, slots=True)
class Journey:
    """How long the way takes now, from leg to leg, in ms of host time."""

    sensor_ms: float | None = None
    """From the last sample of the newest packet to its receipt, above what the fastest packets took."""
    infer_ms: float | None = None
    """From the receipt of the newest packet or frame behind the prediction to the models' answer."""
    publish_p50_ms: float | None = None
    """From that receipt to the broker's acknowledgement of the alert."""
    publish_p99_ms: float | None = None
    published: int = 0


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """How the watch's clock lies to ours."""

    offset_ms: float
    drift_ppm: float
    uncertainty_ms: float


@dataclass(frozen=True, slots=True)
class WatchSeen:
    """What is known of the watch and of the way to it."""

    link: str = ""
    """`ble`, `serial`, `replay`, `virtual`; empty when no watch is set."""
    silent_s: float | None = None
    """Since its last packet; None before the first."""
    packets: int = 0
    battery: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """What went wrong on the way here: lost, late, garbage, reconnects."""
    clock: DeviceClock | None = None
    """None before the first packet with a tick."""


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """Where the face is in the frame, in pixels: all of it that leaves the camera's room."""

    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    score: float
    tracked: bool
    width: int
    height: int
    """Of the frame."""


@dataclass(frozen=True, slots=True)
class CameraSeen:
    """What is known of the camera."""

    source: str = ""
    """`device`, `file`; empty when it is off."""
    frames: int = 0
    faces: int = 0
    silent_s: float | None = None
    face: FaceSeen | None = None
    """In the newest frame."""


@dataclass(frozen=True, slots=True)
class RelaySeen:
    """The way to the broker."""

    broker: str
    ours: bool
    """It runs inside this process."""
    connected: bool
    trouble: str | None
    pending: int
    acked: int


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """One of the last alerts."""

    sequence: int
    kind: str
    reason: str
    confidence: float
    unix_ms: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything but the signals, at one moment."""

    device: str
    bundle: str
    speed: float
    stream_ms: int
    up_s: float
    state: str
    reason: str
    threshold: float
    """Stress begins at this probability."""
    judgement: Judgement | None
    journey: Journey
    watch: WatchSeen
    camera: CameraSeen
    relay: RelaySeen
    alerts: tuple[AlertSeen, ...]
    losses: Mapping[str, int]
    skipped: Mapping[str, int]
    predictions: Mapping[str, int]
    memory_mb: float
    cpu_percent: float


class Source(Protocol):
    """What the page asks of whoever it looks at."""

    def snapshot(self) -> Snapshot: ...

    def attend(self, tap: Callable[[Samples], None] | None) -> None:
        """Hand every run of samples to ``tap`` from now on; None: to nobody."""
        ...

    def record(self, keep: Callable[[Packet], None] | None) -> None:
        """Hand every packet, stamped with stream time, to ``keep`` from now on; None: to nobody."""
        ...

    async def picture(self) -> bytes | None:
        """The camera's next frame as JPEG, None when none comes; it is written nowhere."""
        ...

    async def checks(self) -> tuple[Check, ...]:
        """Everything that must be well, looked at now."""
        ...

    async def support(self) -> Mapping[str, object]:
        """What helps somebody far away to find a fault: no health data, no names, no addresses."""
        ...

"""What the page shows, in nouns, and where it gets them: the seam between the page and the daemon."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from edge.check import Check
from edge.flow import Samples
from firmware_bridge.links import Packet

PlanWord = Literal["auto", "full", "low", "off"]
"""What a tester may force; `auto` lets the daemon choose."""
SILENT_S = 10.0
"""A watch or camera that said nothing for so long says nothing of now."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the models said last, whoever is judged: the state is decided from `Snapshot.level`."""

    stress: float
    wrist: float | None
    face: float | None
    emotion: Mapping[str, float] | None
    modalities: tuple[str, ...]
    age_s: float
    ecg: float | None = None
    """By the chest's electrodes alone."""
    eeg: float | None = None
    """By the head's."""


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
    """`ble`, `serial`, `tcp`, `replay`, `virtual`; empty when no watch is set."""
    silent_s: float | None = None
    """Since its last packet; None before the first."""
    packets: int = 0
    battery: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """What went wrong on the way here: lost, late, garbage, reconnects."""
    clock: DeviceClock | None = None
    """None before the first packet with a tick."""
    lost_share: float | None = None
    """Of the packets of the last minute; None while too few came to tell."""


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
    """In the newest frame; None as soon as that is too old to stand for now."""
    closed: Literal["", "resting", "paused", "unused"] = ""
    """Nobody is to look: by the sampling plan, by somebody's order, or because the bundle cannot judge by a face."""
    quiet_s: float = SILENT_S
    """So long between two frames is no silence yet: a camera may be looked through less often than that."""


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
    durable: bool = True
    """False while the disk takes nothing."""


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """One of the last alerts."""

    sequence: int
    kind: str
    reason: str
    confidence: float
    unix_ms: int


@dataclass(frozen=True, slots=True)
class PlanSeen:
    """How much is measured for the time being."""

    mode: str
    forced: str
    """`auto`, or the word that somebody forced."""
    rates_hz: Mapping[str, float]
    """By channel; 0 is off."""
    camera_fps: float
    reason: str
    for_s: float
    """Since it was made, in stream time."""
    battery_hours: float | None
    """What the watch's battery lasts at this plan; None while nobody can say."""


@dataclass(frozen=True, slots=True)
class RestSeen:
    """This person at rest: measured earlier, being measured, or not known."""

    offered: bool
    """There is a watch, and a model of wrist, ECG or EEG that can use it."""
    progress: float | None = None
    """Share of the five quiet minutes that is there, 0 to 1; None when no measurement runs."""
    needed_s: float = 300.0
    refused: str = ""
    """Why the newest window did not count: `moving`, `poor`, `off_wrist`."""
    trouble: str = ""
    measured_unix_ms: int | None = None
    quiet_s: float = 0.0
    usual: Mapping[str, float] = field(default_factory=dict[str, float])
    """What was found, by feature, in its own unit."""


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
    """Stress begins at this level."""
    judgement: Judgement | None
    journey: Journey
    watch: WatchSeen
    camera: CameraSeen
    plan: PlanSeen | None
    """None while the daemon makes none: it then asks for all there is."""
    rest: RestSeen
    relay: RelaySeen
    alerts: tuple[AlertSeen, ...]
    losses: Mapping[str, int]
    skipped: Mapping[str, int]
    predictions: Mapping[str, int]
    memory_mb: float
    cpu_percent: float
    activity: str | None = None
    """How the wearer moves: `sedentary` to `vigorous`; None while nobody can say."""
    leads: Mapping[str, str] = field(default_factory=dict[str, str])
    """How it stands with ECG and EEG, where the bundle has a model for them."""
    level: float | None = None
    """Stress as the state is decided from, to be held against ``threshold``; None while nothing is decided."""
    own_level: bool = True
    """Whether ``level`` is a rise above the wearer's own last hour (edge/inference/own_level.py)."""
    snooze_minutes: int = 0
    """How long alerts are kept back yet, as somebody asked by an order; 0: they are not."""
    kept_back: int = 0
    """Alerts that this snooze has kept back."""
    troubles: tuple[Check, ...] = ()
    """What keeps it from its work now, each with its cure."""


class Source(Protocol):
    """What the page asks of whoever it looks at."""

    def snapshot(self) -> Snapshot: ...

    def attend(self, tap: Callable[[Samples], None] | None) -> None:
        """Hand every run of samples to ``tap`` from now on; None: to nobody."""
        ...

    def record(self, keep: Callable[[Packet], None] | None) -> None:
        """Hand every packet, stamped with stream time, to ``keep`` from now on; None: to nobody."""
        ...

    def force_plan(self, word: PlanWord) -> None:
        """Hold to one plan, or with `auto` to none; NotNowError when there is no plan to be made."""
        ...

    def measure_rest(self) -> None:
        """Take the next five quiet minutes as this person at rest, anew if need be; NotNowError without a watch."""
        ...

    def at_rest(self) -> bool:
        """Whether such a measurement runs."""
        ...

    def leave_rest(self) -> None:
        """End the measurement; nothing is kept of it."""
        ...

    def forget_rest(self) -> None:
        """Remove what was measured for good; NotNowError when the disk refuses."""
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

"""How an alert and a state read: nouns -> JSON and back."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from edge.clock import SECOND, Clock, UnixNs
from edge.flow import Alert, Decision
from edge.relay.ids import RANDOM_BYTES, uuid7

SCHEMA = 1
"""Goes up when a field changes its meaning or leaves; a new field does not raise it."""


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An alert on the wire. Every time stands twice: nanoseconds since 1970, and ISO 8601 for people."""

    schema: int
    id: str
    device: str
    kind: str
    sequence: int
    confidence: float
    modalities: tuple[str, ...]
    reason: str
    bundle: str
    sensor_unix_ns: int
    sensor_time: str
    received_unix_ns: int
    received_time: str
    inferred_unix_ns: int
    inferred_time: str
    clock_synchronised: bool | None = None
    """Whether something kept the machine's clock right, so that the times may be compared with another's; null: nobody
    can say."""
    sensor_uncertainty_ms: float | None = None
    """How far the sensor's time may be off, one standard deviation: its clock is learned from when its packets come."""
    published_unix_ns: int = 0
    published_time: str = ""


class StateMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon holds to be true now. A silent sensor makes its fields null, never the last value."""

    schema: int = SCHEMA
    device: str
    state: str
    stress: float | None = None
    """Probability of stress, 0 to 1; null while nobody can be judged."""
    emotion: str | None = None
    emotion_confidence: float | None = None
    modalities: tuple[str, ...] = ()
    reason: str = ""
    heart_rate: float | None = None
    """Beats per minute."""
    battery: float | None = None
    """Percent, of the watch."""
    plan: str | None = None
    """Name of the sampling plan."""
    sensors: Mapping[str, str] = {}
    """`watch` and `camera`: `online` or `offline`; the camera also `resting` while the plan keeps it closed."""
    bundle: str = ""
    inferred_unix_ns: int = 0
    inferred_time: str = ""
    published_unix_ns: int = 0
    published_time: str = ""


_encoder = msgspec.json.Encoder()
_read_alert = msgspec.json.Decoder(AlertMessage)
_read_state = msgspec.json.Decoder(StateMessage)


def make_alert(
    decision: Decision,
    *,
    device: str,
    sequence: int,
    bundle: str,
    clock: Clock,
    synchronised: bool | None = None,
    randomness: Callable[[int], bytes] = os.urandom,
) -> Alert:
    """The alert that a decision calls for, made now; host times become wall times with the clock's present offset."""
    now, wall = clock.now(), clock.wall()
    prediction = decision.prediction
    received = wall - (now - prediction.received)
    since_sample = clock.stream(prediction.received) - decision.at
    return Alert(
        id=uuid7(wall, randomness(RANDOM_BYTES)),
        device=device,
        kind=decision.state.value,
        sequence=sequence,
        confidence=decision.level if decision.state.value == "stress" else 1 - decision.level,
        modalities=tuple(sorted(modality.value for modality in prediction.modalities)),
        reason=decision.reason,
        sensor_unix_ns=UnixNs(received - max(since_sample, 0)),
        received_unix_ns=UnixNs(received),
        inferred_unix_ns=UnixNs(wall - (now - prediction.inferred)),
        bundle=bundle,
        clock_synchronised=synchronised,
        sensor_uncertainty_ns=prediction.uncertainty_ns,
    )


def encode_alert(alert: Alert) -> bytes:
    """The alert as JSON, all but the time of publishing: `stamp_published` adds that when it leaves."""
    off_ns = alert.sensor_uncertainty_ns
    message = {
        "schema": SCHEMA,
        "id": alert.id,
        "device": alert.device,
        "kind": alert.kind,
        "sequence": alert.sequence,
        "confidence": round(alert.confidence, 4),
        "modalities": alert.modalities,
        "reason": alert.reason,
        "bundle": alert.bundle,
        "sensor_unix_ns": alert.sensor_unix_ns,
        "sensor_time": iso_time(alert.sensor_unix_ns),
        "received_unix_ns": alert.received_unix_ns,
        "received_time": iso_time(alert.received_unix_ns),
        "inferred_unix_ns": alert.inferred_unix_ns,
        "inferred_time": iso_time(alert.inferred_unix_ns),
        "clock_synchronised": alert.clock_synchronised,
        "sensor_uncertainty_ms": None if off_ns is None else round(off_ns / 1e6, 3),
    }
    return _encoder.encode(message)


def encode_state(state: StateMessage) -> bytes:
    """The state as JSON."""
    return _encoder.encode(state)


def stamp_published(payload: bytes, at: UnixNs) -> bytes:
    """Add the time of publishing to a JSON object from `encode_alert`, which was stored before that time was known."""
    stamp = _encoder.encode({"published_unix_ns": at, "published_time": iso_time(at)})
    return payload[:-1] + b"," + stamp[1:]


def read_alert(payload: bytes) -> AlertMessage:
    """Read an alert on the subscriber's side; ValueError, one sentence, where it is none or of another schema."""
    try:
        message = _read_alert.decode(payload)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not an alert: {error}") from error
    if message.schema != SCHEMA:
        raise ValueError(f"the alert has schema {message.schema}, this program reads {SCHEMA}: update the older")
    return message


def read_state(payload: bytes) -> StateMessage:
    """Read a state on the subscriber's side; ValueError where it is none."""
    try:
        return _read_state.decode(payload)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a state: {error}") from error


def iso_time(at: UnixNs) -> str:
    """ISO 8601 in UTC with nanoseconds: `2026-01-02T03:04:05.123456789Z`."""
    whole, rest = divmod(at, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"

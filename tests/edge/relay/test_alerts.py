"""Alerts and states as JSON; ids that sort by time."""

import json
import uuid
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SECOND, HostNs, StreamNs, UnixNs
from edge.flow import Decision, Modality, Prediction, State
from edge.relay.alerts import (
    StateMessage,
    encode_alert,
    encode_state,
    iso_time,
    make_alert,
    read_alert,
    read_state,
    stamp_published,
)
from edge.relay.ids import uuid7
from edge.relay.topics import Topics
from tests.edge.relay.listening import an_alert
from tests.fakes.clock import HandClock


def test_uuid7_reads_as_the_standard_says() -> None:
    # RFC 9562, A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    milliseconds = 0x017F22E279B0
    # 0xCC3 of 4096 parts of a millisecond, rounded up to whole nanoseconds.
    at = UnixNs(milliseconds * 1_000_000 + -(-0xCC3 * 1_000_000 // 4096))
    assert uuid7(at, bytes.fromhex("18C4DC0C0C07398F")) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, 2**48 * 1_000_000 - 1), st.binary(min_size=8, max_size=8))
def test_uuid7_is_a_valid_uuid_of_version_7(at: int, randomness: bytes) -> None:
    made = uuid.UUID(uuid7(UnixNs(at), randomness))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


@given(st.integers(0, 2**60), st.integers(250, 2**40))
def test_uuid7_sorts_by_time(at: int, later: int) -> None:
    assert uuid7(UnixNs(at), b"\xff" * 8) < uuid7(UnixNs(at + later), b"\x00" * 8)


def test_uuid7_refuses_too_little_randomness_and_the_past() -> None:
    with pytest.raises(ValueError, match="8 random bytes, got 4"):
        uuid7(UnixNs(0), b"\x00" * 4)
    with pytest.raises(ValueError, match="after 1970"):
        uuid7(UnixNs(-1), b"\x00" * 8)


def test_an_alert_reads_back_with_the_time_of_its_publishing() -> None:
    alert = an_alert(7)
    published = UnixNs(1_800_000_000_123_456_789)
    message = read_alert(stamp_published(encode_alert(alert), published))
    assert (message.id, message.sequence, message.kind, message.device) == (alert.id, 7, "stress", "edge")
    assert (message.confidence, message.modalities, message.reason) == (0.91, ("face", "wrist"), alert.reason)
    assert message.bundle == "default 1"
    assert message.sensor_unix_ns <= message.received_unix_ns <= message.inferred_unix_ns <= message.published_unix_ns
    assert message.published_unix_ns == published
    assert message.published_time == "2027-01-15T08:00:00.123456789Z"
    assert message.sensor_time == iso_time(alert.sensor_unix_ns)


def test_stamping_keeps_the_json_whole() -> None:
    fields = json.loads(stamp_published(encode_alert(an_alert()), UnixNs(5)))
    assert fields["published_unix_ns"] == 5
    assert fields["schema"] == 1


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"\xff", b'{"schema": 1}'])
def test_what_is_no_alert_is_refused_in_one_sentence(payload: bytes) -> None:
    with pytest.raises(ValueError, match="not an alert"):
        read_alert(payload)


def test_another_schema_is_refused() -> None:
    payload = encode_alert(an_alert()).replace(b'"schema":1', b'"schema":2')
    with pytest.raises(ValueError, match="schema 2, this program reads 1"):
        read_alert(payload)


def test_a_state_reads_back_and_says_null_for_what_is_unknown() -> None:
    state = StateMessage(device="edge", state="unknown", sensors={"watch": "offline", "camera": "online"})
    payload = encode_state(state)
    assert read_state(payload) == state
    assert json.loads(payload)["heart_rate"] is None
    with pytest.raises(ValueError, match="not a state"):
        read_state(b"[]")


def test_a_decision_becomes_an_alert_in_wall_time() -> None:
    clock = HandClock(speed=20)
    clock.move(100)
    received, inferred = HostNs(98 * SECOND), HostNs(99 * SECOND)
    prediction = Prediction(
        at=StreamNs(0),
        modalities=frozenset({Modality.WRIST, Modality.FACE}),
        stress=0.8,
        emotion=None,
        wrist=0.8,
        face=None,
        received=received,
        inferred=inferred,
        features=MappingProxyType({}),
    )
    # The last sample was taken one second of stream time before its packet came.
    decision = Decision(StreamNs(clock.stream(received) - SECOND), State.STRESS, True, "because", 0.7, prediction)
    alert = make_alert(decision, device="edge", sequence=3, bundle="b 1", clock=clock, randomness=bytes)
    wall = clock.wall()
    assert alert.id == uuid7(wall, bytes(8))
    assert (alert.kind, alert.sequence, alert.confidence) == ("stress", 3, 0.7), "as sure as the decision"
    assert alert.modalities == ("face", "wrist")
    assert alert.inferred_unix_ns == wall - SECOND
    assert alert.received_unix_ns == wall - 2 * SECOND
    assert alert.sensor_unix_ns == wall - 3 * SECOND


def test_calm_is_as_sure_as_stress_is_unlikely() -> None:
    clock = HandClock()
    prediction = Prediction(
        StreamNs(0), frozenset({Modality.WRIST}), 0.3, None, 0.3, None, HostNs(0), HostNs(0), MappingProxyType({})
    )
    decision = Decision(StreamNs(0), State.CALM, True, "because", 0.1, prediction)
    alert = make_alert(decision, device="edge", sequence=1, bundle="b 1", clock=clock)
    assert (alert.kind, alert.confidence) == ("calm", 0.9)


def test_topics() -> None:
    topics = Topics("home/vagus", "edge")
    assert topics.status == "home/vagus/edge/status"
    assert topics.kind("alert") == "home/vagus/edge/alert"
    assert topics.command_name(topics.command("camera")) == "camera"
    for other in (topics.echo("camera"), topics.state, "home/vagus/edge/a/b/set", "home/vagus/else/camera/set"):
        assert topics.command_name(other) is None


def test_an_alert_says_how_far_its_times_may_be_believed() -> None:
    alert = replace(an_alert(), clock_synchronised=False, sensor_uncertainty_ns=12_345_678)
    message = read_alert(stamp_published(encode_alert(alert), UnixNs(5)))
    assert (message.clock_synchronised, message.sensor_uncertainty_ms) == (False, 12.346)
    fields = json.loads(encode_alert(an_alert()))
    assert (fields["clock_synchronised"], fields["sensor_uncertainty_ms"]) == (None, None)
    del fields["clock_synchronised"], fields["sensor_uncertainty_ms"]
    older = read_alert(json.dumps(fields).encode())
    assert (older.clock_synchronised, older.sensor_uncertainty_ms) == (None, None), (
        "an older daemon's alert is read, too"
    )

"""Sealed payloads: the recipient reads them, the broker and the disk do not."""

import base64
import json
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.clock import SystemClock
from edge.relay.address import BrokerAddress
from edge.relay.alerts import StateMessage, read_alert, read_state, stamp_published
from edge.relay.broker import local_broker
from edge.relay.mqtt import Relay
from edge.relay.names import Names
from edge.relay.outbox import Outbox
from edge.relay.seal import Seal, SealError, is_for, key_hint, open_sealed, read_public_key, read_secret_key
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.edge.relay.listening import NOON_NS, PATIENCE_S, an_alert, subscriber
from tests.edge.relay.refusing import refusing
from tests.fakes.clock import HandClock
from tests.faults.mosquitto import Mosquitto, needs_mosquitto

PLAIN = b'{"id":"a","reason":"heart rate 20 bpm above the baseline"}'

_VERSION_1 = (
    b'{"sealed":1,"id":"a","key":"eedd883da0a94515","body":"'
    b"kdRqqdSoer+mh7JgKV0XzDg1D2Dm+gDwRM9bGIriy2Q9JpYD+C87+rPXaRwjzEfUl6XE/x7UZP6ljnrs5XTo8X9dTIOq3XH8"
    b"/sHa9BpqBxQ4gK4DVpQjT6/PzDMCUfynZWtJUdaRX2aou9crg//iV8s4VXqWy3hkgizPhnXv8whtmS7GY/TtIHq0vsohky+9"
    b"0VmIMur5YEfCLHzbwhWSUg1e3xWkKmuusnLDKzYiEb/oRfbh3euiSULsxQqFZgXbcncsOPLU3udgSCzNf6jRwqwrG4jxoPuu"
    b"ab9PJf9CLnpHt8IxJifPwYh35CHeSaJbLzhRJBz+ZxWjx2bWgtUCNmmtzDUaTWcOLZOCymmFASYGpXHnV4f8tXElSA42+znY"
    b"0+2AlTM1YyLSKMA/keOvpA=="
    b'"}'
)


@pytest.fixture
def secret() -> X25519PrivateKey:
    return X25519PrivateKey.generate()


def _write(path: Path, content: bytes, mode: int = 0o600) -> str:
    path.touch(mode=mode)
    path.write_bytes(content)
    return str(path)


def _public(tmp_path: Path, secret: X25519PrivateKey | Ed25519PrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _write(tmp_path / "to.pem", secret.public_key().public_bytes(encoding, form))


def test_only_the_recipient_opens(secret: X25519PrivateKey) -> None:
    sealed = stamp_published(Seal(secret.public_key()).close(PLAIN), an_alert().sensor_unix_ns)
    assert open_sealed(sealed, secret) == PLAIN
    assert b"heart" not in sealed
    fields = json.loads(sealed)
    assert set(fields) == {"sealed", "id", "key", "body", "published_unix_ns", "published_time"}
    with pytest.raises(SealError, match="was sealed for another key"):
        open_sealed(sealed, X25519PrivateKey.generate())


def test_two_messages_have_nothing_in_common(secret: X25519PrivateKey) -> None:
    """What stays the same would lead from the name of today to that of yesterday."""
    seal = Seal(secret.public_key())
    one, two = (json.loads(seal.close(PLAIN)) for _ in range(2))
    assert {name for name in one if one[name] == two[name]} == {"sealed"}
    assert uuid.UUID(one["id"]).version == 4
    assert is_for(json.dumps(one).encode(), secret.public_key())
    assert not is_for(json.dumps(one).encode(), X25519PrivateKey.generate().public_key())
    assert not is_for(json.dumps(one | {"id": two["id"]}).encode(), secret.public_key())
    assert not is_for(b"junk", secret.public_key())


def test_what_an_older_version_sealed_is_opened() -> None:
    """Written by version 1 of the envelope: an outbox may still hold such when the daemon is updated."""
    secret = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert open_sealed(_VERSION_1, secret) == PLAIN
    assert is_for(_VERSION_1, secret.public_key())
    with pytest.raises(SealError, match="another key"):
        open_sealed(_VERSION_1, X25519PrivateKey.generate())


def test_the_length_tells_little(secret: X25519PrivateKey) -> None:
    seal = Seal(secret.public_key())
    assert len({len(seal.close(b"x" * size)) for size in range(1, 257)}) == 1


def test_what_was_changed_is_refused(secret: X25519PrivateKey) -> None:
    fields = json.loads(Seal(secret.public_key()).close(PLAIN))
    body = bytearray(base64.b64decode(fields["body"]))
    body[40] ^= 1
    for change in (
        {"body": base64.b64encode(bytes(body)).decode()},
        {"body": fields["body"][:40]},
        {"body": ""},
    ):
        with pytest.raises(SealError, match="was changed on its way, or cut short"):
            open_sealed(json.dumps(fields | change).encode(), secret)
    # The hint belongs to the id, so neither can be exchanged alone.
    with pytest.raises(SealError, match="another key"):
        open_sealed(json.dumps(fields | {"id": "b"}).encode(), secret)
    hint = key_hint(secret.public_key(), "b")
    with pytest.raises(SealError, match="was changed on its way"):
        open_sealed(json.dumps(fields | {"id": "b", "key": hint}).encode(), secret)
    with pytest.raises(SealError, match="version 3, this program opens 2"):
        open_sealed(json.dumps(fields | {"sealed": 3}).encode(), secret)
    for junk in (b"", PLAIN, b"\xff", json.dumps(fields | {"body": "?"}).encode()):
        with pytest.raises(SealError, match="not a sealed payload"):
            open_sealed(junk, secret)


def test_keys_are_read_from_pem(tmp_path: Path, secret: X25519PrivateKey) -> None:
    assert read_public_key(_public(tmp_path, secret)).public_bytes_raw() == secret.public_key().public_bytes_raw()
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = _write(tmp_path / "secret.pem", pem)
    assert read_secret_key(path).private_bytes_raw() == secret.private_bytes_raw()


def test_what_is_no_key_is_said(tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(SealError, match="not X25519"):
        read_public_key(_public(tmp_path, other))
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(SealError, match="not X25519"):
        read_secret_key(_write(tmp_path / "other.pem", pem))
    junk = _write(tmp_path / "junk.pem", b"junk")
    with pytest.raises(SealError, match="holds no public key"):
        read_public_key(junk)
    with pytest.raises(SealError, match="holds no secret key"):
        read_secret_key(junk)


def test_names_change_with_time_and_tell_nothing() -> None:
    clock = HandClock()
    settings = MqttSettings(device="alice", seal_to_file="to.pem", rename_hours=2)
    names = Names(settings, clock)
    first = names.topics()
    assert "alice" not in first.status
    clock.move(7199)
    assert not names.due
    assert names.topics() == first
    clock.move(1)
    assert names.due
    assert names.topics() != first
    assert not names.due
    plain = Names(MqttSettings(device="alice"), clock)
    clock.move(1e9)
    assert not plain.due
    assert plain.topics().device == "alice"


def test_discovery_and_sealing_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        MqttSettings(discovery=True, seal_to_file="to.pem")


async def test_alerts_and_states_travel_sealed(tmp_path: Path, secret: X25519PrivateKey) -> None:
    async with local_broker() as address, subscriber(address, "#") as heard:
        alert = await _one_alert(tmp_path, address, _public(tmp_path, secret))
        await heard.until(
            lambda got: any(topic.endswith("/status") and p == b"offline" for topic, p, _ in got.messages)
        )
    assert len({topic.split("/")[1] for topic, _, _ in heard.messages}) == 1
    everything = b"".join(topic.encode() + payload for topic, payload, _ in heard.messages)
    for word in (b"stress", b"heart", b"edge", b"0.91", b"calm"):
        assert word not in everything
    sealed = {topic.rsplit("/", 1)[1]: payload for topic, payload, _ in heard.messages if b"body" in payload}
    assert read_alert(open_sealed(sealed["alert"], secret)).id == alert
    # The id inside sorts by the time of raising; the one outside tells nothing.
    assert uuid.UUID(json.loads(sealed["alert"])["id"]).version == 4
    assert read_state(open_sealed(sealed["state"], secret)).stress == 0.25
    # Nothing retained is left under a name that will not come back.
    assert [payload for topic, payload, _ in heard.messages if topic.endswith("/state")][-1] == b""


async def _one_alert(tmp_path: Path, address: BrokerAddress, key: str) -> str:
    clock = SystemClock()
    async with (
        Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
        Relay(MqttSettings(seal_to_file=key), outbox, clock, address=address) as relay,
    ):
        assert await relay.wait_connected(PATIENCE_S)
        relay.publish_state(StateMessage(device="edge", state="calm", stress=0.25))
        alert = an_alert(1, NOON_NS)
        await relay.raise_alert(alert)
        assert await relay.drain(PATIENCE_S)
    return alert.id


async def test_the_name_changes_in_the_middle_of_a_connection(tmp_path: Path, secret: X25519PrivateKey) -> None:
    clock = HandClock()
    settings = MqttSettings(seal_to_file=_public(tmp_path, secret), rename_hours=1, ack_timeout_s=1e9)
    async with (
        local_broker() as address,
        subscriber(address, "#") as heard,
        Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
        Relay(settings, outbox, clock, address=address) as relay,
    ):
        relay.publish_state(StateMessage(device="edge", state="calm"))
        await relay.raise_alert(an_alert(1))
        assert await relay.drain(PATIENCE_S)
        first = relay.topics
        clock.move(3600)
        assert await relay.until(lambda: relay.topics != first and relay.connected, PATIENCE_S)
        await relay.raise_alert(an_alert(2))
        assert await relay.drain(PATIENCE_S)
        second = relay.topics
        await heard.until(lambda got: bool(got.on(second.kind("alert")) and got.on(second.state)))
        # The old name is left as if it had never been.
        assert heard.on(first.status) == [b"online", b"offline"]
        assert heard.on(first.state)[-1] == b""
        assert len(heard.on(first.kind("alert"))) == len(heard.on(second.kind("alert"))) == 1
        assert relay.trouble is None
        async with subscriber(address, "#") as late:
            await late.until(lambda got: bool(got.on(second.state)))
            assert {topic for topic, _, _ in late.messages} == {second.state}


async def test_a_message_keeps_its_id_over_a_kill(tmp_path: Path, secret: X25519PrivateKey) -> None:
    """Sent, and killed before the acknowledgement was written: it comes again, and its reader must know it."""
    settings = MqttSettings(seal_to_file=_public(tmp_path, secret), reconnect_min_s=0.001, ack_timeout_s=1e9)
    seen: list[tuple[str, str]] = []
    for end in ("killed", "well"):
        place, clock = OutboxSettings(path=str(tmp_path / f"{end}.db")), HandClock()
        async with refusing() as broker, Outbox(place, clock) as outbox:
            async with Relay(settings, outbox, clock, address=broker.address) as relay:
                if end == "killed":
                    await relay.raise_alert(an_alert(1))
                    _copy(tmp_path / "killed.db", tmp_path / "well.db")
                assert await relay.drain(PATIENCE_S)
            (payload,) = (payload for level, payload in broker.taken if level == "alert")
            seen.append((json.loads(payload)["id"], read_alert(open_sealed(payload, secret)).id))
    assert seen[0] == seen[1]
    assert seen[0][1] == an_alert(1).id


def _copy(outbox: Path, to: Path) -> None:
    for tail in ("", "-wal"):
        to.with_name(to.name + tail).write_bytes(outbox.with_name(outbox.name + tail).read_bytes())


async def test_the_disk_holds_nothing_readable(tmp_path: Path, secret: X25519PrivateKey) -> None:
    clock = SystemClock()
    settings = MqttSettings(seal_to_file=_public(tmp_path, secret), broker="127.0.0.1:1")
    async with (
        Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
        Relay(settings, outbox, clock) as relay,
    ):
        await relay.raise_alert(an_alert(1))
    assert b"heart rate" not in (tmp_path / "o.db").read_bytes()


@needs_mosquitto
async def test_a_brokers_log_and_store_hold_no_reading(tmp_path: Path, secret: X25519PrivateKey) -> None:
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    try:
        async with subscriber(broker.address, "#", name="reader"):
            pass
        await _one_alert(tmp_path, broker.address, _public(tmp_path, secret))
    finally:
        await broker.stop()
    told = "\n".join(broker.log).encode() + (tmp_path / "broker" / "mosquitto.db").read_bytes()
    assert b"/alert" in told
    for word in (b"stress", b"heart", b"calm", b"0.91", b"face"):
        assert word not in told

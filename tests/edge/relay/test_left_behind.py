"""What a broker goes on retaining of a name that is no longer ours is cleared, or never left there."""

import sqlite3
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.clock import SystemClock
from edge.forgetting import forget_all
from edge.relay.broker import local_broker
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.rescue import noted_topics
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.settings import Settings
from tests.edge.relay.listening import PATIENCE_S, Heard, subscriber


async def test_a_renamed_device_clears_what_stands_under_its_old_name(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with local_broker() as address, subscriber(address, "vagus/bed/#") as heard:
        for device in ("bed", "chair"):
            async with (
                Outbox(OutboxSettings(path=str(path)), SystemClock()) as outbox,
                Relay(MqttSettings(device=device), outbox, SystemClock(), address=address) as relay,
            ):
                relay.publish_retained("~/camera/state", b"on")
                if device == "bed":
                    await heard.until(lambda got: got.on("vagus/bed/camera/state") == [b"on"])
                else:
                    await heard.until(lambda got: got.on("vagus/bed/camera/state")[-1] == b"")
                    await heard.until(lambda got: got.on("vagus/bed/status")[-1] == b"")
                    assert await relay.until(partial(_all_ours, relay, outbox), PATIENCE_S)
            # Whoever forgets without a start between reads them from the file.
            assert f"vagus/{device}/camera/state" in noted_topics(path)


async def test_a_noted_topic_that_is_none_any_more_is_passed_over(tmp_path: Path) -> None:
    """A broker hangs up on one, at every connection."""
    path = tmp_path / "outbox.db"
    async with Outbox(OutboxSettings(path=str(path)), SystemClock()) as outbox:
        outbox.note_topic("vagus/edge/state", kept=True)
    with sqlite3.connect(path) as db:
        for damaged in ("vagus/edge/st#te", "vagus/+/state", "vagus/edge/\x13tate", ""):
            db.execute("INSERT INTO counter VALUES (?, 1)", (f"retained {damaged}",))
        db.execute("INSERT INTO counter VALUES (CAST(? AS TEXT), 1)", (b"retained vagus/\xe5dge/state",))
    db.close()
    assert noted_topics(path) == {"vagus/edge/state"}
    async with Outbox(OutboxSettings(path=str(path)), SystemClock()) as outbox:
        assert outbox.topics == {"vagus/edge/state"}


def _all_ours(relay: Relay, outbox: Outbox) -> bool:
    return all(relay.topics.has(topic) for topic in outbox.topics)


async def test_who_changes_names_leaves_no_echo_under_an_old_one(tmp_path: Path) -> None:
    async with (
        local_broker() as address,
        subscriber(address, "vagus/#") as heard,
        Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), SystemClock()) as outbox,
        Relay(MqttSettings(seal_to_file=_public_key(tmp_path)), outbox, SystemClock(), address=address) as relay,
    ):
        relay.publish_retained("~/camera/state", b"on")
        await heard.until(_echoed)
        async with subscriber(address, "vagus/#") as late:
            relay.tell_again("~/camera/state")
            await late.until(_echoed)
            assert not any(retained for *_, retained in late.messages)


async def test_forget_names_what_stands_from_before_sealing(tmp_path: Path) -> None:
    async with local_broker() as address:
        async with Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), SystemClock()) as outbox:
            outbox.note_topic("vagus/edge/state", kept=True)
            await outbox.settle()
        mqtt = MqttSettings(broker=f"{address.host}:{address.port}", seal_to_file=_public_key(tmp_path))
        done = await forget_all(Settings(state_dir=str(tmp_path), mqtt=mqtt), with_bonds=False)
    assert any("vagus/edge/state of a time before sealing" in sentence for sentence in done.left)


def _echoed(heard: Heard) -> bool:
    return any(topic.endswith("/camera/state") for topic, *_ in heard.messages)


def _public_key(place: Path) -> str:
    path = place / "recipient.pem"
    key = X25519PrivateKey.generate().public_key()
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    path.chmod(0o600)
    return str(path)

"""Commands: known words are obeyed and told back, anything else changes nothing."""

from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SystemClock
from edge.relay.broker import local_broker
from edge.relay.commands import BASELINE, CAMERA, COMMANDS, PLAN, SNOOZE, Command, Commands
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.edge.relay.listening import subscriber


class Wire:
    """A line that remembers."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[bytes, bool], None]] = {}
        self.told: dict[str, bytes] = {}
        self.again: list[str] = []

    def listen(self, name: str, handler: Callable[[bytes, bool], None]) -> None:
        self.handlers[name] = handler

    def publish_retained(self, name: str, payload: bytes) -> None:
        self.told[name] = payload

    def tell_again(self, name: str) -> None:
        self.again.append(name)


@pytest.mark.parametrize(
    ("command", "payload", "read"),
    [
        (CAMERA, b"paused", "paused"),
        (CAMERA, b" on\n", "on"),
        (PLAN, b"auto", "auto"),
        (BASELINE, b"start", "start"),
        (SNOOZE, b"0", "0"),
        (SNOOZE, b"090", "90"),
        (SNOOZE, b"1440", "1440"),
    ],
)
def test_known_words(command: Command, payload: bytes, read: str) -> None:
    assert command.read(payload) == read


@pytest.mark.parametrize(
    ("command", "payload", "part"),
    [
        (CAMERA, b"ON", "camera: 'ON' is unknown; it takes on, paused"),
        (CAMERA, b"", "camera: '' is unknown"),
        (PLAN, b"\xff\x00", "plan: "),
        (SNOOZE, b"1441", "no whole number from 0 to 1440"),
        (SNOOZE, b"-1", "no whole number"),
        (SNOOZE, b"1.5", "no whole number"),
        (SNOOZE, "٣".encode(), "no whole number"),
        (SNOOZE, b"9" * 5000, "no whole number"),
    ],
)
def test_unknown_words_are_refused(command: Command, payload: bytes, part: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the sentence is checked below
        command.read(payload)
    assert part in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.sampled_from(COMMANDS), st.binary(max_size=80))
def test_garbage_obeys_nobody(command: Command, payload: bytes) -> None:
    wire, asked = Wire(), list[str]()
    commands = Commands(wire)

    def act(word: str) -> str:
        asked.append(word)
        return word

    commands.offer(command, act, "before")
    wire.handlers[f"~/{command.name}/set"](payload, False)
    assert bool(asked) != bool(commands.refused)
    assert wire.told[f"~/{command.name}/state"] == (asked[0].encode() if asked else b"before")


def test_a_retained_order_is_not_obeyed(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    commands = Commands(wire)
    commands.offer(CAMERA, lambda word: word, "on")
    wire.handlers["~/camera/set"](b"paused", True)
    assert wire.told["~/camera/state"] == b"on"
    assert commands.refused == 1
    assert "without the retain flag" in caplog.text


async def test_asked_and_told_over_a_broker(tmp_path: Path) -> None:
    clock = SystemClock()
    async with (
        local_broker() as address,
        subscriber(address, "vagus/#") as heard,
        Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
        Relay(MqttSettings(), outbox, clock, address=address) as relay,
    ):
        Commands(relay).offer(CAMERA, lambda word: word, "on")
        # `online` follows our subscriptions: whoever has seen it is heard.
        await heard.until(lambda got: b"online" in got.on("vagus/edge/status"))
        async with aiomqtt.Client(address.host, address.port) as client:
            await client.publish("vagus/edge/camera/set", b"paused", qos=1)
        await heard.until(lambda got: got.on("vagus/edge/camera/state") == [b"on", b"paused"])

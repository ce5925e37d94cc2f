"""Home Assistant's rules for discovery payloads, each checked against what we publish."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.clock import SystemClock
from edge.relay.address import BrokerAddress
from edge.relay.alerts import StateMessage, encode_alert, encode_state
from edge.relay.broker import local_broker
from edge.relay.discovery import Component, Discovery, describe
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.relay.topics import Topics
from tests.edge.relay.listening import PATIENCE_S, an_alert, subscriber
from tests.edge.relay.test_commands import Wire

TOPICS = Topics("home/vagus", "edge")
ENTRY, OURS = (f"{prefix}/device/vagus_edge/config" for prefix in ("homeassistant", "ours"))

# Written by Home Assistant's own code: tests/benchmarks/peers/home_assistant.py, which also lets it judge a payload.
_RULES = json.loads((Path(__file__).parent / "home_assistant.json").read_text())
_DEVICE = {"identifiers", "connections", "manufacturer", "model", "model_id", "name", "hw_version", "serial_number"} | {
    "sw_version", "via_device", "suggested_area", "configuration_url",
}  # fmt: skip
_CLASSES = {
    "device_class": {"enum", "battery"},
    "state_class": {"measurement"},
    "entity_category": {"config", "diagnostic"},
    "availability_mode": {"all", "any", "latest"},
    "mode": {"auto", "box", "slider"},
}
"""Words that a key may have: those we use, all of which its schemas take."""


def _payload(camera: bool = True, commands: bool = True) -> dict[str, Component]:
    """Every component, those that are to be removed, too."""
    payload = json.loads(json.dumps(describe(TOPICS, "1.2.3", camera=camera, commands=commands)))
    return cast(dict[str, Component], payload["components"])


def _components(camera: bool = True, commands: bool = True) -> dict[str, Component]:
    """Those that are there."""
    return {key: component for key, component in _payload(camera, commands).items() if set(component) != {"platform"}}


def _removed(camera: bool = True, commands: bool = True) -> set[str]:
    return _payload(camera, commands).keys() - _components(camera, commands).keys()


def test_the_payload_follows_the_schema() -> None:
    payload = json.loads(json.dumps(describe(TOPICS, "1.2.3", camera=True, commands=True)))
    assert set(_RULES["device"]["required"]) <= set(payload)
    assert set(payload) <= {*_RULES["device"]["required"], *_RULES["device"]["optional"]}
    assert set(payload["device"]) <= _DEVICE
    assert payload["device"]["identifiers"]
    assert set(payload["origin"]) <= {"name", "sw_version", "support_url"}
    assert payload["origin"]["name"]
    assert payload["qos"] in (0, 1, 2)


@pytest.mark.parametrize(("camera", "commands"), [(True, True), (False, True), (True, False), (False, False)])
def test_each_component_follows_its_platform(camera: bool, commands: bool) -> None:
    for key, component in _components(camera, commands).items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", key)
        rules = _RULES["platforms"][str(component["platform"])]
        required, optional = set(rules["required"]) - {"device"}, set(rules["optional"]) | {"platform"}
        assert required <= set(component), key
        assert set(component) <= required | optional, key
        for name, words in _CLASSES.items():
            assert component.get(name) in {None, *words}, key


def test_entities_are_unique_and_automations_have_no_id() -> None:
    components = _components()
    ids = [c["unique_id"] for c in components.values() if c["platform"] != "device_automation"]
    assert len(set(ids)) == len(ids)
    assert not any("unique_id" in c for c in components.values() if c["platform"] == "device_automation")


def test_an_enum_has_options_and_no_unit() -> None:
    for component in _components().values():
        if component["platform"] == "sensor":
            assert ("options" in component) == (component.get("device_class") == "enum")
            if "options" in component:
                assert not {"state_class", "unit_of_measurement"} & set(component)


def test_topics_can_be_subscribed_and_published_to() -> None:
    for component in _components().values():
        for name in ("state_topic", "command_topic", "topic"):
            if name in component:
                assert not re.search(r"[+#\x00]", str(component[name]))
                assert str(component[name]).startswith("home/vagus/edge/")


def test_what_one_sensor_says_is_unavailable_when_it_is_stale() -> None:
    for key, source in {"heart_rate": "watch", "battery": "watch", "emotion": "camera"}.items():
        component = _components()[key]
        assert component["availability_mode"] == "all"
        status, sensor = cast(list[dict[str, str]], component["availability"])
        assert status["topic"] == TOPICS.status
        assert sensor["topic"] == TOPICS.state
        assert f"value_json.sensors.{source}" in sensor["value_template"]
        assert isinstance(component["expire_after"], int)


def test_every_field_that_a_template_names_is_in_our_messages() -> None:
    state = json.loads(encode_state(StateMessage(device="edge", state="calm")))
    alert = json.loads(encode_alert(an_alert()))
    for component in _components().values():
        fields = alert if TOPICS.kind("alert") in component.values() else state
        for name in re.findall(r"value_json\.(\w+)", json.dumps(component)):
            assert name in fields


def test_without_a_camera_there_is_nothing_to_see() -> None:
    assert not {"emotion", "camera"} & set(_components(camera=False))
    assert not {"plan", "baseline", "snooze", "camera"} & set(_components(commands=False))


def test_what_is_no_longer_there_is_removed_before_the_rest_is_told() -> None:
    """Home Assistant removes a component of which it is told the platform alone, and keeps one it is not told of."""
    assert _removed() == {"trigger_calm"}
    assert _removed(camera=False) == {"trigger_calm", "emotion", "camera"}
    assert _removed(commands=False) == {"trigger_calm", "plan", "baseline", "snooze", "camera"}
    with_camera, without = _components(), _payload(camera=False)
    for key in ("emotion", "camera"):
        assert without[key] == {"platform": with_camera[key]["platform"]}
    removed = len(_removed(camera=False))
    assert set(list(without)[:removed]) == _removed(camera=False)


def test_only_what_is_ever_raised_is_offered() -> None:
    assert _components()["alert"]["event_types"] == ["stress"]
    assert [key for key in _components() if key.startswith("trigger_")] == ["trigger_stress"]


def test_its_birth_hears_us_again_and_its_death_does_not() -> None:
    wire = Wire()
    discovery = Discovery(wire, TOPICS)
    discovery.announce("1.2.3", camera=True, commands=True)
    assert discovery.topic == "homeassistant/device/home_vagus_edge/config"
    wire.handlers["homeassistant/status"](b"offline", False)
    assert wire.again == []
    wire.handlers["homeassistant/status"](b"online", True)
    assert wire.again == [discovery.topic, "~/state"]


@asynccontextmanager
async def _daemon(
    tmp_path: Path, address: BrokerAddress, *, discovery: bool, prefix: str = "homeassistant", seal_to_file: str = ""
) -> AsyncGenerator[tuple[Relay, Outbox]]:
    """What a daemon opens, in its order, on an outbox that stays from one to the next."""
    clock, settings = SystemClock(), MqttSettings(seal_to_file=seal_to_file)
    async with Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox:
        relay = Relay(settings, outbox, clock, address=address)
        if discovery:
            Discovery(relay, relay.topics, prefix).announce("1.2.3", camera=False, commands=False)
        async with relay:
            assert await relay.wait_connected(PATIENCE_S)
            yield relay, outbox


def _all_ours(relay: Relay, outbox: Outbox) -> bool:
    """Nothing is noted but what stands under our own name."""
    return all(relay.topics.has(topic) for topic in outbox.topics)


async def test_it_appears_and_once_it_is_not_wanted_disappears(tmp_path: Path) -> None:
    async with local_broker() as address, subscriber(address, "homeassistant/#", "ours/#") as heard:
        async with _daemon(tmp_path, address, discovery=True):
            await heard.until(lambda got: len(got.messages) == 1)
            assert json.loads(heard.messages[0][1])["origin"]["name"] == "vagus"
        # Under another prefix, the entry under the first is not wanted.
        async with _daemon(tmp_path, address, discovery=True, prefix="ours"):
            await heard.until(lambda got: got.on(ENTRY)[-1] == b"" and bool(got.on(OURS)))
        for _ in range(2):
            async with _daemon(tmp_path, address, discovery=False) as (relay, outbox):
                await heard.until(lambda got: got.on(OURS)[-1] == b"")
                assert await relay.until(partial(_all_ours, relay, outbox), PATIENCE_S)
        # Cleared once each, not at every start.
        assert [topic for topic, payload, _ in heard.messages if not payload] == [ENTRY, OURS]


async def test_an_entry_from_before_sealing_is_not_cleared_under_the_new_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = tmp_path / "to.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key.write_bytes(X25519PrivateKey.generate().public_key().public_bytes(encoding, form))
    async with local_broker() as address, subscriber(address, "homeassistant/#") as heard:
        async with _daemon(tmp_path, address, discovery=True):
            await heard.until(lambda got: len(got.messages) == 1)
        async with _daemon(tmp_path, address, discovery=False, seal_to_file=str(key)) as (relay, _):
            await relay.raise_alert(an_alert(1))
            assert await relay.drain(PATIENCE_S)
        assert len(heard.messages) == 1
    assert f"still retains {ENTRY}" in caplog.text


async def test_the_outbox_keeps_the_note_over_restarts(tmp_path: Path) -> None:
    settings, clock = OutboxSettings(path=str(tmp_path / "o.db")), SystemClock()
    async with Outbox(settings, clock) as outbox:
        outbox.note_topic(ENTRY, kept=True)
    async with Outbox(settings, clock) as outbox:
        assert outbox.topics == {ENTRY}
        outbox.note_topic(ENTRY, kept=False)
        outbox.note_topic(OURS, kept=True)
        outbox.note_topic(OURS, kept=True)
    async with Outbox(settings, clock) as outbox:
        assert outbox.topics == {OURS}

"""Home Assistant's rules for discovery payloads, each checked against what we publish."""

import json
import re
from pathlib import Path
from typing import cast

import pytest

from edge.clock import SystemClock
from edge.relay.alerts import StateMessage, encode_alert, encode_state
from edge.relay.broker import local_broker
from edge.relay.discovery import Component, Discovery, describe
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.relay.topics import Topics
from tests.edge.relay.listening import an_alert, subscriber
from tests.edge.relay.test_commands import Wire

TOPICS = Topics("home/vagus", "edge")

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


def _components(camera: bool = True, commands: bool = True) -> dict[str, Component]:
    payload = json.loads(json.dumps(describe(TOPICS, "1.2.3", camera=camera, commands=commands)))
    return cast(dict[str, Component], payload["components"])


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


def test_its_birth_hears_us_again_and_its_death_does_not() -> None:
    wire = Wire()
    discovery = Discovery(wire, TOPICS)
    discovery.announce("1.2.3", camera=True, commands=True)
    assert discovery.topic == "homeassistant/device/home_vagus_edge/config"
    wire.handlers["homeassistant/status"](b"offline", False)
    assert wire.again == []
    wire.handlers["homeassistant/status"](b"online", True)
    assert wire.again == [discovery.topic, "~/state"]


async def test_it_appears_and_disappears(tmp_path: Path) -> None:
    clock = SystemClock()
    async with (
        local_broker() as address,
        Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
        Relay(MqttSettings(), outbox, clock, address=address) as relay,
    ):
        discovery = Discovery(relay, relay.topics)
        discovery.announce("1.2.3", camera=False, commands=False)
        async with subscriber(address, discovery.topic) as heard:
            await heard.until(lambda got: len(got.messages) == 1)
            assert json.loads(heard.messages[0][1])["origin"]["name"] == "vagus"
            discovery.remove()
            await heard.until(lambda got: got.on(discovery.topic)[-1] == b"")
        async with subscriber(address, discovery.topic, "vagus/edge/status") as late:
            await late.until(lambda got: bool(got.on("vagus/edge/status")))
            assert not late.on(discovery.topic)

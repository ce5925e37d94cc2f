"""The daemon -> what Home Assistant must know to show it: one device, its entities, when they are to be believed."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from edge.flow import EMOTIONS, State
from edge.relay.commands import BASELINE, CAMERA, PLAN, SNOOZE
from edge.relay.topics import OFFLINE, ONLINE, Topics

EXPIRE_S = 120
"""An entity whose state has not come for so long is unavailable, even if nobody says so."""
_FIELD = "{{{{ value_json.{0} if value_json.{0} is not none else 'None' }}}}"
_PERCENT = "{{ (value_json.stress * 100) | round(0) if value_json.stress is not none else 'None' }}"
_EVENT = (
    "{{ {'event_type': value_json.kind, 'confidence': value_json.confidence, 'reason': value_json.reason,"
    " 'id': value_json.id} | to_json }}"
)

_FORMER = {"trigger_calm": "device_automation"}
"""Components that earlier versions announced, with their platforms."""
Component = dict[str, object]


class Line(Protocol):
    """What discovery needs of a relay."""

    def listen(self, name: str, handler: Callable[[bytes, bool], None]) -> None: ...

    def publish_retained(self, name: str, payload: bytes) -> None: ...

    def tell_again(self, name: str) -> None: ...


class Discovery:
    """Our entry at Home Assistant: told, and told again when it starts anew. A relay that is not told it clears it."""

    def __init__(self, line: Line, topics: Topics, prefix: str = "homeassistant") -> None:
        self._line = line
        self._topics = topics
        self._prefix = prefix

    @property
    def topic(self) -> str:
        return discovery_topic(self._topics, self._prefix)

    def announce(self, version: str, *, camera: bool, commands: bool) -> None:
        """Appear, with the entities of a daemon with or without a camera, and with or without commands."""
        payload = describe(self._topics, version, camera=camera, commands=commands)
        self._line.publish_retained(self.topic, msgspec.json.encode(payload))
        self._line.listen(f"{self._prefix}/status", self._on_birth)

    def _on_birth(self, payload: bytes, retained: bool) -> None:  # noqa: ARG002  every listener hears it
        if payload == ONLINE:
            # It has just started: entities would stay unknown until their next change.
            self._line.tell_again(self.topic)
            self._line.tell_again("~/state")


def discovery_topic(topics: Topics, prefix: str) -> str:
    """Where Home Assistant looks for this device's entry."""
    return f"{prefix}/device/{_object_id(topics)}/config"


def describe(topics: Topics, version: str, *, camera: bool, commands: bool) -> dict[str, object]:
    """The discovery payload of one device (home-assistant.io/integrations/mqtt, "Device discovery payload").

    A component with nothing but its platform is removed there: whatever may have been announced and is no more leads
    the payload that way. It stays in it, for Home Assistant may have been away.
    """
    name = _object_id(topics)
    components = _components(topics, camera=camera, commands=commands)
    gone = {
        key: component["platform"]
        for key, component in _components(topics, camera=True, commands=True).items()
        if key not in components
    } | _FORMER
    for key, component in components.items():
        if component["platform"] != "device_automation":
            component["unique_id"] = f"{name}_{key}"
    return {
        "device": {
            "identifiers": [name],
            "name": f"Vagus {topics.device}",
            "manufacturer": "vagus",
            "model": "edge-daemon",
            "sw_version": version,
        },
        "origin": {"name": "vagus", "sw_version": version},
        "components": {**{key: {"platform": platform} for key, platform in gone.items()}, **components},
        "qos": 1,
    }


def _components(topics: Topics, *, camera: bool, commands: bool) -> dict[str, Component]:
    found: dict[str, Component] = {**_sensors(topics)}
    if camera:
        found["emotion"] = _sensor(
            topics, "Emotion", _FIELD.format("emotion"), "camera", device_class="enum", options=list(EMOTIONS)
        )
    return found | (_orders(topics, camera=camera) if commands else {}) | _alerts(topics)


def _sensors(topics: Topics) -> dict[str, Component]:
    return {
        "state": _sensor(
            topics, "State", _FIELD.format("state"), None, device_class="enum", options=[state.value for state in State]
        ),
        "stress": _sensor(topics, "Stress", _PERCENT, None, state_class="measurement", unit_of_measurement="%"),
        "heart_rate": _sensor(
            topics,
            "Heart rate",
            _FIELD.format("heart_rate"),
            "watch",
            state_class="measurement",
            unit_of_measurement="bpm",
            suggested_display_precision=0,
        ),
        "battery": _sensor(
            topics,
            "Watch battery",
            _FIELD.format("battery"),
            "watch",
            device_class="battery",
            state_class="measurement",
            unit_of_measurement="%",
            entity_category="diagnostic",
        ),
    }


def _sensor(topics: Topics, name: str, template: str, source: str | None, **more: object) -> Component:
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": topics.state,
        "value_template": template,
        "expire_after": EXPIRE_S,
        "availability": _availability(topics, source),
        "availability_mode": "all",
        **more,
    }


def _availability(topics: Topics, source: str | None) -> list[Mapping[str, str]]:
    """Online while the daemon is, and, for what one sensor says, while that sensor speaks."""
    words = {"payload_available": ONLINE.decode(), "payload_not_available": OFFLINE.decode()}
    found: list[Mapping[str, str]] = [{"topic": topics.status, **words}]
    if source is not None:
        on, off = ONLINE.decode(), OFFLINE.decode()  # a camera that rests by its plan says nothing either
        template = f"{{{{ '{on}' if value_json.sensors.{source} | default('') == '{on}' else '{off}' }}}}"
        found.append({"topic": topics.state, "value_template": template, **words})
    return found


def _orders(topics: Topics, *, camera: bool) -> dict[str, Component]:
    def order(platform: str, name: str, command: str, *, echo: bool = True, **more: object) -> Component:
        state: Component = {"state_topic": topics.echo(command)} if echo else {}
        return {
            "platform": platform,
            "name": name,
            "command_topic": topics.command(command),
            "availability": _availability(topics, None),
            "entity_category": "config",
            **state,
            **more,
        }

    on, paused = CAMERA.words
    switch = order("switch", "Camera", CAMERA.name, payload_on=on, payload_off=paused, state_on=on, state_off=paused)
    found = {
        "plan": order("select", "Sampling plan", PLAN.name, options=list(PLAN.words)),
        "baseline": order("button", "Take baseline", BASELINE.name, echo=False, payload_press=BASELINE.words[0]),
        "snooze": order(
            "number",
            "Snooze alerts",
            SNOOZE.name,
            min=SNOOZE.least,
            max=SNOOZE.most,
            step=1,
            mode="box",
            unit_of_measurement="min",
        ),
    }
    return {"camera": switch, **found} if camera else found


def _alerts(topics: Topics) -> dict[str, Component]:
    kind = State.STRESS.value  # alerts are raised for nothing else
    event: Component = {
        "platform": "event",
        "name": "Alert",
        "state_topic": topics.kind("alert"),
        "event_types": [kind],
        "value_template": _EVENT,
        "availability": _availability(topics, None),
    }
    trigger: Component = {
        "platform": "device_automation",
        "automation_type": "trigger",
        "topic": topics.kind("alert"),
        "type": "alert",
        "subtype": kind,
        "payload": kind,
        "value_template": "{{ value_json.kind }}",
    }
    return {"alert": event, f"trigger_{kind}": trigger}


def _object_id(topics: Topics) -> str:
    return f"{topics.base.replace('/', '_')}_{topics.device}"

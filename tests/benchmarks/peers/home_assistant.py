"""Home Assistant's own schemas on our discovery payload: its verdict, and its rules written down as data.

    uv run --no-project --isolated --python 3.13 --with homeassistant==2025.4.4 --with paho-mqtt -- \
        python tests/benchmarks/peers/home_assistant.py payload.json [rules.json]

Where the payload comes from: `json.dumps(edge.relay.discovery.describe(...))`. With a second name the keys that each
platform takes are written there: tests/edge/relay/test_discovery.py holds the payload to them without Home Assistant.
"""
# Home Assistant is not installed where the checker looks.
# pyright: basic, reportMissingImports=false

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import voluptuous as vol
from homeassistant.const import __version__
from homeassistant.helpers import frame

PLATFORMS = ("sensor", "switch", "select", "button", "number", "event")


def main() -> None:
    """Print a line for each part of the payload; exit 1 if one is refused."""
    frame.report_usage = lambda *_args, **_more: None  # it asks for a running Home Assistant
    payload: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    device, refused = _room("schemas").DEVICE_DISCOVERY_SCHEMA, 0
    parts = [("device", device, payload)]
    about = {"device": payload["device"], "origin": payload["origin"], "qos": payload["qos"]}
    for name, component in payload["components"].items():
        if set(component) == {"platform"}:
            continue  # the device schema alone judges what is removed
        parts.append((name, _schema(component["platform"]), {**component, **about}))
    for name, schema, part in parts:
        try:
            schema(part)
            print(f"Home Assistant {__version__} takes {name}")
        except vol.Invalid as error:
            refused += 1
            print(f"Home Assistant {__version__} refuses {name}: {error}")
    if len(sys.argv) > 2:
        rules = {platform: _keys(_schema(platform)) for platform in (*PLATFORMS, "device_automation")}
        told = {"source": f"homeassistant {__version__}, components/mqtt, DISCOVERY_SCHEMA", "platforms": rules}
        Path(sys.argv[2]).write_text(json.dumps(told | {"device": _keys(device)}, indent=1) + "\n")
    sys.exit(refused > 0)


def _room(name: str) -> Any:
    return import_module(f"homeassistant.components.mqtt.{name}")


def _schema(platform: str) -> Any:
    if platform == "device_automation":
        return _room("device_trigger").TRIGGER_DISCOVERY_SCHEMA
    return _room(platform).DISCOVERY_SCHEMA


def _keys(schema: Any) -> dict[str, list[str]]:
    """The keys that a schema must and may have."""
    while not isinstance(schema, vol.Schema):
        schema = next(each for each in schema.validators if isinstance(each, vol.Schema | vol.All))
    keys = list(schema.schema)
    must = sorted(str(key) for key in keys if isinstance(key, vol.Required))
    return {"required": must, "optional": sorted(str(key) for key in keys if not isinstance(key, vol.Required))}


if __name__ == "__main__":
    main()

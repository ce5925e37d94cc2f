"""Every check has a cure when it is not good, and the support file holds nothing of how the person is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge import checkup
from edge.check import Check
from edge.panel.snapshot import CameraSeen, DeviceClock, Snapshot, WatchSeen
from edge.relay.settings import MqttSettings
from edge.settings import Settings, WatchSettings
from tests.edge.panel.looked_at import a_snapshot

SECRETS = ("AA:BB:CC:DD:EE:FF", "broker.hospital.example", "nurse", "/home/nurse/key")
SHOT = a_snapshot()


def settings(state: Path) -> Settings:
    return Settings(
        state_dir=str(state),
        watch=WatchSettings(f"ble:{SECRETS[0]}"),
        mqtt=MqttSettings(broker=f"mqtts://{SECRETS[1]}:8883", username=SECRETS[2], password_file=SECRETS[3]),
    )


def found(shot: Snapshot, state: Path) -> dict[str, Check]:
    return {check.name: check for check in checkup.checks(shot, settings(state))}


def test_what_is_well_is_good(tmp_path: Path) -> None:
    checks = found(SHOT, tmp_path)
    assert {name for name, check in checks.items() if check.state == "good"} >= {
        "Models", "Watch", "Watch clock", "Camera", "Broker", "Disk",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "state", "shot"),
    [
        ("Watch", "off", replace(SHOT, watch=WatchSeen())),
        ("Watch", "bad", replace(SHOT, watch=WatchSeen("ble"))),
        ("Watch", "bad", replace(SHOT, watch=WatchSeen("serial", silent_s=60.0, packets=5))),
        ("Watch", "warn", replace(SHOT, watch=WatchSeen("ble", 0.1, 100, counts={"lost": 10}))),
        ("Watch clock", "warn", replace(SHOT, watch=WatchSeen("ble", 0.1, 9, clock=DeviceClock(0.0, 0.0, 900.0)))),
        ("Camera", "off", replace(SHOT, camera=CameraSeen())),
        ("Camera", "bad", replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0))),
        ("Camera", "warn", replace(SHOT, camera=CameraSeen("device", 5, 0, 0.1))),
        ("Broker", "bad", replace(SHOT, relay=replace(SHOT.relay, connected=False, trouble="it refused us"))),
        ("Broker", "bad", replace(SHOT, relay=replace(SHOT.relay, connected=True, trouble="it refuses alerts"))),
        ("Broker", "warn", replace(SHOT, relay=replace(SHOT.relay, pending=100))),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(name: str, state: str, shot: Snapshot, tmp_path: Path) -> None:
    check = found(shot, tmp_path)[name]
    assert check.state == state
    assert check.says
    assert check.cure


def test_a_bundle_that_was_touched_is_found(tmp_path: Path) -> None:
    other = Settings(state_dir=str(tmp_path), models=type(Settings().models)(bundle=str(tmp_path)))
    assert checkup.checks(SHOT, other)[0].state == "bad"


def test_a_state_directory_that_is_gone_is_found(tmp_path: Path) -> None:
    check = found(SHOT, tmp_path / "gone")["Disk"]
    assert (check.state, "cannot be read" in check.says) == ("bad", True)


def test_the_support_file_holds_no_health_data_no_names_and_no_addresses(tmp_path: Path) -> None:
    shot = replace(SHOT, relay=replace(SHOT.relay, broker=SECRETS[1], connected=False, trouble=f"{SECRETS[1]} is away"))
    text = json.dumps(checkup.support(shot, checkup.checks(shot, settings(tmp_path)), settings(tmp_path)))
    for secret in (*SECRETS, str(tmp_path), SHOT.reason, "stress from", "fear", "heart rate", '"stress"', "0.81"):
        assert secret not in text, secret
    for told in ("garbage", "python", "tiny 1.2.0", '"result": "bad"'):
        assert told in text, told

"""Every check has a cure when it is not good, and the support file holds nothing of how the person is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge import checkup
from edge.check import Check
from edge.panel.snapshot import CameraSeen, DeviceClock, PlanSeen, Snapshot, WatchSeen
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
        ("Watch", "warn", replace(SHOT, watch=WatchSeen("ble", 0.1, 100, lost_share=0.1))),
        ("Watch clock", "warn", replace(SHOT, watch=WatchSeen("ble", 0.1, 9, clock=DeviceClock(0.0, 0.0, 900.0)))),
        ("Watch", "off", replace(SHOT, watch=WatchSeen("ble"), up_s=3.0)),
        ("Watch battery", "warn", replace(SHOT, watch=replace(SHOT.watch, battery=12.0))),
        ("Camera", "off", replace(SHOT, camera=CameraSeen())),
        ("Camera", "off", replace(SHOT, camera=CameraSeen("device"), up_s=3.0)),
        ("Camera", "off", replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0, closed="resting"))),
        ("Camera", "off", replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0, closed="paused"))),
        ("Camera", "bad", replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0))),
        ("Camera", "warn", replace(SHOT, camera=CameraSeen("device", 5, 0, 0.1))),
        ("Camera", "warn", replace(SHOT, camera=CameraSeen("device", 5, 0, 30.0, quiet_s=50.0))),
        ("Broker", "bad", replace(SHOT, relay=replace(SHOT.relay, connected=False, trouble="it refused us"))),
        ("Broker", "bad", replace(SHOT, relay=replace(SHOT.relay, connected=True, trouble="it refuses alerts"))),
        ("Broker", "off", replace(SHOT, relay=replace(SHOT.relay, connected=False), up_s=3.0)),
        ("Broker", "bad", replace(SHOT, relay=replace(SHOT.relay, connected=False))),
        ("Broker", "warn", replace(SHOT, relay=replace(SHOT.relay, pending=100))),
        ("Outbox", "bad", replace(SHOT, relay=replace(SHOT.relay, durable=False))),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(name: str, state: str, shot: Snapshot, tmp_path: Path) -> None:
    check = found(shot, tmp_path)[name]
    assert check.state == state
    assert check.says
    assert check.cure


@pytest.mark.parametrize(
    ("shot", "name", "cure"),
    [
        (replace(SHOT, watch=WatchSeen("tcp", 60.0, 5)), "Watch", "same network"),
        (replace(SHOT, watch=WatchSeen("replay", 60.0, 5)), "Watch", "recording"),
        (replace(SHOT, watch=WatchSeen("ble", 60.0, 5)), "Watch", "within 5 m"),
        (replace(SHOT, watch=WatchSeen("ble", 60.0, 5, battery=6.0)), "Watch", "Charge it"),
        (replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0)), "Camera", "Plug it in"),
        (replace(SHOT, camera=CameraSeen("file", 5, 5, 60.0)), "Camera", "camera.loop"),
        (replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0, closed="resting")), "Camera", "Full"),
        (replace(SHOT, camera=CameraSeen("device", 5, 5, 60.0, closed="paused")), "Camera", "camera/set"),
        (replace(SHOT, camera=CameraSeen("device", closed="unused")), "Camera", "models.bundle"),
    ],
)
def test_the_cure_fits_what_is_wrong(shot: Snapshot, name: str, cure: str, tmp_path: Path) -> None:
    assert cure in found(shot, tmp_path)[name].cure


def test_packets_that_were_lost_long_ago_are_no_fault_of_now(tmp_path: Path) -> None:
    back = WatchSeen("ble", 0.1, 1000, counts={"lost": 400}, lost_share=0.0)
    assert found(replace(SHOT, watch=back), tmp_path)["Watch"].state == "good"


@pytest.mark.parametrize(("hours", "says"), [(None, "88 % are left."), (31.0, "about 31 h"), (131.0, "about 5 days")])
def test_how_long_a_battery_lasts_is_told_as_people_say_it(hours: float | None, says: str, tmp_path: Path) -> None:
    plan = PlanSeen("full", "auto", {}, 5.0, "", 0.0, hours)
    assert says in found(replace(SHOT, plan=plan), tmp_path)["Watch battery"].says


def test_a_battery_of_a_watch_that_is_silent_is_no_news(tmp_path: Path) -> None:
    assert "Watch battery" not in found(replace(SHOT, watch=WatchSeen("ble", 60.0, 5, battery=60.0)), tmp_path)
    assert "Watch battery" not in found(replace(SHOT, watch=replace(SHOT.watch, battery=None)), tmp_path)


def test_what_keeps_it_from_its_work_is_told_without_being_asked_and_nothing_else(tmp_path: Path) -> None:
    given = settings(tmp_path)
    assert checkup.troubles(SHOT, given) == ()
    nobody_there = replace(SHOT, camera=CameraSeen("device", 5, 0, 0.1))
    assert checkup.troubles(nobody_there, given) == ()  # somebody may leave the room
    all_gone = replace(
        SHOT,
        watch=WatchSeen("ble", 60.0, 5),
        camera=CameraSeen("device", 5, 5, 60.0),
        relay=replace(SHOT.relay, connected=False, trouble="it refused us"),
    )
    assert [each.name for each in checkup.troubles(all_gone, given)] == ["Watch", "Camera", "Broker"]
    low = replace(SHOT, watch=replace(SHOT.watch, battery=12.0))
    assert [each.name for each in checkup.troubles(low, given)] == ["Watch battery"]
    assert checkup.troubles(replace(all_gone, up_s=2.0, watch=WatchSeen("ble")), given)[0].name == "Camera"


def test_the_broker_is_named_and_its_trouble_is_a_sentence(tmp_path: Path) -> None:
    assert (
        "mqtt://127.0.0.1:1883" in found(replace(SHOT, relay=replace(SHOT.relay, ours=False)), tmp_path)["Broker"].says
    )
    assert "Connected to the broker inside this program" in found(SHOT, tmp_path)["Broker"].says
    refused = "broker mqtt://b:1 refused: nothing listens there; is the broker running?"
    check = found(replace(SHOT, relay=replace(SHOT.relay, connected=False, trouble=refused, pending=1)), tmp_path)[
        "Broker"
    ]
    assert check.says == "Broker mqtt://b:1 refused: nothing listens there."
    assert check.cure == "Is the broker running? Nothing is lost meanwhile: 1 message waits."


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

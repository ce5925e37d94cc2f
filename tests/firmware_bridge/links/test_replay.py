"""What the recorder writes, a replay plays: the same packets at the same pace, even after a crash."""

import os
from pathlib import Path

import pytest

from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.links import Packet, open_link
from firmware_bridge.links.pace import Pace
from firmware_bridge.links.recorder import Recorder
from firmware_bridge.links.replay import ReplayLink
from tests.fakes.pacing import SleepClock

SECOND = 1_000_000_000
PACKETS = [Packet("stream", bytes([n]), 5 * SECOND + n * SECOND // 2) for n in range(4)]


def record(path: Path, packets: list[Packet]) -> None:
    with Recorder(path, "ble:Watch") as recorder:
        for packet in packets:
            recorder.keep(packet)


async def play(path: Path, speed: float = 1.0) -> tuple[list[Packet], ReplayLink]:
    clock = SleepClock(100 * SECOND)
    with path.open("rb") as file:
        link = ReplayLink(file, Pace(clock.now, speed, clock.sleep))
        return [packet async for packet in link.packets()], link


async def test_a_recording_plays_at_its_own_pace(tmp_path: Path):
    record(tmp_path / "r.jsonl", PACKETS)
    played, _ = await play(tmp_path / "r.jsonl")
    assert [(p.source, p.payload) for p in played] == [(p.source, p.payload) for p in PACKETS]
    assert [p.arrived_ns for p in played] == [100 * SECOND + n * SECOND // 2 for n in range(4)]


async def test_speed_shortens_the_waits(tmp_path: Path):
    record(tmp_path / "r.jsonl", PACKETS)
    played, _ = await play(tmp_path / "r.jsonl", speed=20)
    assert [p.arrived_ns - 100 * SECOND for p in played] == [n * SECOND // 40 for n in range(4)]


async def test_a_stall_shows_in_no_time_of_arrival_unless_it_is_long(tmp_path: Path):
    record(tmp_path / "r.jsonl", PACKETS)
    for stalled_s, late_s in ((1.0, 0.0), (10.0, 8.0)):
        clock = SleepClock(100 * SECOND)
        with (tmp_path / "r.jsonl").open("rb") as file:
            played: list[float] = []
            async for packet in ReplayLink(file, Pace(clock.now, 1.0, clock.sleep)).packets():
                played.append(packet.arrived_ns / SECOND - 100)
                if len(played) == 2:
                    await clock.sleep(0.5 + stalled_s)
        assert played == [0.0, 0.5, 1.0 + late_s, 1.5 + late_s]


async def test_every_cut_of_the_file_plays_the_whole_lines_before_it(tmp_path: Path):
    path = tmp_path / "r.jsonl"
    record(path, PACKETS)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        played, _ = await play(path)
        assert len(played) in (whole[:cut].count(b"\n") - 1, whole[: cut + 1].count(b"\n") - 1)


async def test_a_recording_goes_on_after_a_crash(tmp_path: Path):
    path = tmp_path / "r.jsonl"
    record(path, PACKETS)
    path.write_bytes(path.read_bytes()[:-5])
    record(path, PACKETS[:2])
    played, link = await play(path)
    assert [p.payload[0] for p in played] == [0, 1, 2, 0, 1]
    assert [(p.arrived_ns - 100 * SECOND) / SECOND for p in played] == [0.0, 0.5, 1.0, 1.0, 1.5]
    assert link.counts() == {"packets": 5, "garbage": 1}


async def test_lines_that_make_no_sense_are_counted(tmp_path: Path):
    path = tmp_path / "r.jsonl"
    record(path, PACKETS[:1])
    with path.open("ab") as file:
        file.write(b'null\n{"t":1}\n{"t":1,"s":"x","p":"zz"}\n\xff\xfe\n')
        file.write(b'{"t":-1,"s":"x","p":""}\n{"t":true,"s":"x","p":""}\n{"t":1e3,"s":"x","p":""}\n')
        file.write(b'{"t":1%s,"s":"x","p":""}\n' % (b"0" * 30) + b"[" * 100_000 + b"\n")
    played, link = await play(path)
    assert len(played) == 1
    assert link.counts()["garbage"] == 9


async def test_a_replay_opens_by_its_address_and_ends(tmp_path: Path):
    record(tmp_path / "r.jsonl", PACKETS)
    async with open_link(f"replay:{tmp_path / 'r.jsonl'}", speed=1e6) as link:
        assert [p.payload async for p in link.packets()] == [p.payload for p in PACKETS]
        with pytest.raises(LinkError, match="no device to write") as caught:
            await link.write("stream", b"x")
        assert caught.value.trouble is Trouble.REFUSED
        with pytest.raises(LinkError, match="no device to read"):
            await link.read("stream")


async def test_a_missing_file_is_a_link_error(tmp_path: Path):
    with pytest.raises(LinkError, match="cannot read the recording"):
        async with open_link(f"replay:{tmp_path / 'none.jsonl'}"):
            pass


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no recording"),
        (b"\x89PNG\r\n", "is no recording"),
        (b'{"format":"vagus-packets","version":99}\n', "version 99; this program reads 1"),
    ],
)
async def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes, says: str):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(AddressError, match=says):
        async with open_link(f"replay:{tmp_path / 'x'}"):
            pass


def test_a_recorder_that_is_not_open_says_so(tmp_path: Path):
    with pytest.raises(ValueError, match="is not open"):
        Recorder(tmp_path / "r.jsonl", "ble:Watch").keep(PACKETS[0])


def test_a_new_recording_is_for_its_owner_alone_whatever_others_may_read_usually(tmp_path: Path):
    before = os.umask(0o022)
    try:
        with Recorder(tmp_path / "r.jsonl", "ble:Watch"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "r.jsonl").stat().st_mode & 0o777 == 0o600

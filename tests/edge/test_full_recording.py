"""A disk that fills up under a recording: one sentence, and what was recorded until then can be replayed."""

import asyncio
import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from edge.panel.errors import SessionError
from edge.panel.recordings import Recordings
from edge.panel.session import Start
from firmware_bridge.links import Packet, open_link
from firmware_bridge.links.recorder import Recorder
from tests.fakes.clock import HandClock
from tests.faults.disk import Disk, small_disk

_ROOM = 8 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Disk]:
    """A small disk without any room."""
    with small_disk(tmp_path / "disk") as found:
        if found is None:
            pytest.skip("only root may mount a small disk")
        found.fill()
        yield found


def make_room(disk: Disk) -> None:
    filler = disk.directory / "filler"
    os.truncate(filler, filler.stat().st_size - _ROOM)


def recorded(out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge.cli", "record", str(out), "--watch", "virtual:wearer", "--seconds", "60"]
    return subprocess.run([*command, "--json", "-"], capture_output=True, text=True, timeout=120, check=False)


async def replayed(file: Path) -> tuple[int, int]:
    """How many packets, and how many lines that make no sense."""
    async with open_link(f"replay:{file}", speed=1e6) as link:
        packets = [packet async for packet in link.packets()]
        return len(packets), link.counts()["garbage"]


async def test_a_disk_that_fills_up_ends_a_recording_with_a_sentence(disk: Disk) -> None:
    make_room(disk)
    out = disk.directory / "watch.jsonl"
    done = await asyncio.to_thread(recorded, out)
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    kept = json.loads(done.stdout)["packets"]
    assert f"the disk took no more (No space left on device) after {kept} packets" in sentence
    assert kept > 10
    assert (await replayed(out)) == (kept, 0)


async def test_a_disk_that_takes_nothing_refuses_a_recording_and_its_name_stays_free(disk: Disk) -> None:
    out = disk.directory / "watch.jsonl"
    done = await asyncio.to_thread(recorded, out)
    assert done.returncode == 2
    (sentence,) = done.stderr.strip().splitlines()
    assert f"{out} cannot be written: No space left on device" in sentence
    assert not out.exists()


def packet(at_ns: int) -> Packet:
    return Packet("00002a37-0000-1000-8000-00805f9b34fb", b"\x00\x40", at_ns)


@pytest.fixture
def recordings(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Generator[Recordings]:
    monkeypatch.setattr("edge.panel.recordings.LEAST_FREE", 0)
    folder = disk.directory / "recordings"
    folder.mkdir()
    with contextlib.closing(Recordings(folder, HandClock(), lambda: "ble", lambda: False)) as made:
        yield made


async def test_the_page_tells_it_too_and_lives_on(recordings: Recordings, disk: Disk, tmp_path: Path) -> None:
    make_room(disk)
    name = recordings.start(Start(consent=True))
    for at in range(1000):
        recordings.keep(packet(at))
    assert recordings.running is None
    assert "the disk took no more: No space left on device" in recordings.trouble
    (kept,) = recordings.list()
    assert (kept.name, kept.running) == (name, False)
    download = tmp_path / "download.jsonl"
    download.write_bytes(b"".join(recordings.read(name)))
    packets, garbage = await replayed(download)
    assert packets > 10
    assert garbage == 0
    disk.clear()
    assert recordings.start(Start(consent=True)) != name


def test_a_recording_that_cannot_begin_leaves_nothing_behind(recordings: Recordings, disk: Disk) -> None:
    with pytest.raises(SessionError, match="No space left on device"):
        recordings.start(Start(consent=True))
    assert recordings.list() == []
    assert list((disk.directory / "recordings").iterdir()) == []
    with pytest.raises(SessionError, match="nothing is being recorded"):
        recordings.stop()
    disk.clear()
    recordings.start(Start(consent=True))


def test_a_file_that_cannot_even_be_closed_is_told_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file on a network or on a stick that was pulled (close(2))."""

    leave = Recorder.__exit__

    def pulled(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def closed_and_pulled(recorder: Recorder, *_: object) -> None:
        leave(recorder, None, None, None)
        pulled()

    made = Recordings(tmp_path, HandClock(), lambda: "ble", lambda: False)
    made.start(Start(consent=True))
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "keep", pulled)
        patch.setattr(Recorder, "__exit__", closed_and_pulled)
        made.keep(packet(0))
    assert made.running is None
    assert "the disk took no more: Input/output error" in made.trouble

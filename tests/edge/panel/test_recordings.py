"""What a tester records is what `replay` plays; nothing begins without consent, nothing leaves its folder."""

import contextlib
import json
from collections.abc import Generator
from pathlib import Path

import pytest

from edge.clock import SECOND
from edge.panel.errors import SessionError
from edge.panel.recordings import BEGINS, ENDS, LEAST_FREE, LEFT, MOST_TAGS, Recordings
from edge.panel.session import CONSENT, Start
from firmware_bridge.links import Packet, open_link
from tests.fakes.clock import HandClock

YES = Start(consent=True, person="P07", notes="left wrist")


def packet(at_s: float, payload: bytes = b"\x00\x40") -> Packet:
    return Packet("00002a37-0000-1000-8000-00805f9b34fb", payload, round(at_s * SECOND))


def made_in(folder: Path, at_rest: list[bool]) -> Recordings:
    """A baseline runs as long as there is something in ``at_rest``."""
    return Recordings(folder / "recordings", HandClock(), lambda: "ble", lambda: bool(at_rest))


@pytest.fixture
def recordings(tmp_path: Path) -> Generator[Recordings]:
    made = made_in(tmp_path, [])
    yield made
    made.close()


def recorded(recordings: Recordings) -> str:
    name = recordings.start(YES)
    recordings.keep(packet(100.0))
    recordings.tag("calm")
    recordings.keep(packet(102.5, b"\x00\x50"))
    recordings.tag("arithmetic")
    return name


def test_nothing_is_recorded_without_consent(recordings: Recordings, tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="without consent"):
        recordings.start(Start(consent=False))
    recordings.keep(packet(1.0))
    assert list(tmp_path.iterdir()) == []


async def test_the_download_is_one_file_that_replay_plays(recordings: Recordings, tmp_path: Path) -> None:
    name = recorded(recordings)
    assert recordings.stop() == name
    file = tmp_path / "download.jsonl"
    file.write_bytes(b"".join(recordings.read(name)))
    session = json.loads(file.read_text().splitlines()[0])["session"]
    assert session["person"] == "P07"
    assert session["consent"]["text"] == CONSENT
    assert session["tags"] == [{"at_ms": 0, "word": "calm"}, {"at_ms": 2500, "word": "arithmetic"}]
    assert session["ended_by"] == "tester"
    async with open_link(f"replay:{file}", speed=1000) as link:
        assert [p.payload async for p in link.packets()] == [b"\x00\x40", b"\x00\x50"]
        assert link.counts()["garbage"] == 0


def test_files_are_their_owners_alone(recordings: Recordings, tmp_path: Path) -> None:
    recorded(recordings)
    recordings.stop()
    folder = tmp_path / "recordings"
    assert folder.stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}
    assert {file.suffix for file in folder.iterdir()} == {".packets", ".json"}


def test_the_list_tells_what_there_is(recordings: Recordings) -> None:
    name = recorded(recordings)
    (kept,) = recordings.list()
    assert (kept.name, kept.person, kept.tags, kept.running) == (name, "P07", 2, True)
    running = recordings.running
    assert running is not None
    assert (running.packets, running.elapsed_s) == (2, 2.5)
    recordings.stop()
    assert recordings.running is None
    second = recordings.start(YES)
    assert second != name
    assert [each.name for each in recordings.list()] == [second, name]


def test_notes_are_kept_at_once(recordings: Recordings, tmp_path: Path) -> None:
    name = recorded(recordings)
    recordings.note("moved to the right wrist")
    again = made_in(tmp_path, [])  # as after a crash
    assert again.list()[0].notes == "moved to the right wrist"
    assert b"".join(again.read(name)).count(b"\n") == 3


def words(recordings: Recordings) -> list[tuple[int, str]]:
    running = recordings.running
    return [] if running is None else [(tag.at_ms, tag.word) for tag in running.tags]


def test_a_baseline_is_tagged_where_it_begins_and_ends(tmp_path: Path) -> None:
    at_rest = [True]
    with contextlib.closing(made_in(tmp_path, at_rest)) as recordings:
        recordings.rest(begins=True)  # nothing is recorded: nothing is tagged
        recordings.start(YES)
        recordings.keep(packet(10.0))
        recordings.rest(begins=True)
        recordings.keep(packet(160.0))
        assert words(recordings) == [(0, BEGINS)]
        at_rest.clear()
        recordings.keep(packet(310.0))
        recordings.keep(packet(311.0))
        assert words(recordings) == [(0, BEGINS), (300_000, ENDS)]


def test_a_baseline_that_was_left_did_not_end(tmp_path: Path) -> None:
    at_rest = [True]
    with contextlib.closing(made_in(tmp_path, at_rest)) as recordings:
        recordings.start(YES)
        recordings.rest(begins=False)
        recordings.keep(packet(10.0))
        recordings.rest(begins=True)
        recordings.keep(packet(20.0))
        at_rest.clear()
        recordings.rest(begins=False)
        recordings.keep(packet(30.0))
        assert words(recordings) == [(0, BEGINS), (10_000, LEFT)]


@pytest.mark.parametrize("name", ["..", "../secret", "20260101-000000/../x", "20260101-000000.packets", "", "a" * 300])
def test_no_name_leads_out_of_the_folder(recordings: Recordings, name: str, tmp_path: Path) -> None:
    recorded(recordings)
    (tmp_path / "secret.packets").write_text("secret")
    for use in (recordings.read, recordings.delete):
        with pytest.raises(SessionError, match="no recording of that name"):
            use(name)


def test_deleting_removes_both_files_but_never_the_running_one(recordings: Recordings, tmp_path: Path) -> None:
    name = recorded(recordings)
    with pytest.raises(SessionError, match="stop it first"):
        recordings.delete(name)
    recordings.stop()
    recordings.delete(name)
    assert list((tmp_path / "recordings").iterdir()) == []


def test_what_needs_a_recording_says_so(recordings: Recordings) -> None:
    for use in (recordings.stop, lambda: recordings.tag("calm"), lambda: recordings.note("x")):
        with pytest.raises(SessionError, match="nothing is being recorded"):
            use()
    recordings.start(YES)
    with pytest.raises(SessionError, match="stop it first"):
        recordings.start(YES)
    for _ in range(MOST_TAGS):
        recordings.tag("calm")
    with pytest.raises(SessionError, match="at most"):
        recordings.tag("calm")


def test_a_full_disk_ends_the_recording_and_nothing_else(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings.start(YES)

    def full(_place: Path) -> object:
        return type("Usage", (), {"free": LEAST_FREE - 1})

    monkeypatch.setattr("edge.panel.recordings.shutil.disk_usage", full)
    for k in range(1000):
        recordings.keep(packet(k))
    assert recordings.running is None
    assert recordings.trouble == "the disk is nearly full"
    with pytest.raises(SessionError, match="MiB are free"):
        recordings.start(YES)


def test_a_stopping_daemon_ends_the_recording(recordings: Recordings) -> None:
    name = recorded(recordings)
    recordings.close()
    recordings.close()
    header = json.loads(next(recordings.read(name)))
    assert header["session"]["ended_by"] == "the daemon stopped"

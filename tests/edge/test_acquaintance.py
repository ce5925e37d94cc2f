"""What is usual for the wearer outlives a restart, for the same person alone, and no file or disk can hurt."""

import asyncio
import json
import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from edge.acquaintance import FILE, Acquaintance
from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Modality, Prediction
from edge.inference.decision import Decider, DecisionSettings
from edge.retention import enforce
from edge.settings import RetentionSettings, Settings
from edge.signals.body import Body
from edge.signals.normalise import Usual
from edge.signals.wear import Wear
from edge.whole_file import write_whole
from tests.edge.signals.test_baseline import hop
from tests.fakes.clock import HandClock

WATCH, OTHER = "ble:AA:BB:CC:DD:EE:FF", "ble:11:22:33:44:55:66"
USUAL = Usual(("heart_rate", "heart_rate_trend", "enmo"), (90.0, 90.0, -4.0), (5.0, 5.0, 0.8))
DAY_S = 86_400.0


def lived(hops: int = 60) -> Body:
    """A body that has known somebody with a heart of 80 for some minutes."""
    body = Body(USUAL, 60, 5)
    for k in range(hops):
        raw = hop(60 + 5 * k, heart_rate=80.0)
        body.tell(Wear.ON, raw, StreamNs(raw.end - 60 * SECOND))
    return body


def decided(count: int = 40, *, settings: DecisionSettings | None = None, stress: float = 0.9) -> Decider:
    """A decider that has held somebody for stressed for some minutes."""
    decider = Decider(settings or DecisionSettings())
    for k in range(count):
        decider.step(predicted(5 * k, stress))
    return decider


def predicted(at_s: float, stress: float) -> Prediction:
    at = StreamNs(round(at_s * SECOND))
    return Prediction(at, frozenset({Modality.WRIST}), stress, None, stress, None, HostNs(at), HostNs(at))


async def kept(
    state: Path, clock: HandClock, *, watch: str = WATCH, days: float = 7.0, body: Body | None = None
) -> None:
    """A run that knew somebody, to its end."""
    acquaintance = Acquaintance(state, days, watch, clock)
    acquaintance.note(body or lived(), watch)
    await ended(acquaintance, decided())


async def ended(acquaintance: Acquaintance, decider: Decider) -> None:
    """The lane, as it ends with the others."""
    lane = asyncio.create_task(acquaintance.run(decider))
    await asyncio.sleep(0)
    lane.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lane


def known(state: Path, clock: HandClock, watch: str = WATCH, days: float = 7.0) -> int:
    """By how many windows the next run knows the wearer."""
    body = Body(USUAL, 60, 5)
    Acquaintance(state, days, watch, clock).introduce(body, watch)
    return len(body.remembered())


async def test_the_next_run_goes_on_with_the_person(tmp_path: Path) -> None:
    clock, before = HandClock(), lived(240)
    await kept(tmp_path, clock, body=before)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    clock.move(3600)
    after = Body(USUAL, 60, 5)
    Acquaintance(tmp_path, 7.0, WATCH, clock).introduce(after, WATCH)
    np.testing.assert_array_equal(after.remembered(), before.remembered())
    raw = hop(10_000, heart_rate=80.0)
    told, stranger = (
        body.tell(Wear.ON, raw, StreamNs(raw.end - 60 * SECOND)).told for body in (after, Body(USUAL, 60, 5))
    )
    assert told is not None
    assert stranger is not None
    assert abs(told.values[0]) < 1 < abs(stranger.values[0]), "80 is usual for this person, not for people"


async def test_the_level_and_the_last_alert_are_known_too(tmp_path: Path) -> None:
    clock, settings = HandClock(), DecisionSettings(own_level=1.0, min_duration_s=0, smoothing_s=0, refractory_s=300)
    before = decided(settings=settings)
    acquaintance = Acquaintance(tmp_path, 7.0, WATCH, clock)
    acquaintance.note(lived(), WATCH)
    await ended(acquaintance, before)
    for later_s, alert in ((60, False), (400, True)):
        clock.move(later_s)
        after = Decider(settings)
        Acquaintance(tmp_path, 7.0, WATCH, clock).remind(after)
        assert after.remembered()[0] == before.remembered()[0]
        at_s = clock.now() / SECOND
        said = [after.step(predicted(at_s, 0.9)), *(after.step(predicted(at_s + k, 0.9999)) for k in range(5))]
        assert any(decision.alert for decision in said) is alert


@pytest.mark.parametrize("watch", [OTHER, ""])
async def test_another_watch_may_be_another_persons(tmp_path: Path, watch: str) -> None:
    clock = HandClock()
    await kept(tmp_path, clock)
    decider = Decider(DecisionSettings())
    Acquaintance(tmp_path, 7.0, watch, clock).remind(decider)
    assert (known(tmp_path, clock, watch), decider.remembered()[0].odds) == (0, {})


@pytest.mark.parametrize("watch", ["virtual:wearer?seed=1", "replay:somebody.packets"])
async def test_a_recording_is_nobody_to_be_remembered(tmp_path: Path, watch: str) -> None:
    clock = HandClock()
    await kept(tmp_path, clock, watch=watch)
    assert not (tmp_path / FILE).exists()
    await kept(tmp_path, clock)
    assert known(tmp_path, clock, watch) == 0
    assert (tmp_path / FILE).exists()


async def test_it_lies_there_for_some_days_at_most(tmp_path: Path) -> None:
    clock = HandClock()
    await kept(tmp_path, clock)
    clock.move(6 * DAY_S)
    assert known(tmp_path, clock) == 20
    clock.move(2 * DAY_S)
    assert known(tmp_path, clock) == 0
    assert known(tmp_path, clock, days=0) == 0
    assert not (tmp_path / FILE).exists()
    await kept(tmp_path, clock, days=0)
    assert not (tmp_path / FILE).exists()


async def test_what_nobody_fetches_is_deleted(tmp_path: Path) -> None:
    await kept(tmp_path, HandClock())
    settings = Settings(state_dir=str(tmp_path), retention=RetentionSettings(usual_days=3))
    written = (tmp_path / FILE).stat().st_mtime_ns
    assert enforce(settings, written + round(2 * DAY_S) * SECOND) == []  # pyright: ignore[reportArgumentType]
    assert enforce(settings, written + round(4 * DAY_S) * SECOND, by_age=False) == []  # pyright: ignore[reportArgumentType]
    (sentence,) = enforce(settings, written + round(4 * DAY_S) * SECOND)  # pyright: ignore[reportArgumentType]
    assert sentence == "usual.json was deleted: 3 days are over (retention.usual_days)"


async def test_a_run_that_heard_nothing_keeps_what_lay_there(tmp_path: Path) -> None:
    clock = HandClock()
    await kept(tmp_path, clock)
    before = (tmp_path / FILE).read_bytes()
    acquaintance, decider = Acquaintance(tmp_path, 7.0, WATCH, clock), Decider(DecisionSettings())
    acquaintance.remind(decider)
    await ended(acquaintance, decider)
    assert (tmp_path / FILE).read_bytes() == before
    decider.step(predicted(0, 0.3))  # a face, say
    await ended(acquaintance, decider)
    assert known(tmp_path, clock) == 20


@pytest.mark.parametrize(
    "broken",
    [b"", b"{", b"[]", b'{"kept": 1}', b"\xff\xfe", None],
    ids=["empty", "half", "list", "fields", "bytes", "row"],
)
async def test_a_broken_file_is_said_and_the_person_learned_anew(
    tmp_path: Path, broken: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    await kept(tmp_path, clock)
    if broken is None:
        told = json.loads((tmp_path / FILE).read_bytes())
        told["windows"][3].pop()
        broken = json.dumps(told).encode()
    (tmp_path / FILE).write_bytes(broken)
    with caplog.at_level(logging.WARNING):
        assert known(tmp_path, clock) == 0
    assert "learned anew" in caplog.text
    await kept(tmp_path, clock)
    assert known(tmp_path, clock) == 20


async def test_a_disk_that_refuses_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    await kept(tmp_path / "file" / "state", HandClock())
    assert "a restart would forget what is usual for the wearer" in caplog.text


async def test_a_model_of_other_features_meets_a_stranger(tmp_path: Path) -> None:
    clock = HandClock()
    await kept(tmp_path, clock)
    body = Body(Usual(("heart_rate",), (90.0,), (5.0,)), 60, 5)
    Acquaintance(tmp_path, 7.0, WATCH, clock).introduce(body, WATCH)
    assert len(body.remembered()) == 0


@pytest.mark.parametrize("watch", [WATCH, ""])
async def test_where_the_camera_alone_spoke_the_level_is_known_and_no_body(tmp_path: Path, watch: str) -> None:
    clock, before, after = HandClock(), decided(), Decider(DecisionSettings())
    await ended(Acquaintance(tmp_path, 7.0, watch, clock), before)
    Acquaintance(tmp_path, 7.0, watch, clock).remind(after)
    assert after.remembered()[0] == before.remembered()[0]
    assert known(tmp_path, clock, watch) == 0


async def test_what_the_disk_did_not_take_is_written_when_it_has_room(tmp_path: Path) -> None:
    clock, decider = HandClock(), decided()
    acquaintance = Acquaintance(tmp_path, 7.0, WATCH, clock)
    acquaintance.note(lived(), WATCH)
    (tmp_path / FILE).mkdir()
    await ended(acquaintance, decider)
    (tmp_path / FILE).rmdir()
    await ended(acquaintance, decider)
    assert known(tmp_path, clock) == 20


@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_an_alert_is_news_by_itself(tmp_path: Path, share: float) -> None:
    clock = HandClock()
    decider = decided(stress=0.5, settings=DecisionSettings(own_level=share, min_duration_s=0, smoothing_s=0))
    await ended(Acquaintance(tmp_path, 7.0, "", clock), decider)
    acquaintance = Acquaintance(tmp_path, 7.0, "", clock)
    assert decider.step(predicted(196, 0.999)).alert, "one second after the last: no level is remembered of it"
    await ended(acquaintance, decider)
    assert json.loads((tmp_path / FILE).read_bytes())["alerted"] is not None


async def test_who_wears_the_next_watch_is_a_stranger_and_who_wore_this_one_is_known_again(tmp_path: Path) -> None:
    clock, decider = HandClock(), Decider(DecisionSettings(own_level=1.0, min_duration_s=0, smoothing_s=0))
    await kept(tmp_path, clock)
    acquaintance = Acquaintance(tmp_path, 7.0, WATCH, clock)
    acquaintance.remind(decider)
    levels, alerted = decider.remembered()
    assert (len(levels.odds["wrist"]) > 0, alerted) == (True, None)
    acquaintance.follow(OTHER, decider)
    stranger, again = Body(USUAL, 60, 5), Body(USUAL, 60, 5)
    acquaintance.introduce(stranger, OTHER)
    assert (len(stranger.remembered()), decider.remembered()[0].odds) == (0, {})
    await ended(acquaintance, decider)
    acquaintance.follow(WATCH, decider)
    acquaintance.introduce(again, WATCH)
    assert (len(again.remembered()), decider.remembered()[0]) == (20, levels)


@pytest.mark.parametrize("written", [WATCH, f"BLE:{WATCH[4:].lower()}", f"{WATCH}?adapter=hci1"])
async def test_a_watch_that_is_followed_anew_is_the_same_persons(tmp_path: Path, written: str) -> None:
    clock, decider = HandClock(), decided()
    acquaintance = Acquaintance(tmp_path, 7.0, written, clock)
    acquaintance.note(before := lived(), written)
    levels = decider.remembered()
    acquaintance.follow(WATCH, decider)
    acquaintance.introduce(body := Body(USUAL, 60, 5), WATCH)
    np.testing.assert_array_equal(body.remembered(), before.remembered())
    assert decider.remembered() == levels
    await ended(acquaintance, decider)
    assert known(tmp_path, clock) == len(before.remembered())


async def test_an_alert_of_one_watch_is_not_told_again_by_the_next(tmp_path: Path) -> None:
    decider = decided(settings=DecisionSettings(own_level=0.0, min_duration_s=0, smoothing_s=0))
    alerted = decider.remembered()[1]
    assert alerted is not None
    Acquaintance(tmp_path, 7.0, WATCH, HandClock()).follow(OTHER, decider)
    assert decider.remembered()[1] == alerted


async def test_a_disk_that_hangs_is_told_and_costs_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    back, tries = threading.Event(), list[Path]()

    def hangs(file: Path, content: bytes) -> None:
        tries.append(file)
        back.wait(30)
        write_whole(file, content)

    monkeypatch.setattr("edge.acquaintance.EVERY_S", 0.001)
    monkeypatch.setattr("edge.acquaintance._DISK_S", 0.2)
    monkeypatch.setattr("edge.acquaintance._WAIT_S", 0.001)
    monkeypatch.setattr("edge.acquaintance.write_whole", hangs)
    acquaintance = Acquaintance(tmp_path, 7.0, WATCH, HandClock())
    lane = asyncio.create_task(acquaintance.run(decided()))
    async with asyncio.timeout(30):
        while "usual did not come back" not in caplog.text:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.001)
        for _ in range(100):
            await asyncio.sleep(0.001)
        assert len(tries) == 1, "each would leave a thread behind, and too many of them end the process"
        back.set()
        while len(tries) == 1:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.001)
    lane.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lane
    assert known(tmp_path, HandClock()) == 0
    assert (tmp_path / FILE).exists()

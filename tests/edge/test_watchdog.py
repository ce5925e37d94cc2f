"""Progress is what keeps a daemon alive: lanes that move, a budget for those that do not, systemd told of both."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import ears
from edge.budget import Budget, LaneError
from edge.heartbeats import Heartbeats
from edge.sensing import camera
from edge.systemd import Systemd
from edge.watchdog import Watchdog
from edge.worker import StuckError, Worker, left_behind
from tests.fakes.clock import HandClock


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end of a real NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        yield line


def told(line: socket.socket) -> list[str]:
    said: list[str] = []
    while True:
        try:
            said.append(line.recv(4096).decode())
        except BlockingIOError:
            return said


def environment(line: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(line.getsockname()), **more}


def test_a_lane_is_stuck_while_its_work_shows_no_progress() -> None:
    clock = HandClock()
    hearts = Heartbeats(clock)
    hearts.begin("watch", 10)
    clock.move(9)
    hearts.beat("watch")
    clock.move(9)
    assert not hearts.stuck()
    clock.move(2)
    assert hearts.stuck() == {"watch": 11.0}
    assert not hearts.stuck(grace=2)
    hearts.rest("watch")
    clock.move(1000)
    assert not hearts.stuck()
    assert hearts.beats == {"watch": 3}


def test_work_that_fails_is_work_that_has_ended() -> None:
    clock = HandClock()
    hearts = Heartbeats(clock)
    with pytest.raises(ZeroDivisionError), hearts.work("face", 1):
        _ = 1 / 0
    clock.move(5)
    assert not hearts.stuck()


def test_five_restarts_a_minute_are_the_budget_of_a_lane() -> None:
    clock = HandClock()
    budget = Budget(clock)
    for _ in range(5):
        budget.spend("face", "stuck")
        clock.move(10)
    budget.spend("wrist", "stuck")
    with pytest.raises(LaneError, match="the face lane was begun anew 5 times in 60 s and fails again"):
        budget.spend("face", "stuck")
    assert budget.spent == {"face": 6, "wrist": 1}


def test_restarts_far_apart_cost_nothing() -> None:
    clock = HandClock()
    budget = Budget(clock)
    for _ in range(50):
        budget.spend("camera", "hung")
        clock.move(13)


@pytest.mark.parametrize("limit_s", [ears.SILENT_S, camera.SILENT_S])
def test_a_lane_that_is_slow_to_notice_has_its_share_all_the_same(limit_s: float) -> None:
    clock = HandClock()
    budget = Budget(clock)
    for _ in range(5):
        clock.move(limit_s + 2)
        budget.spend("watch", "silent", limit_s)
    clock.move(limit_s + 2)
    with pytest.raises(LaneError, match=f"begun anew 5 times in {10 * limit_s:g} s"):
        budget.spend("watch", "silent", limit_s)


def test_a_slow_lane_that_fails_now_and_then_costs_nothing() -> None:
    clock = HandClock()
    budget = Budget(clock)
    for _ in range(50):
        budget.spend("watch", "silent", ears.SILENT_S)
        clock.move(2.1 * ears.SILENT_S)


async def test_a_stuck_thread_is_left_behind_and_the_next_call_has_another() -> None:
    free, before = threading.Event(), left_behind()
    with Worker("network") as worker:
        with pytest.raises(StuckError, match="network did not come back"):
            await worker.do(0.05, free.wait)
        assert left_behind() == before + 1
        assert await worker.do(10, lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await worker.do(10, lambda: 1 / 0)
        with pytest.raises(TimeoutError, match="the call's own"):
            await worker.do(10, _times_out)
    stuck = [thread for thread in threading.enumerate() if thread.name == "network"]
    free.set()
    for thread in stuck:
        thread.join(10)
    assert left_behind() == before


def _times_out() -> None:
    raise TimeoutError("the call's own")


async def test_too_many_threads_left_behind_end_the_process() -> None:
    free, budget = threading.Event(), Budget(HandClock(), threads=left_behind())
    with Worker("network") as worker:
        with pytest.raises(StuckError):
            await worker.do(0.01, free.wait)
        with pytest.raises(LaneError, match="threads are stuck and cannot be ended"):
            budget.spend("face", "stuck")
    free.set()


def test_systemd_hears_of_life_when_lanes_move_and_none_is_stuck(notified: socket.socket) -> None:
    clock = HandClock()
    watchdog = Watchdog(clock, Systemd(environment(notified, WATCHDOG_USEC="8000000", WATCHDOG_PID=str(os.getpid()))))
    clock.move(100)
    watchdog.hearts.begin("camera", 5)
    assert told(notified) == ["WATCHDOG=1"]
    clock.move(1)
    watchdog.hearts.beat("camera")
    assert told(notified) == []  # a quarter of its time has not passed
    clock.move(1)
    watchdog.hearts.begin("wrist", 5)
    assert told(notified) == ["WATCHDOG=1"]
    clock.move(100)
    assert told(notified) == []  # time alone is no progress
    watchdog.hearts.beat("wrist")
    assert told(notified) == []  # the camera is stuck, however well the wrist does
    assert watchdog.stuck == ("camera",)
    watchdog.hearts.rest("camera")
    assert told(notified) == ["WATCHDOG=1"]


def test_a_lane_that_does_not_mend_itself_ends_the_process() -> None:
    clock = HandClock()
    watchdog = Watchdog(clock)
    watchdog.hearts.begin("outbox", 30)
    clock.move(61)
    for _ in range(9):
        watchdog.look()
    with pytest.raises(LaneError, match="the outbox lane has not moved for 61 s"):
        watchdog.look()


def test_a_pause_of_the_whole_process_is_forgiven() -> None:
    clock = HandClock()
    watchdog = Watchdog(clock)
    watchdog.hearts.begin("watch", 30)
    clock.move(3600)
    watchdog.look()
    watchdog.hearts.beat("watch")
    for _ in range(20):
        watchdog.look()


def test_what_systemd_is_told(notified: socket.socket) -> None:
    systemd = Systemd(environment(notified))
    systemd.ready()
    systemd.status("watch online")
    systemd.status("watch online")
    systemd.reloading(5_000_000)
    systemd.stopping()
    said = ["READY=1", "STATUS=watch online", "RELOADING=1\nMONOTONIC_USEC=5000", "STOPPING=1"]
    assert told(notified) == said
    assert systemd.watchdog_s is None


@pytest.mark.parametrize(
    "given", [{"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}, {}]
)
def test_no_watchdog_that_is_not_ours(given: dict[str, str]) -> None:
    assert Systemd(given).watchdog_s is None


def test_a_service_manager_that_is_gone_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "systemd did not hear READY" in caplog.text

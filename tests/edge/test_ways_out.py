"""However a verb that hears a sensor is ended, the sensor is told to stop: an H10 left streaming runs flat."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import typer
from rich.console import Console

from edge import baseline_verb
from edge.baseline_verb import measure
from edge.demo import DemoPlan, run_demo
from edge.pairing import with_radio
from edge.settings import Settings
from edge.verbs import ends, unless_ended
from firmware_bridge.devices.opening import open_device
from firmware_bridge.links import Link

WAYS_OUT = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
PATIENCE_S = 60.0


@pytest.mark.parametrize("way", WAYS_OUT)
async def test_a_baseline_that_is_ended_stops_the_sensor(
    way: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    @asynccontextmanager
    async def watched(*given: object, **more: object) -> AsyncGenerator[Link]:
        async with open_device(*given, **more) as link:  # pyright: ignore[reportArgumentType] - handed on as they came
            told.append("opened")
            os.kill(os.getpid(), way)
            try:
                yield link
            finally:
                told.append("stopped")

    monkeypatch.setattr(baseline_verb, "open_device", watched)
    async with asyncio.timeout(PATIENCE_S):
        outcome = await measure(Settings(state_dir=str(tmp_path)), "virtual:wearer?device=polar-h10", 1.0, None)
    assert told == ["opened", "stopped"]
    assert outcome["measured"] is False
    assert "of 300 quiet seconds were there" in str(outcome["reason"])


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_pairing_that_is_ended_is_taken_back_in_order(way: signal.Signals) -> None:
    left: list[str] = []

    async def pair() -> str:
        os.kill(os.getpid(), way)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # to tell a sensor to stop takes a while
            left.append("in order")
        return "paired"

    with pytest.raises(typer.Exit) as ended:
        with_radio(pair(), None)
    assert (ended.value.exit_code, left) == (130, ["in order"])


@pytest.mark.parametrize("way", WAYS_OUT)
async def test_a_demo_that_is_ended_sums_up(
    way: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> None:
        assert (tmp_path / "broker-password").exists()
        os.kill(os.getpid(), way)

    monkeypatch.setattr("edge.demo.face_source", lambda *_: "")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr("edge.demo.tell", end)  # once all is open
    plan = DemoPlan(seconds=10 * PATIENCE_S, headless=True)
    async with asyncio.timeout(PATIENCE_S):
        summary = await run_demo(Settings(state_dir=str(tmp_path)), plan, Console(quiet=True))
    assert summary["alerts"] == {"raised": 0, "acked": 0, "recovered": 0, "pending": 0, "received": 0}
    assert not (tmp_path / "broker-password").exists()


async def test_what_is_done_or_fails_before_any_signal_is_as_if_called() -> None:
    async def done() -> int:
        return 7

    async def failed() -> int:
        raise ValueError("odd")

    assert await unless_ended(done()) == 7
    with pytest.raises(ValueError, match="odd"):
        await unless_ended(failed())


async def test_who_is_cancelled_cancels_the_work() -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    waiting = asyncio.create_task(unless_ended(work()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert left.is_set()


async def test_a_hang_up_that_is_ignored_ends_nothing() -> None:
    """As under nohup(1)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with ends(signal.SIGHUP) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

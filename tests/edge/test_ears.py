"""Another watch is followed while the daemon runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest

from edge import ears
from edge.baseline_store import BaselineError
from edge.daemon import Daemon
from edge.flow import Channel, Samples, Window
from edge.inference.ports import NetworkError
from edge.pace import Pace
from edge.service import Service, open_service
from edge.settings import Settings, WatchSettings

PATIENCE_S = 30.0


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Service]:
    """A daemon at twenty times the pace of life, until the block ends."""
    stop = asyncio.Event()
    async with open_service(settings, speed=20.0) as service:
        task = asyncio.create_task(service.daemon.run(stop))
        try:
            yield service
        finally:
            stop.set()
            await task


async def heard(daemon: Daemon, channel: Channel) -> Samples:
    """The next samples of a channel."""
    found: asyncio.Future[Samples] = asyncio.get_running_loop().create_future()

    def tap(samples: Samples) -> None:
        if samples.channel is channel and not found.done():
            found.set_result(samples)

    daemon.onlooker.tap = tap
    async with asyncio.timeout(PATIENCE_S):
        return await found


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(state_dir=str(tmp_path_factory.mktemp("state")))


async def test_a_daemon_without_a_watch_follows_the_first(settings: Settings) -> None:
    async with running(settings) as service:
        daemon = service.daemon
        assert (daemon.watch_address, dict(daemon.sensors())) == ("", {})
        with pytest.raises(BaselineError, match="pair one"):
            daemon.baseline_start()
        daemon.follow("virtual:wearer?seed=1")
        await heard(daemon, Channel.PULSE)
        assert daemon.sensors() == {"watch": "online"}
        assert await moved(daemon), "followed before a lane ran: its windows are judged all the same"


async def test_the_next_watch_takes_the_place_of_the_last(settings: Settings) -> None:
    first = "virtual:wearer?seed=1&garbage=0.2"
    settings = msgspec.structs.replace(settings, watch=WatchSettings(address=first))
    async with running(settings) as service:
        daemon = service.daemon
        await heard(daemon, Channel.SKIN_CONDUCTANCE)
        while not daemon.losses()["garbage"]:
            await heard(daemon, Channel.PULSE)
        lost, packets = daemon.losses()["garbage"], daemon.onlooker.packets
        daemon.follow("virtual:wearer?device=polar-h10")
        assert (await heard(daemon, Channel.ECG)).rate_hz == pytest.approx(130, rel=0.1)
        assert daemon.losses()["garbage"] >= lost
        assert daemon.onlooker.packets < packets
        assert daemon.prediction is None
        assert not daemon.finished.is_set()


async def test_a_link_that_is_opened_anew_adds_to_what_was_lost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def spoilt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no frame\0")
        await reader.read()
        writer.close()

    monkeypatch.setattr(ears, "SILENT_S", 0.5)
    async with await asyncio.start_server(spoilt, "127.0.0.1", 0) as board:
        watch = WatchSettings(address=f"tcp:127.0.0.1:{board.sockets[0].getsockname()[1]}")
        settings = msgspec.structs.replace(settings, watch=watch)
        async with running(settings) as service, asyncio.timeout(PATIENCE_S):
            daemon = service.daemon
            while not daemon.health.dropped["stuck_watch"]:  # noqa: ASYNC110 - a count, as below
                await asyncio.sleep(0.01)
            lost = daemon.losses()["garbage"]
            assert lost
            while daemon.losses()["garbage"] < 2 * lost:
                assert daemon.losses()["garbage"] >= lost, "a count never goes back"
                await asyncio.sleep(0.01)


async def moved(daemon: Daemon) -> str:
    """How the wearer moves, as soon as that is told."""
    async with asyncio.timeout(PATIENCE_S):
        while daemon.activity is None:
            await heard(daemon, Channel.PULSE)
        return daemon.activity.level


async def test_how_the_wearer_moved_does_not_outlast_the_watch(settings: Settings) -> None:
    settings = msgspec.structs.replace(settings, watch=WatchSettings(address="virtual:wearer?seed=1"))
    async with running(settings) as service:
        daemon = service.daemon
        assert await moved(daemon)
        daemon.follow("virtual:wearer?device=polar-h10")
        await heard(daemon, Channel.ECG)
        assert daemon.activity is None, "the watch that told it is gone"


async def test_a_judge_of_movement_that_fails_is_counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(pace: Pace, window: Window) -> None:
        raise NetworkError("activity.npz: an operator failed")

    monkeypatch.setattr(Pace, "judge", fails)
    settings = msgspec.structs.replace(settings, watch=WatchSettings(address="virtual:wearer?seed=1"))
    async with running(settings) as service, asyncio.timeout(PATIENCE_S):
        daemon = service.daemon
        while not daemon.losses()["activity"]:
            assert daemon.activity is None
            await heard(daemon, Channel.PULSE)


async def test_a_watch_that_cannot_be_reached_can_be_left(settings: Settings) -> None:
    settings = msgspec.structs.replace(settings, watch=WatchSettings(address="tcp:127.0.0.1:9"))
    async with running(settings) as service:
        daemon = service.daemon
        async with asyncio.timeout(PATIENCE_S):
            while not daemon.health.dropped["link"]:  # noqa: ASYNC110 - a count, and nobody is told when it grows
                await asyncio.sleep(0)
        daemon.follow("virtual:wearer?seed=1")
        await heard(daemon, Channel.PULSE)

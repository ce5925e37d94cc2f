"""What a broker hears of the state: whole, of one moment, and silent about what is not known any more."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import msgspec

from edge.clock import seconds
from edge.demo import DemoPlan, face_source
from edge.relay.alerts import StateMessage, read_alert
from edge.service import Service, open_service
from edge.settings import CameraSettings, Settings, WatchSettings
from tests.edge.daemon.lines import ALWAYS
from tests.fakes.services import SPEED, running, states


@asynccontextmanager
async def seen_and_heard(tmp_path: Path) -> AsyncGenerator[Service]:
    """A virtual watch and a portrait; every window is news."""
    settings = Settings(
        state_dir=str(tmp_path),
        watch=WatchSettings("virtual:wearer?seed=1"),
        camera=CameraSettings(source=face_source(DemoPlan()), loop=True, fps=10),
        sampling=msgspec.structs.replace(Settings().sampling, mode="full"),
        decision=msgspec.structs.replace(ALWAYS, stale_s=30),
    )
    stop = asyncio.Event()
    async with asyncio.timeout(90), open_service(settings, speed=SPEED) as service, asyncio.TaskGroup() as lanes:
        lanes.create_task(service.daemon.run(stop))
        yield service
        stop.set()


def whole(state: StateMessage) -> bool:
    return state.emotion is not None and state.heart_rate is not None and state.stress is not None


async def test_a_state_says_all_that_home_assistant_shows(tmp_path: Path) -> None:
    async with seen_and_heard(tmp_path) as service:
        told = states(service)
        state = await anext(state async for state in told if whole(state))
        assert 40 < (state.heart_rate or 0) < 180
        assert state.emotion in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
        assert 1 / 7 < (state.emotion_confidence or 0) <= 1
        assert state.plan == "full"
        assert abs(seconds(service.clock.wall() - state.inferred_unix_ns)) < 30
        assert state.inferred_time.endswith("Z")
        service.daemon.orders.pause_camera(True)
        unseen = await anext(state async for state in told if state.emotion is None)
        assert unseen.emotion_confidence is None


async def test_state_and_reason_are_of_one_moment(tmp_path: Path) -> None:
    async with seen_and_heard(tmp_path) as service:
        judged = 0
        async for state in states(service):
            if state.stress is not None:
                judged += 1
                assert state.reason.startswith(f"{state.state}: "), "the state is told before it is decided"
            if judged == 5:
                break


async def test_the_newest_state_gets_out_when_all_is_still(tmp_path: Path) -> None:
    async with running(tmp_path, "virtual:wearer?seed=1&silence=90-9000") as service:
        judged = False
        async with asyncio.timeout(60):
            async for state in states(service):
                judged = judged or state.heart_rate is not None
                if judged and state.sensors == {"watch": "offline"}:
                    assert (state.heart_rate, state.battery, state.inferred_unix_ns) == (None, None, 0)
                    break


async def test_an_alert_says_when_it_was_and_how_surely(tmp_path: Path) -> None:
    async with seen_and_heard(tmp_path) as service, aiomqtt.Client(service.broker.host, service.broker.port) as client:
        await client.subscribe("vagus/+/alert", qos=1)
        heard = await anext(aiter(client.messages))
        assert isinstance(heard.payload, bytes)
        alert = read_alert(heard.payload)
        assert 1 <= (alert.sensor_uncertainty_ms or 0) < 10_000
        assert "clock_synchronised" in json.loads(heard.payload)

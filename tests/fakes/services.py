"""A whole daemon in this process, on a virtual watch and the in-process broker, and what it tells of its state."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import msgspec

from edge.relay.alerts import StateMessage, read_state
from edge.service import Service, open_service
from edge.settings import Settings, WatchSettings

SPEED = 40.0


@asynccontextmanager
async def running(tmp_path: Path, address: str) -> AsyncGenerator[Service]:
    settings = msgspec.structs.replace(Settings(), state_dir=str(tmp_path), watch=WatchSettings(address))
    stop = asyncio.Event()
    async with open_service(settings, speed=SPEED) as service, asyncio.TaskGroup() as lanes:
        lanes.create_task(service.daemon.run(stop))
        yield service
        stop.set()


async def states(service: Service) -> AsyncGenerator[StateMessage]:
    async with aiomqtt.Client(service.broker.host, service.broker.port) as client:
        await client.subscribe("vagus/+/state", qos=1)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            yield read_state(message.payload)

"""A whole daemon in this process on a little bundle, a fast virtual watch and the in-process broker."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from edge.bundle import Bundle
from edge.bundle_keys import key_line
from edge.health import ProcessMeter
from edge.inference.decision import DecisionSettings
from edge.service import Service, open_service
from edge.settings import CameraSettings, ModelSettings, Settings, WatchSettings
from export.pack import write_bundle
from tests.edge.panel.little_bundle import little_contract
from tests.fakes.bundles import KEY

SPEED = 100.0
PATIENCE_S = 60.0
ALWAYS = DecisionSettings(on=0.001, off=0.001, smoothing_s=0, min_duration_s=0, refractory_s=0, stale_s=1)
"""Every window is news, and every news an alert."""


def trust_our_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's user trusts the key that signs the tests' bundles."""
    (folder / "config" / "vagus").mkdir(parents=True)
    (folder / "config" / "vagus" / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))


def little(out: Path, version: str = "1.2.0", min_version: str = "1.0.0", **wrist: object) -> Bundle:
    """A bundle of this version; ``wrist`` replaces fields of its wrist model."""
    made, files = little_contract()
    model = msgspec.structs.replace(made.models.wrist, **wrist) if made.models.wrist else None
    models = msgspec.structs.replace(made.models, wrist=model)
    return write_bundle(
        out, msgspec.structs.replace(made, version=version, min_version=min_version, models=models), files, KEY
    )


def partial(out: Path, *parts: str) -> Bundle:
    """The little bundle without these."""
    made, files = little_contract()
    models = msgspec.structs.replace(made.models, **dict.fromkeys(parts))
    return write_bundle(out, msgspec.structs.replace(made, models=models), files, KEY)


@dataclass
class Running:
    """A service that plays."""

    service: Service
    reload: asyncio.Event
    state: Path

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition; TimeoutError when it never holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - what is waited for is counted by many rooms and has no event
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(
    folder: Path, bundle: Path | None, config: Path | None = None, camera: Path | None = None
) -> AsyncGenerator[Running]:
    """``bundle`` None for the one that ships; ``camera`` a file."""
    settings = msgspec.structs.replace(
        Settings(),
        state_dir=str(folder / "state"),
        watch=WatchSettings("virtual:wearer?seed=1"),
        models=ModelSettings(bundle=str(bundle or "")),
        camera=CameraSettings(str(camera or ""), 20.0, loop=True),
        sampling=msgspec.structs.replace(Settings().sampling, mode="full"),
        decision=ALWAYS,
    )
    stop, reload = asyncio.Event(), asyncio.Event()
    async with open_service(settings, speed=SPEED, config=config) as service, asyncio.TaskGroup() as lanes:
        meter = ProcessMeter(service.clock.now())
        lanes.create_task(service.play(stop, meter, reload=reload))
        try:
            yield Running(service, reload, folder / "state")
        finally:
            stop.set()

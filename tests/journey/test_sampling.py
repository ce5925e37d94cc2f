"""A plan reaches the watch and the camera of a running daemon, and the other way when it is forced."""

import asyncio
from pathlib import Path

import cv2
import numpy as np

from edge.flow import Channel, Samples
from edge.health import ProcessMeter
from edge.service import Service, open_service
from edge.settings import CameraSettings, Settings, WatchSettings

SPEED = 60.0


async def played(service: Service, look: "Look") -> None:
    """Run until the look has seen all it waits for."""
    async with asyncio.timeout(120):
        await service.play(look.stop, ProcessMeter(service.clock.now()), look.look)


class Look:
    """Waits for one rate of the pulse wave after the other, forcing the next plan as soon as one is there."""

    def __init__(self, service: Service, *steps: tuple[float, str, str]) -> None:
        self.stop = asyncio.Event()
        self.seen: list[tuple[float, str, str]] = []
        self.hours: list[float | None] = []
        self._daemon = service.daemon
        self._steps = list(steps)
        self._rate_hz = 0.0
        self._daemon.onlooker.tap = self._take

    def look(self) -> None:
        rate_hz, camera, then = self._steps[0]
        if (self._rate_hz, self._daemon.sensors().get("camera", "")) != (rate_hz, camera):
            return
        self.hours.append(self._daemon.battery_hours)
        self.seen.append((self._rate_hz, self._daemon.plan.mode, self._daemon.plan.reason))
        del self._steps[0]
        if self._steps:
            assert self._daemon.orders.force_plan(then) == then
        else:
            self.stop.set()

    def _take(self, samples: Samples) -> None:
        if samples.channel is Channel.PULSE:
            self._rate_hz = samples.rate_hz


async def test_a_calm_wearer_is_measured_little_and_the_operator_may_differ(tmp_path: Path) -> None:
    picture = tmp_path / "nobody.png"
    cv2.imwrite(str(picture), np.full((120, 160, 3), 90, np.uint8))
    wanted = Settings(
        state_dir=str(tmp_path),
        watch=WatchSettings(address="virtual:wearer?seed=2"),
        camera=CameraSettings(source=str(picture)),
    )
    async with open_service(wanted, speed=SPEED) as service:
        look = Look(service, (16.0, "resting", "full"), (64.0, "online", "low"), (16.0, "resting", ""))
        await played(service, look)
        assert not service.daemon.losses()["late"]
    low, full, _ = look.hours
    assert low is not None
    assert full is not None
    assert 50 < full < low < 500
    assert [mode for _, mode, _ in look.seen] == ["low", "full", "low"]
    assert [reason for *_, reason in look.seen][1:] == [
        "full: the operator asked for it",
        "low: the operator asked for it",
    ]


async def test_a_fixed_plan_is_left_alone(tmp_path: Path) -> None:
    wanted = Settings(state_dir=str(tmp_path), watch=WatchSettings(address="virtual:wearer?seed=2"))
    async with open_service(wanted, speed=SPEED) as service:
        service.daemon.orders.force_plan("off")
        look = Look(service, (16.0, "", ""))
        await played(service, look)
        assert (service.daemon.plan.mode, service.daemon.plan.camera_fps) == ("off", 0.0)

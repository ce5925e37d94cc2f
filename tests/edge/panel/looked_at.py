"""A source for the page that a test moves by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from edge.check import Check
from edge.clock import HostNs
from edge.flow import Channel, Samples
from edge.panel.errors import NotNowError
from edge.panel.pairing import Asked, Device, Heard, PairingError
from edge.panel.snapshot import (
    AlertSeen,
    CameraSeen,
    DeviceClock,
    FaceSeen,
    Journey,
    Judgement,
    PlanSeen,
    PlanWord,
    RelaySeen,
    RestSeen,
    Snapshot,
    WatchSeen,
)
from firmware_bridge.links import Packet

JPEG = b"\xff\xd8 not really a picture \xff\xd9"


class LookedAt:
    """Answers what it is told to answer, and remembers who listens."""

    def __init__(self) -> None:
        self.tap: Callable[[Samples], None] | None = None
        self.keep: Callable[[Packet], None] | None = None
        self.jpeg: bytes | None = JPEG
        self.looks = 0
        self.plan: PlanSeen | None = PlanSeen(
            "watchful", "auto", {"pulse": 25.0, "motion": 12.5}, 0.5, "calm for an hour; the pulse slower", 95.0, 31.0
        )
        self.rest = RestSeen(True)
        self.own_level = True
        self.level: float | None = 0.7
        self.shot = a_snapshot()
        """All else that it tells."""

    def snapshot(self) -> Snapshot:
        self.looks += 1
        return replace(self.shot, plan=self.plan, rest=self.rest, level=self.level, own_level=self.own_level)

    def attend(self, tap: Callable[[Samples], None] | None) -> None:
        self.tap = tap

    def record(self, keep: Callable[[Packet], None] | None) -> None:
        self.keep = keep

    def force_plan(self, word: PlanWord) -> None:
        if self.plan is None:
            raise NotNowError("no plan is made here")
        self.plan = replace(self.plan, forced=word)

    def measure_rest(self) -> None:
        if not self.rest.offered:
            raise NotNowError("no baseline can be measured without a watch")
        self.rest = replace(self.rest, progress=0.0)

    def at_rest(self) -> bool:
        return self.rest.progress is not None

    def leave_rest(self) -> None:
        self.rest = replace(self.rest, progress=None)

    def forget_rest(self) -> None:
        self.rest = RestSeen(self.rest.offered)

    async def picture(self) -> bytes | None:
        return self.jpeg

    async def checks(self) -> tuple[Check, ...]:
        return (Check("broker", "bad", "the broker is away", "start it"), Check("disk", "good", "1 GiB is free"))

    async def support(self) -> Mapping[str, object]:
        return {"version": "1"}


class ScriptedRadio:
    """Finds one passkey watch; it shows 123456 and beats at 72."""

    address, key = "F0:F1:F2:F3:F4:F5", 123456

    def __init__(self) -> None:
        self.trouble = ""
        self.breaks: Exception | None = None
        """What no radio ought to raise."""
        self.numeric = False
        """It shows a number to be compared instead."""

    async def scan(self) -> Sequence[Device]:
        if self.breaks is not None:
            raise self.breaks
        if self.trouble:
            raise PairingError(self.trouble)
        return [
            Device(self.address, "Vagus", "Vagus", -50, ("heart_rate", "pulse")),
            Device("AA:00:00:00:00:01", "", "", None, ()),
        ]

    async def pair(self, address: str, asked: Asked) -> Heard:
        right = await asked.confirm(address, self.key) if self.numeric else await asked.passkey(address) == self.key
        if not right:
            raise PairingError("was the passkey right?")
        return Heard(address, "Vagus", 72, None, 1.5, "vagus.toml")


def a_snapshot() -> Snapshot:
    return Snapshot(
        device="edge",
        bundle="tiny 1.2.0",
        speed=1.0,
        stream_ms=1000,
        up_s=12.0,
        state="stress",
        reason="stress: stress 81% from face and wrist; heart rate raised; face fear 61%",
        threshold=0.6,
        judgement=Judgement(0.81, 0.76, 0.66, {"fear": 0.61, "neutral": 0.2}, ("face", "wrist"), 1.5),
        journey=Journey(31.0, 4.2, 18.0, 44.0, 3),
        watch=WatchSeen("virtual", 0.2, 1200, 88.0, {"reconnects": 1}, DeviceClock(-1234.5, 21.0, 3.1)),
        camera=CameraSeen("file", 60, 58, 0.1, FaceSeen((40, 30, 50, 60), ((55, 50), (75, 50)), 0.99, True, 160, 120)),
        plan=None,
        rest=RestSeen(True),
        relay=RelaySeen("mqtt://127.0.0.1:1883", True, True, None, 0, 3),
        alerts=(AlertSeen(3, "stress", "stress: stress 81% from wrist", 0.81, 1_800_000_000_000),),
        losses={"garbage": 2},
        skipped={"off_wrist": 1},
        predictions={"face+wrist": 40, "wrist": 3},
        memory_mb=120.5,
        cpu_percent=7.5,
    )


def pulse(start_ms: int, *values: float) -> Samples:
    """A run of the pulse at 64 Hz."""
    times = np.array([start_ms * 1_000_000 + k * 15_625_000 for k in range(len(values))], np.int64)
    return Samples(Channel.PULSE, times, np.array(values, np.float32), 64.0, received=HostNs(0))

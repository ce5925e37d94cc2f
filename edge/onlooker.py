"""What passes through the daemon, for whoever looks on: a page, a recording. Nothing is kept while nobody does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from edge.clock import Clock, HostNs, StreamNs
from edge.flow import Channel, Crop, Frame, Samples
from firmware_bridge.links import Packet


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a face is in a frame, in its pixels: no picture of it."""

    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    score: float
    tracked: bool


class Onlooker:
    """Three hooks the daemon calls as things pass; it remembers times, a count, two readings, where a face is."""

    def __init__(self, clock: Clock) -> None:
        self.tap: Callable[[Samples], None] | None = None
        """Takes every run of samples."""
        self.keep: Callable[[Packet], None] | None = None
        """Takes every packet, stamped with stream time, so that a fast replay is kept at its own pace."""
        self.heard: HostNs | None = None
        """Receipt of the last packet."""
        self.battery: float | None = None
        self.heart_rate: tuple[float, StreamNs] | None = None
        """What the sensor itself said last, in beats per minute, and when."""
        self.waited_ns: int | None = None
        """Stream time from the last sample of a packet to its receipt, above that of the fastest packets."""
        self.packets = 0
        self.face: Mark | None = None
        """In the last frame; None when none was found."""
        self.shape = (0, 0)
        """Height and width of the last frame."""
        self.saw: HostNs | None = None
        """When the last frame was grabbed."""
        self._clock = clock
        self._wanted: asyncio.Future[Frame] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def forget(self) -> None:
        """Another watch comes: what the last one said is no news of it."""
        self.heard = self.battery = self.heart_rate = self.waited_ns = None
        self.packets = 0

    def packet(self, packet: Packet) -> None:
        self.packets += 1
        self.heard = HostNs(packet.arrived_ns)
        if self.keep is not None:
            self.keep(Packet(packet.source, packet.payload, self._clock.stream(self.heard)))

    def samples(self, samples: Samples) -> None:
        if samples.channel is Channel.BATTERY:
            self.battery = float(samples.values[-1])
        elif samples.channel is Channel.HEART_RATE:
            self.heart_rate = float(samples.values[-1]), StreamNs(int(samples.times[-1]))
        elif samples.rate_hz:
            self.waited_ns = self._clock.stream(samples.received) - int(samples.times[-1])
        if self.tap is not None:
            self.tap(samples)

    def frame(self, frame: Frame, face: Crop | None) -> None:
        """Called on the face thread, once a frame."""
        self.face = None if face is None else Mark(face.box, _points(face), face.score, face.tracked)
        self.saw = frame.grabbed
        self.shape = (frame.image.shape[0], frame.image.shape[1])
        wanted, loop = self._wanted, self._loop
        if wanted is not None and loop is not None:
            self._wanted = None
            loop.call_soon_threadsafe(_give, wanted, frame)

    async def next_frame(self) -> Frame:
        """The frame that comes next; whoever waits for it sets the time limit."""
        if self._wanted is None or self._wanted.done():
            self._loop = asyncio.get_running_loop()
            self._wanted = self._loop.create_future()
        return await asyncio.shield(self._wanted)


def _points(face: Crop) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in face.landmarks)


def _give(wanted: asyncio.Future[Frame], frame: Frame) -> None:
    if not wanted.done():
        wanted.set_result(frame)

"""What the page recorded, played again, is judged exactly as it was judged live."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.clock import nanoseconds
from edge.ears import usual
from edge.inference.classifier import Classifier
from edge.panel.recordings import Recordings
from edge.panel.session import Start
from edge.sensing.watch import Watch
from edge.service import open_bundle
from edge.settings import Settings
from edge.signals.body import Body
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.pace import Pace
from firmware_bridge.links.replay import ReplayLink
from firmware_bridge.virtual.link import open_virtual
from tests.fakes.clock import HandClock

WORN_S = 150


class Line:
    """The watch's part of the line on a clock that is moved by waiting."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.said: list[float] = []
        self.dropped = 0
        self._watch = Watch(self.clock)
        bundle = open_bundle(Settings())
        wrist = bundle.contract.models.wrist
        if wrist is None:
            raise LookupError("the shipped bundle has no wrist model")
        self._classifier = Classifier(bundle)
        self._body = Body(usual(wrist), wrist.window_s, wrist.step_s)

    async def sleep(self, s: float) -> None:
        self.clock.move(s)

    def hear(self, packet: Packet) -> None:
        for samples in self._watch.feed(packet):
            for reading in self._body.feed(samples):
                estimate = None if reading.told is None else self._classifier.wrist(reading.told)
                if estimate is not None:
                    self.said.append(estimate.stress)

    async def hear_all(self, packets: AsyncIterator[Packet]) -> list[bytes]:
        heard: list[bytes] = []
        async for packet in packets:
            self.hear(packet)
            heard.append(packet.payload)
        return heard


async def test_a_recording_says_again_what_was_said_live(tmp_path: Path) -> None:
    live = Line()
    recordings = Recordings(tmp_path, live.clock, lambda: "virtual", lambda: False)
    name = recordings.start(Start(consent=True))
    sent: list[bytes] = []
    where = Address.parse("virtual:wearer?seed=3")
    async with open_virtual(where, now=live.clock.now, speed=1.0, sleep=live.sleep) as link:
        async for packet in link.packets():
            live.hear(packet)
            recordings.keep(packet)
            sent.append(packet.payload)
            if live.clock.host > nanoseconds(WORN_S):
                break
    recordings.tag("calm")
    recordings.stop()
    file = tmp_path / "download.jsonl"
    file.write_bytes(b"".join(recordings.read(name)))

    again = Line()
    with file.open("rb") as opened:
        link = ReplayLink(opened, Pace(again.clock.now, 1.0, again.sleep))
        heard = await again.hear_all(link.packets())
        assert link.counts()["garbage"] == 0
    assert heard == sent
    assert len(live.said) > 10
    assert again.said == pytest.approx(live.said, abs=1e-6)

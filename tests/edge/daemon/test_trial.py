"""A bundle on trial answers for all that it says, whichever lane asks; a device that was left says nothing more."""

import asyncio
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.bundle import BundleError
from edge.clock import HostNs, SystemClock
from edge.eyes import Eyes
from edge.flow import Channel, Frame, Samples
from edge.health import Health
from edge.inference.classifier import Classifier, FaceEstimate
from edge.inference.lead import LeadEstimate
from edge.judges import Judges
from edge.leads import Leads
from edge.onlooker import Onlooker
from edge.settings import CameraSettings
from edge.watchdog import Watchdog
from tests.edge.signals.bodies import beats
from tests.edge.signals.test_ecg import heartbeat
from tests.edge.signals.test_leads import packets
from tests.fakes.bundles import tiny_bundle
from tests.fakes.electrodes import leads_bundle

PATIENCE_S = 60.0


class Refuses:
    """Takes estimates; the first is refused, as by a fusion that does not fit."""

    def __init__(self) -> None:
        self.count = 0
        self.second = asyncio.Event()

    async def take(self, *_: object) -> None:
        self.count += 1
        if self.count == 1:
            raise BundleError("no fusion head")
        self.second.set()


@pytest.fixture
def judges(tmp_path: Path) -> Judges:
    return Judges(leads_bundle(tmp_path / "bundle"), 1)


def strap() -> list[Samples]:
    """A minute and more, in parts that fit the lane."""
    return list(packets(Channel.ECG, heartbeat(beats(80, 60), 80, 130.0, noise=0.01), 130.0, size=130))


def leads_of(judges: Judges, heard: Any) -> Leads:
    clock = SystemClock()
    return Leads(judges, Health(), Watchdog(clock), heard)


@pytest.mark.parametrize("trial", [True, False])
async def test_what_a_lead_is_fused_to_counts_for_the_trial(judges: Judges, trial: bool) -> None:
    before, heard = judges.current, Refuses()
    leads = leads_of(judges, heard.take)
    if trial:
        judges.adopt(Classifier(judges.bundle))
    for samples in strap():
        leads.feed(samples)
    async with asyncio.timeout(PATIENCE_S):
        running = asyncio.create_task(leads.run())
        if not trial:
            with pytest.raises(BundleError, match="no fusion head"):
                await running
            return
        await heard.second.wait()
        running.cancel()
    assert (judges.rolled_back, judges.current) == (1, before)


@pytest.mark.parametrize("trial", [True, False])
async def test_what_a_face_is_fused_to_counts_for_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trial: bool
) -> None:
    judges = Judges(tiny_bundle(tmp_path / "bundle"), 1)

    def sees(eyes: Eyes, classifier: Classifier, frame: Frame) -> FaceEstimate:
        return FaceEstimate(np.full(7, 1 / 7, np.float32), np.zeros(7, np.float32), frame.grabbed)

    monkeypatch.setattr(Eyes, "_judge", sees)
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((24, 32, 3), 90, np.uint8))
    before, seen, clock = judges.current, Refuses(), SystemClock()
    if trial:
        judges.adopt(Classifier(judges.bundle))
    settings = CameraSettings(str(tmp_path / "wall.png"), 50.0)
    eyes = Eyes(settings, judges, clock, Health(), Onlooker(clock), seen.take, Watchdog(clock))
    async with asyncio.timeout(PATIENCE_S):
        running = asyncio.create_task(eyes.run())
        if not trial:
            with pytest.raises(BundleError, match="no fusion head"):
                await running
            return
        await seen.second.wait()
        running.cancel()
        await asyncio.wait({running})
    assert (judges.rolled_back, judges.current) == (1, before)


async def test_a_lane_that_fails_after_another_has_put_the_bundle_out_of_use_ends_nothing(
    tmp_path: Path, judges: Judges
) -> None:
    before, heard = judges.current, Refuses()

    async def take(estimate: LeadEstimate) -> None:
        if not heard.count:
            assert judges.failed("the wrist's network fails", judges.current)
        await heard.take(estimate)

    leads = leads_of(judges, take)
    judges.adopt(Classifier(leads_bundle(tmp_path / "newer")))
    for samples in strap():
        leads.feed(samples)
    async with asyncio.timeout(PATIENCE_S):
        running = asyncio.create_task(leads.run())
        await asyncio.wait({running, second := asyncio.create_task(heard.second.wait())}, return_when="FIRST_COMPLETED")
    running.cancel()
    assert second.done()
    assert (judges.rolled_back, judges.current) == (1, before)


def test_a_network_that_was_left_says_nothing_against_the_one_on_trial(tmp_path: Path, judges: Judges) -> None:
    left = judges.current
    judges.adopt(newer := Classifier(leads_bundle(tmp_path / "newer")))
    assert judges.failed("it was slow to fail", left)
    assert (judges.rolled_back, judges.current) == (0, newer)


async def test_a_window_of_a_device_that_is_left_meanwhile_is_not_told(
    judges: Judges, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, asked, heard = list[LeadEstimate](), asyncio.Event(), asyncio.Event()
    loop, judge = asyncio.get_running_loop(), Classifier.lead

    async def take(estimate: LeadEstimate) -> None:
        told.append(estimate)
        heard.set()

    leads = leads_of(judges, take)

    def followed_meanwhile(classifier: Classifier, *given: Any) -> LeadEstimate:
        if not asked.is_set():
            leads.begin_anew()
            loop.call_soon_threadsafe(asked.set)
        return judge(classifier, *given)

    monkeypatch.setattr(Classifier, "lead", followed_meanwhile)
    for samples in strap():
        leads.feed(samples)
    async with asyncio.timeout(PATIENCE_S):
        running = asyncio.create_task(leads.run())
        await asked.wait()
        for samples in strap():
            leads.feed(Samples(samples.channel, samples.times, samples.values, samples.rate_hz, HostNs(2)))
        await heard.wait()
        running.cancel()
    assert {estimate.received for estimate in told} == {HostNs(2)}, "the first device was left"

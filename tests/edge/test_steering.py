"""What each family can obey of a plan is asked for once, and nothing that it cannot do."""

from collections.abc import Sequence
from typing import Any

import pytest

from edge.clock import StreamNs
from edge.flow import SamplingPlan
from edge.sensing.ladder import LADDER, Level
from edge.steering import Rates
from firmware_bridge import codec
from firmware_bridge.devices import FAMILIES, Family
from firmware_bridge.devices.session import Session
from firmware_bridge.devices.vagus import VAGUS
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.messages import Command, RateCommand, StreamChannel
from tests.fakes.pacing import SleepClock


class Written:
    """A link that keeps what was written to it, or refuses."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.commands: list[tuple[str, bytes]] = []
        self.trouble = trouble
        self.mute = False

    async def write(self, target: str, payload: bytes) -> None:
        if self.trouble is not None:
            raise LinkError("the watch does not want to", self.trouble)
        self.commands.append((target, payload))
        if self.mute:
            raise LinkError("no answer", Trouble.LOST)


def session(family: Family, link: Written) -> Session:
    clock = SleepClock()
    only_writes: Any = link
    return Session(only_writes, family, clock.now, clock.sleep, None, lambda: None)


def plan(level: Level) -> SamplingPlan:
    return SamplingPlan(level.word, LADDER[level], 0.0, "a test", StreamNs(0))


def asked(commands: Sequence[Command]) -> list[tuple[str, bytes]]:
    return [codec.encode(command) for command in commands]


async def test_a_watch_of_ours_is_re_rated_once():
    link, rates = Written(), Rates()
    watch = session(VAGUS, link)
    await rates.ask(watch, plan(Level.FULL))
    assert not link.commands  # what it sends after the start
    await rates.ask(watch, plan(Level.LOW))
    wanted = {StreamChannel.PULSE: 16, StreamChannel.MOTION: 8, StreamChannel.SKIN_CONDUCTANCE: 2}
    wanted[StreamChannel.SKIN_TEMPERATURE] = 1
    assert link.commands == asked([RateCommand(channel, hz * 32) for channel, hz in wanted.items()])
    await rates.ask(watch, plan(Level.LOW))
    await rates.ask(watch, plan(Level.WATCHFUL))
    assert len(link.commands) == 4


async def test_a_watch_that_is_linked_anew_is_asked_anew():
    rates, first, second = Rates(), Written(), Written()
    await rates.ask(session(VAGUS, first), plan(Level.LOW))
    await rates.ask(session(VAGUS, second), plan(Level.LOW))
    assert first.commands == second.commands


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
async def test_no_family_is_asked_for_what_it_cannot_do_or_more_than_its_usual(family: Family):
    link, rates = Written(), Rates()
    watch = session(family, link)
    for level in (Level.FULL, Level.LOW, Level.OFF, Level.FULL):
        await rates.ask(watch, plan(level))  # an impossible rate would be a LinkError, and a warning
    fixed = all(len(offered) < 2 for offered in family.gives.values())
    assert bool(link.commands) <= (not fixed)


async def test_out_of_reach_is_asked_again_and_a_refusal_is_not(caplog: pytest.LogCaptureFixture):
    link, rates = Written(Trouble.LOST), Rates()
    watch = session(VAGUS, link)
    with pytest.raises(LinkError):
        await rates.ask(watch, plan(Level.LOW))
    link.trouble = Trouble.REFUSED
    await rates.ask(watch, plan(Level.LOW))
    assert len(caplog.records) == 4
    assert "the watch does not want to; it goes on as it did" in caplog.text
    link.trouble = None
    await rates.ask(watch, plan(Level.LOW))
    assert not link.commands


async def test_a_watch_that_obeyed_but_could_not_say_so_is_asked_back():
    link, rates = Written(), Rates()
    watch = session(VAGUS, link)
    link.mute = True
    with pytest.raises(LinkError):
        await rates.ask(watch, plan(Level.LOW))  # the first command arrived, its answer did not
    link.mute = False
    await rates.ask(watch, plan(Level.FULL))
    assert link.commands == asked([RateCommand(StreamChannel.PULSE, hz * 32) for hz in (16, 64)])

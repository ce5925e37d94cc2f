"""One seed's faults before and behind a whole daemon: what it raised arrives, in order, and it hears and sees again."""

from dataclasses import dataclass
from pathlib import Path

from edge.relay.alerts import read_alert
from tests.edge.relay.listening import Heard, subscriber
from tests.faults.disk import small_disk
from tests.faults.ground import Ground
from tests.faults.mosquitto import Mosquitto
from tests.faults.raising import Promise
from tests.faults.schedule import Fault, make_schedule
from tests.faults.stage import Part, Stage, staged

ALERT = "vagus/edge/alert"
_LONGEST = 6
"""Seconds of the watch's life between two faults at most: six tenths of one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one schedule that held."""

    recovery_s: dict[Part, float]
    """From the last mending of each part that was broken until it was at work again."""
    raised: int
    """Alerts of which the daemon said that they would arrive: they did, in order."""
    arrived: int
    """Those, and the ones that were durable, but not yet told, in the instant of a kill."""
    twice: int
    """Deliveries that a subscriber drops, knowing the id."""


class TrialError(AssertionError):
    """A schedule that did not hold: one sentence, and all that happened."""

    def __init__(self, sentence: str, story: list[str]) -> None:
        super().__init__(sentence)
        self.story = story


def possible_faults(place: Path) -> tuple[Fault, ...]:
    """All, but for the one that needs root."""
    with small_disk(place / "may-we") as disk:
        return tuple(fault for fault in Fault if disk is not None or fault is not Fault.DISK_FULL)


def fault_words(seed: int, faults: tuple[Fault, ...]) -> tuple[str, ...]:
    """A schedule's faults, in order."""
    return tuple(step.fault.value for step in make_schedule(seed, faults, _LONGEST) if not step.mend)


async def run_trial(seed: int, faults: tuple[Fault, ...], ground: Ground, place: Path) -> Trial:
    """Play one schedule in an empty directory; raise TrialError when what it promises does not hold."""
    broker = Mosquitto(place / "broker")
    await broker.start()
    try:
        async with subscriber(broker.address, ALERT, name="reader"):
            pass  # from now on the broker keeps for us what comes
        async with staged(place, ground, broker, seed) as stage:
            try:
                recovery_s = await _play(stage, seed, faults)
                async with subscriber(broker.address, ALERT, name="reader") as heard:
                    await _check(stage, heard)
            except (AssertionError, TimeoutError) as error:
                raise TrialError(
                    str(error) or type(error).__name__, [*stage.story, "--- the broker", *broker.log]
                ) from error
            arrived = _arrived(heard)
            return Trial(recovery_s, len(stage.raised), len(arrived), len(heard.on(ALERT)) - len(arrived))
    finally:
        await broker.stop()


async def _play(stage: Stage, seed: int, faults: tuple[Fault, ...]) -> dict[Part, float]:
    await stage.works()
    for step in make_schedule(seed, faults, _LONGEST):
        await stage.play(step)
    stage.tell("--- all is mended")
    recovery_s = await stage.recovered()
    await stage.end()
    return recovery_s


async def _check(stage: Stage, heard: Heard) -> None:
    raised, held = stage.raised, stage.held
    try:
        await heard.until(lambda got: {*raised, *held} <= set(_arrived(got)))
    except TimeoutError as error:
        missing = sorted({*raised, *held} - set(_arrived(heard)), key=lambda promise: promise[1])
        raise AssertionError(f"{len(missing)} alerts never arrived, the first is {missing[0]}") from error
    arrived = _arrived(heard)
    # What was durable in the instant of a kill, and not yet told, arrives in its place, too.
    assert [promise for promise in arrived if promise in set(raised)] == raised, f"out of order: {arrived}"
    numbers = [number for _, number in arrived]
    if stage.lost:  # numbers that no disk took are given once more after a kill
        durable = [number for _, number in raised]
        assert durable == sorted(set(durable)), f"numbers out of order or double: {durable}"
    else:
        assert numbers == list(range(1, len(arrived) + 1)), f"numbers missing or double: {numbers}"


def _arrived(heard: Heard) -> list[Promise]:
    """Each id once, in the order of first arrival."""
    alerts = [read_alert(payload) for payload in heard.on(ALERT)]
    return list({alert.id: (alert.id, alert.sequence) for alert in alerts}.values())

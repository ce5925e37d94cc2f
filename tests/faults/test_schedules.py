"""Seeded fault schedules on real processes and a real broker: all promised arrives, once, in the order of promising."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from edge.clock import SystemClock, seconds
from edge.relay.alerts import read_alert
from tests.edge.relay.listening import PATIENCE_S, Heard, subscriber
from tests.faults.cable import Cable, cable
from tests.faults.disk import Disk, small_disk
from tests.faults.mosquitto import Mosquitto, needs_mosquitto
from tests.faults.raising import Promise, Raiser, start_raiser
from tests.faults.schedule import LASTING, RELAY, Fault, Step, make_schedule

ALERT = "vagus/edge/alert"
_PACE_S = 0.002
_ACK_TIMEOUT_S = 0.5


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Disk | None]:
    """A disk that can be filled, where we may mount one."""
    with small_disk(tmp_path / "disk") as found:
        yield found


class Stage:
    """A raiser that is started again whenever it is killed, behind a cable, at a broker."""

    def __init__(self, outbox: Path, broker: Mosquitto, line: Cable, disk: Disk | None) -> None:
        self.promised: list[Promise] = []
        self._outbox = outbox
        self._broker = broker
        self._line = line
        self._disk = disk
        self._raiser: Raiser | None = None

    async def raiser(self) -> Raiser:
        if self._raiser is None:
            self._raiser = await start_raiser(
                self._outbox,
                self._line.address,
                count=100_000,
                every_s=_PACE_S,
                drain_s=PATIENCE_S,
                ack_timeout_s=_ACK_TIMEOUT_S,
            )
        return self._raiser

    async def play(self, step: Step) -> None:
        one = await self.raiser()
        await one.read_until(one.raised + step.after)
        match step.fault:
            case Fault.KILL:
                await self.kill()
            case Fault.BROKER_STOP:
                await (self._broker.start() if step.mend else self._broker.stop())
            case Fault.CUT | Fault.PINCH | Fault.SLOW:
                self._break_line(step)
            case Fault.DISK_FULL:
                assert self._disk is not None
                self._disk.clear() if step.mend else self._disk.fill()
            case Fault.CLOCK_AHEAD:
                await one.order("step 3600")
            case Fault.CLOCK_BACK:
                await one.order("step -3600")
            case _:
                raise ValueError(f"no relay suffers from {step.fault}")

    def _break_line(self, step: Step) -> None:
        acts: dict[tuple[Fault, bool], Callable[[], None]] = {
            (Fault.CUT, False): self._line.cut,
            (Fault.CUT, True): self._line.join,
            (Fault.PINCH, False): self._line.pinch,
            (Fault.PINCH, True): self._line.release,
            (Fault.SLOW, False): self._line.slow,
            (Fault.SLOW, True): self._line.quicken,
        }
        acts[step.fault, step.mend]()

    async def kill(self) -> None:
        if self._raiser is not None:
            await self._raiser.kill()
            self.promised += self._raiser.promised
            self._raiser = None

    async def drain(self) -> str:
        one = await self.raiser()
        await one.order("drain")
        return await one.read_until("drained")


@needs_mosquitto
async def test_a_schedule(tmp_path: Path, disk: Disk | None, seed: int, recoveries: list[float]) -> None:
    faults = tuple(fault for fault in RELAY if disk is not None or fault is not Fault.DISK_FULL)
    outbox = (disk.directory if disk else tmp_path) / "outbox.db"
    broker, clock = Mosquitto(tmp_path / "broker"), SystemClock()
    await broker.start()
    try:
        async with subscriber(broker.address, ALERT, name="reader"):
            pass  # from now on the broker keeps for us what comes
        async with cable(broker.address) as line:
            stage = Stage(outbox, broker, line, disk)
            try:
                for step in make_schedule(seed, faults):
                    await stage.play(step)
                mended = clock.now()
                assert await stage.drain() == "drained 0"
                recoveries.append(seconds(clock.now() - mended))
            finally:
                await stage.kill()
        async with subscriber(broker.address, ALERT, name="reader") as heard:
            await heard.until(lambda got: {name for name, _ in stage.promised} <= set(_arrived(got)))
            promised = [name for name, _ in stage.promised]
            assert [name for name in _arrived(heard) if name in set(promised)] == promised
    finally:
        await broker.stop()


def _arrived(heard: Heard) -> list[str]:
    """Each id once, in the order of first arrival."""
    return list(dict.fromkeys(read_alert(payload).id for payload in heard.on(ALERT)))


def test_a_schedule_mends_what_it_breaks() -> None:
    seen: set[Fault] = set()
    for seed in range(200):
        broken: set[Fault] = set()
        for step in make_schedule(seed, tuple(Fault)):
            seen.add(step.fault)
            assert step.mend == (step.fault in broken)
            if step.fault in LASTING:
                broken ^= {step.fault}
        assert not broken
        assert make_schedule(seed) == make_schedule(seed)
    assert seen == set(Fault)

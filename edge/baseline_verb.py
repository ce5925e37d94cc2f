"""`edge-daemon baseline`: a watch and five quiet minutes in; a stored baseline out."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge.baseline_store import FILE, BaselineError, forget_baseline
from edge.clock import SystemClock, seconds
from edge.judges import usual
from edge.refusal import RefusalError
from edge.resting import Resting
from edge.sensing.watch import Watch
from edge.service import open_bundle
from edge.settings import Settings
from edge.signals.body import Body, Reading
from edge.verbs import unless_ended
from firmware_bridge.allow import check_link
from firmware_bridge.devices.opening import open_device

LIMIT_S = 900.0
"""A person who found no five quiet minutes in fifteen will not find them in the next ones either."""
_LEAST_HOST_S = 60.0
"""A replay is given that long, however fast: the machine may not keep up with it."""
_SHOWN = ("heart_rate", "rmssd", "conductance", "temperature")
_HINTS = {
    "": "sit still, breathe as you like",
    "moving": "that was a movement: rest your arms",
    "poor": "the pulse is hard to see: fasten the watch",
    "off_wrist": "put the watch on",
}


async def measure(settings: Settings, address: str, speed: float, console: Console | None) -> dict[str, object]:
    """Listen to a watch until five quiet minutes are there, and keep them; with a console, guide the person.

    ``measured`` is False, with a ``reason``, when the watch's recording ended, a signal came or fifteen minutes passed
    before. Raises RefusalError, BundleError, LinkError or BaselineError when nothing can be measured at all.
    """
    if not address:
        raise RefusalError("no watch to measure with; give --watch ADDRESS or set watch.address")
    check_link(address, settings.watch.allowed)
    wrist = open_bundle(settings).contract.models.wrist
    if wrist is None:
        raise BaselineError(f"{settings.bundle_path} has no wrist model, so no baseline is of use; name one that has")
    clock = SystemClock(speed)
    body = Body(usual(wrist), wrist.window_s, wrist.step_s)
    resting = Resting(settings.state_path, wrist.window_s, clock)
    began = clock.stream(clock.now())
    resting.start()
    with _guide(console) as bar:
        task = None if bar is None else bar.add_task("", total=1.0, hint=f"listening to {address}")

        async def listen() -> None:
            readings = _readings(address, body, clock)
            limit_s = max(LIMIT_S / speed, _LEAST_HOST_S)
            with contextlib.suppress(TimeoutError):
                async with contextlib.aclosing(readings), asyncio.timeout(limit_s):
                    async for reading in readings:
                        if reading is not None:
                            resting.hear(reading)
                        done = resting.progress
                        if bar is not None and task is not None:
                            bar.update(task, completed=1.0 if done is None else done, hint=_HINTS[resting.refused])
                        if done is None:
                            break

        await unless_ended(listen())  # the sensor streams until it is told to stop
    return _outcome(settings, resting, seconds(clock.stream(clock.now()) - began))


def forget(settings: Settings) -> dict[str, object]:
    """Remove the stored baseline."""
    return {"forgotten": forget_baseline(settings.state_path), "file": str(settings.state_path / FILE)}


def told(outcome: Mapping[str, object]) -> str:
    """An outcome of `measure` in one sentence for the person."""
    if not outcome["measured"]:
        return f"[yellow]not measured[/]: {outcome['reason']}"
    units = {"heart_rate": "beats/min", "rmssd": "ms RMSSD", "conductance": "uS", "temperature": "degC"}
    at_rest = ", ".join(f"{outcome[name]} {units[name]}" for name in _SHOWN if outcome[name] is not None)
    return f"[green]measured[/]: at rest {at_rest}. Kept in {outcome['file']}; the daemon uses it from its next start."


async def _readings(address: str, body: Body, clock: SystemClock) -> AsyncGenerator[Reading | None]:
    """A watch's readings as they are completed; None after each packet."""
    watch = Watch(clock)
    async with open_device(address, now=clock.now, speed=clock.speed) as link:
        async for packet in link.packets():
            for samples in watch.feed(packet):
                for reading in body.feed(samples):
                    yield reading
            yield None


def _outcome(settings: Settings, resting: Resting, took_s: float) -> dict[str, object]:
    progress, kept = resting.progress, resting.kept
    if progress is None and resting.trouble:
        raise BaselineError(resting.trouble)
    if progress is not None or kept is None:
        quiet_s = round((progress or 0.0) * 300)
        why = _HINTS[resting.refused]
        return {
            "measured": False,
            "reason": f"after {took_s:.0f} s only {quiet_s} of 300 quiet seconds were there; {why}, and try again",
        }
    values: dict[str, object] = {name: _rounded(kept.baseline.value(name)) for name in _SHOWN}
    return {
        "measured": True,
        "file": str(settings.state_path / FILE),
        "measured_at": kept.measured.isoformat(timespec="seconds"),
        "took_s": round(took_s, 1),
        "quiet_s": kept.baseline.seconds,
        "features_known": sum(centre is not None for centre in kept.baseline.centre),
        "features": len(kept.baseline.names),
    } | values


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _guide(console: Console | None) -> "Progress | contextlib.nullcontext[None]":
    if console is None:
        return contextlib.nullcontext()
    console.print("Five minutes at rest: sit, forearms on the table, do not talk. The first minute fills the window.")
    return Progress(BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
                    TextColumn("{task.fields[hint]}"), console=console)  # fmt: skip

"""What each verb of `edge-daemon` does, apart from its arguments."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncGenerator, Collection, Coroutine, Generator
from pathlib import Path
from typing import TypeVar

from edge.health import ProcessMeter
from edge.judging import judging
from edge.panel.served import tell
from edge.promptness import keep_prompt
from edge.refusal import RefusalError
from edge.relay.address import parse_broker
from edge.sensing.camera import check_camera
from edge.sensing.errors import AwayCameraError
from edge.service import open_bundle, open_service
from edge.settings import Settings
from edge.sight import blind
from edge.whole_file import private_folder, unwritable
from firmware_bridge.allow import check_link
from firmware_bridge.links import open_link
from firmware_bridge.links.recorder import Recorder

T = TypeVar("T")


def check(settings: Settings, *, camera_may_come: bool = False) -> dict[str, object]:
    """Everything that a start needs, without starting; raises one of REFUSALS at the first thing that is wrong.

    What is wrong and stops no start is told under `trouble`. ``camera_may_come``: one that is not there now stops
    none, for the camera's lane tells it and waits.
    """
    if settings.watch.address:
        check_link(settings.watch.address, settings.watch.allowed)
    if settings.camera.source:
        try:
            check_camera(settings.camera.source)
        except AwayCameraError:
            if not camera_may_come:
                raise
    if settings.mqtt.broker:
        parse_broker(settings.mqtt.broker)
    bundle = open_bundle(settings)
    if not settings.watch.address and not settings.camera.source and not settings.panel.enabled:
        raise RefusalError(
            "neither watch.address nor camera.source is set, so there is nothing to listen to; set one, "
            "or set panel.enabled = true and pair a watch on the page"
        )
    trouble = blind(bundle) if settings.camera.source else ""
    return {
        "ok": True,
        "bundle": bundle.label,
        "modalities": " and ".join(judging(settings, bundle)) or "nothing that is set",
        "watch": settings.watch.address or None,
        "camera": settings.camera.source or None,
        "broker": settings.mqtt.broker or "in-process",
        "state_dir": str(settings.state_path),
        **({"trouble": trouble} if trouble else {}),
    }


async def serve(settings: Settings, speed: float = 1.0, config: Path | None = None) -> dict[str, object]:
    """Run the daemon until a signal, or until a replay has ended; return what it did.

    ``config`` is the file that the settings came from: a watch that is paired on the page is written into it.
    """
    check(settings, camera_may_come=True)
    with contextlib.suppress(OSError):  # the outbox says it better
        private_folder(settings.state_path)
    async with (
        ends() as stop,
        _hang_ups() as reload,
        open_service(settings, speed=speed, config=config) as service,
    ):
        if service.page is not None:
            tell(service.page, sys.stderr, settings.state_path)
        keep_prompt()
        meter = ProcessMeter(service.clock.now())
        await service.play(stop, meter, reload=reload)
        await service.drain()
        return service.summary(meter)


def record(address: str, out: Path, seconds: float | None, allowed: Collection[str] = ()) -> dict[str, object]:
    """Write a watch's packets to ``out`` until a signal, the end of the link, ``seconds``, or a full disk.

    The last is told under ``trouble``. Raises AddressError for a watch that is not among the ``allowed``, where any
    are named.
    """
    if not address:
        raise RefusalError("no watch to record; give --watch ADDRESS or set watch.address")
    if reason := unwritable(out):
        raise RefusalError(f"{out} cannot be written: {reason}; name a place that you may write to")
    if out.exists():
        raise RefusalError(f"{out} exists; name a new file, so that no recording is lost")
    check_link(address, allowed)
    packets, full = asyncio.run(_record(address, out, seconds))
    told: dict[str, object] = {"file": str(out), "packets": packets, "bytes": out.stat().st_size}
    if full is not None:
        told["trouble"] = (
            f"the disk took no more ({full}) after {packets} packets, which are kept in {out}; "
            "free some space, then record into a new file"
        )
    return told


async def _record(address: str, out: Path, seconds: float | None) -> tuple[int, str | None]:
    """How many packets were kept, and why the disk took no more; None where it did."""
    async with ends(signal.SIGHUP) as stop, open_link(address) as link:
        with _begun(Recorder(out, address), out) as recorder:

            async def listen() -> str | None:
                """Until the link ends, or the disk takes no more: then why."""
                async for packet in link.packets():
                    try:
                        recorder.keep(packet)
                    except OSError as error:
                        return error.strerror
                return None

            listening = asyncio.create_task(listen())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({listening, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for task in (listening, stopping):
                task.cancel()
            full = None
            with contextlib.suppress(asyncio.CancelledError):
                full = await listening
        return recorder.kept, full


@contextlib.contextmanager
def _begun(recorder: Recorder, out: Path) -> Generator[Recorder]:
    """A recording that has begun; RefusalError when the disk takes not even its header, and then its name is free."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(recorder)
        except OSError as error:
            with contextlib.suppress(OSError):
                out.unlink()
            raise RefusalError(
                f"{out} cannot be written: {error.strerror}; free some space, or name a place on another disk"
            ) from error
        yield recorder


@contextlib.asynccontextmanager
async def _hang_ups() -> AsyncGenerator[asyncio.Event]:
    """An event that SIGHUP sets, which `systemctl reload` sends."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


@contextlib.asynccontextmanager
async def ends(*others: signal.Signals) -> AsyncGenerator[asyncio.Event]:
    """An event that SIGTERM, Ctrl-C and ``others`` set, so that everything is closed in order.

    One of the others that is ignored stays so, as SIGHUP is under nohup(1).
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    heard = [signal.SIGTERM, signal.SIGINT, *(each for each in others if signal.getsignal(each) != signal.SIG_IGN)]
    for number in heard:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


async def unless_ended(work: Coroutine[object, object, T]) -> T | None:
    """Do it; None where a signal ended it before, SIGHUP of a closed terminal, too, and then all is left in order."""
    async with ends(signal.SIGHUP) as stop:
        doing, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (doing, stopping):
                task.cancel()
            await asyncio.wait({doing})
        return None if doing.cancelled() else doing.result()

"""Scan, choose, passkey, first heartbeat, done: one pairing at a time, every open page shown the same step."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from edge.panel.errors import SessionError

Step = Literal["idle", "scanning", "found", "connecting", "passkey", "confirm", "done", "failed"]
WAIT_S = 60.0
"""A question left open for so long is a no."""
log = logging.getLogger("vagus.page")


class PairingError(RuntimeError):
    """A scan or a pairing that did not work; the sentence goes to the tester."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device within reach."""

    address: str
    name: str
    family: str
    """Empty for a device that is none of those known here."""
    rssi_dbm: int | None
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A device that is paired and spoke."""

    address: str
    name: str
    bpm: int | None
    battery: int | None
    first_s: float
    stored_in: str
    """The settings file that now names it; empty when there is none."""
    followed: bool = False
    """The daemon listens to it from now on."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Where the pairing stands, as the page shows it."""

    step: Step = "idle"
    devices: tuple[Device, ...] = ()
    address: str = ""
    number: int | None = None
    """In the step `confirm`: the digits that both sides show; None when there is nothing to compare."""
    heard: Heard | None = None
    trouble: str = ""


class Asked(Protocol):
    """Who answers what a device asks while it is paired."""

    async def passkey(self, device: str) -> int | None: ...

    async def confirm(self, device: str, passkey: int | None) -> bool: ...


class Pairer(Protocol):
    """The radio; both raise PairingError."""

    async def scan(self) -> Sequence[Device]: ...

    async def pair(self, address: str, asked: Asked) -> Heard: ...


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends when a device was chosen."""

    address: Annotated[str, Meta(pattern="^[0-9A-F]{2}(:[0-9A-F]{2}){5}$")]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends when a question was answered: six digits, or whether the numbers are the same."""

    passkey: Annotated[int, Meta(ge=0, le=999_999)] | None = None
    same: bool = False


class PairingDesk:
    """Runs at most one scan or pairing, and passes questions to whoever has the page open."""

    def __init__(self, pairer: Pairer, changed: Callable[[], None]) -> None:
        """``changed`` is called whenever `now` is another one."""
        self.now = Pairing()
        self._pairer = pairer
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[Answer] | None = None

    def scan(self) -> None:
        """Look for devices; SessionError while something runs."""
        self._start(self._scan, "scanning")

    def choose(self, address: str) -> None:
        """Pair with one of the devices found; SessionError for any other, or while something runs."""
        if address not in {device.address for device in self.now.devices}:
            raise SessionError("that device was not found here; scan again")
        self._start(partial(self._pair, address), "connecting", address)

    def answer(self, answer: Answer) -> None:
        """Answer what is asked now; SessionError when nothing is."""
        if self._answer is None or self._answer.done():
            raise SessionError("the device asks nothing now")
        self._answer.set_result(answer)

    async def cancel(self) -> None:
        """Stop whatever runs; the devices found stay."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._show("found" if self.now.devices else "idle")

    async def passkey(self, device: str) -> int | None:
        """The device shows six digits: ask for them."""
        return (await self._ask("passkey", device, None)).passkey

    async def confirm(self, device: str, passkey: int | None) -> bool:
        """The device shows a number, or nothing at all; the tester chose it, so nothing needs no question."""
        return passkey is None or (await self._ask("confirm", device, passkey)).same

    def _start(self, work: Callable[[], Awaitable[None]], step: Step, address: str = "") -> None:
        if self._task is not None and not self._task.done():
            raise SessionError("a scan or a pairing is under way; let it end, or stop it")
        self._show(step, address=address)
        self._task = asyncio.create_task(self._guarded(work), name="pairing")

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except PairingError as error:
            self._show("failed", trouble=str(error))
        except Exception as error:
            # Whatever a radio or a settings file comes up with: the page must not stand at "connecting" for ever.
            log.exception("a scan or a pairing on the page broke off")
            what = f"{type(error).__name__}: {error}"
            self._show("failed", trouble=f"this broke off ({what}); scan again, and look into the daemon's log")

    async def _scan(self) -> None:
        self.now = replace(self.now, devices=tuple(await self._pairer.scan()))
        self._show("found")

    async def _pair(self, address: str) -> None:
        self._show("done", address=address, heard=await self._pairer.pair(address, self))

    async def _ask(self, step: Step, device: str, number: int | None) -> Answer:
        self._answer = asyncio.get_running_loop().create_future()
        self._show(step, address=device, number=number)
        try:
            async with asyncio.timeout(WAIT_S):
                return await self._answer
        except TimeoutError:
            return Answer()
        finally:
            self._answer = None
            self._show("connecting", address=device)

    def _show(
        self,
        step: Step,
        *,
        address: str = "",
        number: int | None = None,
        heard: Heard | None = None,
        trouble: str = "",
    ) -> None:
        self.now = Pairing(step, self.now.devices, address, number, heard, trouble)
        self._changed()

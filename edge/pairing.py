"""`edge-daemon devices` and `edge-daemon pair`: what is within reach, and a watch made ours, in the terminal."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TypeVar, cast

import tomlkit
import typer
from rich.console import Console
from rich.prompt import Confirm, IntPrompt, Prompt
from rich.table import Table
from tomlkit.items import Table as TomlTable

from edge.options import report
from edge.refusal import RefusalError
from edge.settings import Settings, parse_settings
from edge.verbs import unless_ended
from edge.whole_file import unwritable, write_whole
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links.address import MAC
from firmware_bridge.messages import Battery, HeartRate
from firmware_bridge.pairing import Answers, Found, Paired, ScriptedAnswers, pair, scan

T = TypeVar("T")

EXIT_CODES = {
    Trouble.LOST: 10,
    Trouble.OUT_OF_REACH: 11,
    Trouble.NO_ADAPTER: 12,
    Trouble.NO_PERMISSION: 13,
    Trouble.WRONG_PASSKEY: 14,
    Trouble.NOT_ALLOWED: 15,
    Trouble.REFUSED: 16,
}
"""What scripts can tell apart."""
_ENDED = 130
"""By a signal."""


class TerminalAnswers:
    """Asks the person in front of the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def passkey(self, device: str) -> int | None:
        ask = f"{device} shows six digits; type them"
        return await asyncio.to_thread(IntPrompt.ask, ask, console=self._console)

    async def confirm(self, device: str, passkey: int | None) -> bool:
        if passkey is None:
            return True  # the person has just chosen this device; there is nothing more to compare
        ask = f"Does {device} show {passkey:06d}?"
        return await asyncio.to_thread(Confirm.ask, ask, console=self._console)


def with_radio(work: Coroutine[object, object, T], json_file: str | None) -> T:
    """Run what needs a radio; each trouble has its sentence and its own exit code.

    What a signal ends is left in order: a watch that was heard no longer streams. Exit code 130, as after Ctrl-C.
    """
    try:
        done = asyncio.run(unless_ended(work))
    except LinkError as error:
        print(f"edge-daemon: {error}", file=sys.stderr)
        report(json_file, {"trouble": str(error.trouble), "error": str(error)})
        raise typer.Exit(EXIT_CODES[error.trouble]) from None
    if done is None:
        raise typer.Exit(_ENDED)
    return done


async def list_devices(seconds: float) -> list[dict[str, object]]:
    """What is within reach, known families first: address, name, signal, family, what it can give."""
    return [_told(found) for found in await scan(seconds)]


def show_devices(devices: Sequence[dict[str, object]], console: Console) -> None:
    """The same as a table for people."""
    table = Table(box=None, header_style="bright_black")
    for column in ("", "address", "name", "signal", "family", "gives"):
        table.add_column(column)
    for number, device in enumerate(devices, 1):
        gives = ", ".join(cast(list[str], device["gives"])) or "unknown"
        signal = f"{device['rssi_dbm']} dBm" if device["rssi_dbm"] is not None else ""
        family = str(device["family"] or "")
        table.add_row(str(number), str(device["address"]), str(device["name"]), signal, family, gives)
    console.print(table if devices else "nothing is within reach; wake the watch and bring it closer")


async def pair_watch(
    settings: Settings, config: Path | None, address: str | None, passkey: int | None, console: Console | None
) -> dict[str, object]:
    """Choose, pair, hear the first heartbeat, store; ``console`` None never asks.

    Raises LinkError, whose trouble says which of EXIT_CODES it is, or RefusalError when a script gave no address.
    """
    if config is not None and (reason := unwritable(config)):
        raise RefusalError(f"{config} cannot be written: {reason}; name a place that you may write to")
    answers: Answers = ScriptedAnswers(passkey)
    if console is not None and passkey is None:
        answers = TerminalAnswers(console)
    if address is None:
        if console is None:
            raise RefusalError("give the address of the watch; `edge-daemon devices` lists them")
        address = await _choose(console)
    if not MAC.fullmatch(address):
        raise RefusalError(f"{address!r} is no Bluetooth address; try one such as F0:F1:F2:F3:F4:F5")
    if console is not None:
        console.print(f"pairing with {address} …")
    paired = await pair(address, answers, allowed=settings.watch.allowed)
    if config is not None:
        _store(config, f"ble:{paired.address}")
    return _report(paired, config)


def store_address(config: Path, address: str) -> None:
    """Write watch.address into a settings file, made if need be, with its comments kept.

    Raises SettingsError, and leaves the file as it was, when the result could not be run with.
    """
    text = config.read_text("utf-8") if config.exists() else ""
    document = tomlkit.parse(text)
    if "watch" not in document:
        document["watch"] = tomlkit.table()
    cast(TomlTable, document["watch"])["address"] = address
    fresh = tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType] - tomlkit's own gap
    parse_settings(fresh, config)
    write_whole(config, fresh.encode("utf-8"), keep_rights=True)


def _store(config: Path, address: str) -> None:
    try:
        store_address(config, address)
    except OSError as error:
        raise RefusalError(
            f"{address.removeprefix('ble:')} is paired, but {config} cannot be written ({error.strerror}); "
            f"put watch.address = '{address}' into it"
        ) from error


async def _choose(console: Console) -> str:
    with console.status("listening for watches …"):
        devices = await list_devices(8.0)
    show_devices(devices, console)
    if not devices:
        raise LinkError("nothing is within reach; wake the watch and bring it closer", Trouble.OUT_OF_REACH)
    numbers = [str(number) for number in range(1, len(devices) + 1)]
    chosen = await asyncio.to_thread(Prompt.ask, "which one", choices=numbers, default="1", console=console)
    return str(devices[int(chosen) - 1]["address"])


def _told(found: Found) -> dict[str, object]:
    return {
        "address": found.seen.address,
        "name": found.seen.name,
        "rssi_dbm": found.seen.rssi,
        "family": found.family.title if found.family else None,
        "gives": [str(quantity) for quantity in found.gives],
        "pairing": str(found.family.pairing) if found.family else None,
        "limits": found.family.limits if found.family else None,
    }


def _report(paired: Paired, config: Path | None) -> dict[str, object]:
    first = paired.first
    return {
        "paired": True,
        "address": paired.address,
        "name": paired.name,
        "family": paired.family.title if paired.family else None,
        "heart_rate_bpm": first.bpm if isinstance(first, HeartRate) else None,
        "battery_percent": first.percent if isinstance(first, Battery) else None,
        "first_message_s": round(paired.first_s, 2),
        "stored_in": str(config) if config else None,
    }

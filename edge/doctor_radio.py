"""Settings in; whether the Bluetooth adapter and the way to the watch are there, asked for real, out."""

import asyncio
import os
import stat
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from edge.check import Check, parted, sentence
from edge.settings import Settings
from firmware_bridge.adapters import Adapter, Block, adapters, blocks
from firmware_bridge.allow import check_allowed
from firmware_bridge.bluez import Bond, bonds
from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.links import Link, open_link
from firmware_bridge.links.address import MAC, Address

_ADAPTER, _WATCH = "Bluetooth adapter", "Watch"
_NAMED = "Set watch.address as docs/settings.md shows, or pair one: `edge-daemon pair`."
_PATIENCE_S = 10.0
_CURES = {
    Trouble.NO_ADAPTER: "Install and start BlueZ: `apt install bluez`, `systemctl enable --now bluetooth`.",
    Trouble.NO_PERMISSION: "Add this user to the group: `usermod -aG bluetooth USER`, then log in anew.",
}


async def radio(settings: Settings, *, daemon_runs: bool = False) -> Sequence[Check]:
    """The adapter, where the watch needs one, and then the watch itself. Connects to no watch by Bluetooth."""
    text = settings.watch.address
    if not text:
        off = Check(_WATCH, "off", "No watch is set.", "Set watch.address, or pair one: `edge-daemon pair`.")
        return [Check(_ADAPTER, "off", "No watch asks for Bluetooth."), off]
    try:
        address, link = Address.parse(text), open_link(text)
    except AddressError as error:
        cure = f"Write watch.address = 'ble:{text}'." if MAC.fullmatch(text) else _NAMED
        return [Check(_WATCH, "bad", sentence(str(error)), cure)]
    if address.scheme != "ble":
        off = Check(_ADAPTER, "off", f"The watch comes by {address.scheme}, not by Bluetooth.")
        return [off, await wire(address, link, daemon_runs=daemon_runs)]
    try:
        found = await adapters()
        bonded = await bonds()
    except LinkError as error:
        says, cure = parted(error)
        cure = _CURES.get(error.trouble, cure) or "Restart it: `systemctl restart bluetooth`."
        return [
            Check(_ADAPTER, "bad", says, cure),
            Check(_WATCH, "off", "Cannot be asked without an adapter."),
        ]
    return [adapter(found, blocks()), listed(address.place, settings.watch.allowed) or watch(address.place, bonded)]


def listed(place: str, allowed: Sequence[str]) -> Check | None:
    """What is wrong where the allow-list does not have it: the daemon would refuse to start."""
    try:
        check_allowed(place, allowed)
    except LinkError as error:
        return Check(_WATCH, "bad", *parted(error))
    return None


def adapter(found: Sequence[Adapter], blocked: Sequence[Block]) -> Check:
    """One that is powered is enough."""
    powered = [one for one in found if one.powered]
    if powered:
        told = ", ".join(f"{one.name} ({one.address})" for one in powered)
        return Check(_ADAPTER, "good", f"{told} is on.")
    if any(one.hard for one in blocked):
        says = f"The switch of {blocked[0].name} is off."
        return Check(_ADAPTER, "bad", says, "Flip the switch of the case, or enable Bluetooth in the firmware.")
    if blocked:
        return Check(_ADAPTER, "bad", f"{blocked[0].name} is blocked by software.", "`rfkill unblock bluetooth`")
    if found:
        return Check(_ADAPTER, "bad", f"{found[0].name} is there, but off.", "`bluetoothctl power on`")
    cure = "Plug one in; on a Raspberry Pi take `dtoverlay=disable-bt` out of config.txt."
    return Check(_ADAPTER, "bad", "BlueZ knows no adapter.", cure)


def watch(place: str, bonded: Sequence[Bond]) -> Check:
    """Known to BlueZ as bonded or not; whether it is in reach shows only when the daemon runs."""
    bond = next((bond for bond in bonded if place.upper() in (bond.address.upper(), bond.name.upper())), None)
    if bond is None:
        says = f"{place} is not bonded; plain heart rate straps need not be."
        return Check(_WATCH, "warn", says, "If it asks for a passkey: `edge-daemon pair`.")
    connected = ", and connected now" if bond.connected else ""
    return Check(_WATCH, "good", f"{bond.name or place} is bonded{connected}.")


async def wire(address: Address, link: AbstractAsyncContextManager[Link], *, daemon_runs: bool) -> Check:
    """A cable, a recording or a server: is its place there, and may we use it? A running daemon keeps its own."""
    if address.scheme == "serial":
        return _port(Path(address.place))
    if address.scheme == "tcp" and daemon_runs:
        says = f"{address.place} is not called: the daemon that runs here talks to it."
        return Check(_WATCH, "off", says, "Its page tells what is heard; for a call from here, stop the daemon first.")
    try:
        async with asyncio.timeout(_PATIENCE_S), link:
            pass
    except (AddressError, LinkError, TimeoutError) as error:
        says = str(error) or f"{address.place} gave no answer in {_PATIENCE_S:g} s"
        return Check(_WATCH, "bad", sentence(says), _OPEN[address.scheme])
    made_up = "It is made up, for trying things out." if address.place == "wearer" else f"{address.place} is there."
    return Check(_WATCH, "good", f"{address.place} answers." if address.scheme == "tcp" else made_up)


_OPEN = {
    "tcp": "See that the board or server runs, in the same network, and takes calls at that host and port.",
    "replay": "Name a file that `edge-daemon record` wrote.",
    "virtual": "Try watch.address = 'virtual:wearer?seed=1'.",
}


def _port(place: Path) -> Check:
    try:
        mode = place.stat().st_mode
    except OSError as error:
        cure = "Plug its cable in, and take the name from `ls /dev/serial/by-id`."
        return Check(_WATCH, "bad", f"{place}: {error.strerror}.", cure)
    if not stat.S_ISCHR(mode):
        return Check(_WATCH, "bad", f"{place} is no serial port.", "Take the name from `ls /dev/serial/by-id`.")
    if not os.access(place, os.R_OK | os.W_OK):
        cure = "Add this user to the group: `usermod -aG dialout USER`, then log in anew."
        return Check(_WATCH, "bad", f"{place} may not be used by this user.", cure)
    return Check(_WATCH, "good", f"{place} is there and may be used.")

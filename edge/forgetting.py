"""Settings in; nothing about the person left on this device, at the broker or, if asked, in the bonds: a report out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.clock import SystemClock
from edge.handover import refuse_in_use
from edge.refusal import RefusalError
from edge.relay.address import parse_broker
from edge.relay.dial import Dialer
from edge.relay.erasing import erase
from edge.relay.errors import RelayError
from edge.relay.names import Names
from edge.relay.rescue import noted_topics
from edge.relay.topics import Topics
from edge.settings import Settings
from edge.stored import kinds, led_to
from firmware_bridge.bluez import bonds, forget
from firmware_bridge.errors import LinkError
from firmware_bridge.links.address import Address


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done, and what could not be."""

    deleted: Mapping[str, int]
    """Files of each kind."""
    bonds: tuple[str, ...]
    topics: tuple[str, ...]
    """That held something."""
    left: tuple[str, ...]
    """A sentence for each thing that is not forgotten yet."""


def plan(settings: Settings, *, with_bonds: bool) -> list[str]:
    """What `forget_all` would do, in sentences; RefusalError while a daemon runs here."""
    refuse_in_use(settings)
    told = [f"delete {len(files)} files of the {name}" for name, files in _files(settings).items() if files]
    if settings.mqtt.broker:
        told.append(f"clear what {settings.mqtt.broker} retains of this device, with its entry at Home Assistant")
    if with_bonds and (watches := _watches(settings)):
        told.append(f"end the bonds with {', '.join(watches)}")
    return told


async def forget_all(settings: Settings, *, with_bonds: bool) -> Forgotten:
    """Delete, clear and unbond.

    The broker comes last: what it cannot be told now, another run tells it.
    Raises RefusalError while a daemon runs here: it would write everything anew.
    """
    refuse_in_use(settings)
    left: list[str] = []
    noted = noted_topics(settings.state_path / settings.outbox.file)
    files = _files(settings)  # before any of them goes, for a link then leads nowhere
    deleted = {name: _delete(of_kind, left) for name, of_kind in files.items()}
    _end_links([link for kind in kinds(settings) for link in kind.links()], [*files["outbox"]], left)
    ended = await _unbond(settings, left) if with_bonds else []
    cleared = await _clear(settings, noted, left) if settings.mqtt.broker else []
    return Forgotten(deleted, tuple(ended), tuple(cleared), tuple(left))


async def list_bonds() -> list[dict[str, object]]:
    """Every device that this computer is bonded with; LinkError when BlueZ cannot be asked."""
    return [{"address": bond.address, "name": bond.name, "connected": bond.connected} for bond in await bonds()]


async def end_bond(address: str) -> dict[str, object]:
    """End one bond from our side; LinkError when there is none."""
    await forget(address)
    return {"address": address, "bonded": False}


def _files(settings: Settings) -> dict[str, Sequence[Path]]:
    return {kind.name: list(kind.files()) for kind in kinds(settings)}


def _delete(files: Sequence[Path], left: list[str]) -> int:
    gone = 0
    for file in files:
        try:
            file.unlink()
            gone += 1
        except OSError as error:
            left.append(f"{file} cannot be deleted: {error.strerror}; run this as the daemon's user")
    return gone


def _end_links(links: Sequence[Path], led: Sequence[Path], left: list[str]) -> None:
    """Delete links to what is deleted by now. One that led nowhere stays: its disk may only be away."""
    for link in links:
        target = led_to(link)
        if target not in led:
            left.append(f"{link} leads to {target}, where no file is; mount its disk and run this again, or delete it")
        elif not target.exists():
            _delete([link], left)


def _watches(settings: Settings) -> list[str]:
    """The Bluetooth addresses that the settings name: other bonds of this computer are not ours."""
    named = list(settings.watch.allowed)
    if settings.watch.address and (address := Address.parse(settings.watch.address)).scheme == "ble":
        named.append(address.place)
    return list(dict.fromkeys(named))


async def _unbond(settings: Settings, left: list[str]) -> list[str]:
    ended: list[str] = []
    try:
        wanted = {watch.upper() for watch in _watches(settings)}
        for bond in await bonds():
            if bond.address.upper() in wanted or bond.name.upper() in wanted:
                await forget(bond.address)
                ended.append(bond.address)
    except LinkError as error:
        left.append(f"bonds: {error}")
    return ended


async def _clear(settings: Settings, noted: Collection[str], left: list[str]) -> list[str]:
    mqtt = settings.mqtt
    if mqtt.seal_to_file and noted:  # to clear them under our name would tell whose that was
        listed = ", ".join(sorted(noted))
        left.append(f"the broker may still retain {listed} of a time before sealing; clear them by hand")
    try:
        session = await Dialer(mqtt, parse_broker(mqtt.broker)).visit(Names(mqtt, SystemClock()).topics())
        try:
            return await erase(session, mqtt, noted)
        finally:
            await session.close()
    except RelayError as error:
        others = sorted(name for name in noted if not Topics(mqtt.base_topic, mqtt.device).has(name))
        by_hand = f"; {', '.join(others)} must then be cleared by hand" if others else ""
        left.append(f"{error}; then run `edge-daemon forget` again, for what the broker retains{by_hand}")
        return []


def confirmed(answer: str) -> bool:
    """Whether a typed answer means it; RefusalError otherwise, so that nothing is deleted by a slip."""
    if answer.strip().lower() != "forget":
        raise RefusalError("nothing was deleted; type the word forget, or give --yes")
    return True

"""BlueZ and the kernel asked for this computer's Bluetooth adapters and what keeps them off."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.bluez import objects, system_bus

_RFKILL = Path("/sys/class/rfkill")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter as BlueZ sees it (BlueZ, doc/org.bluez.Adapter.rst)."""

    name: str
    """As the kernel calls it, such as `hci0`."""
    address: str
    powered: bool
    scanning: bool
    """Somebody looks for devices right now."""


@dataclass(frozen=True, slots=True)
class Block:
    """One radio that is switched off below BlueZ (Linux, Documentation/ABI/stable/sysfs-class-rfkill)."""

    name: str
    hard: bool
    """By a switch of the case or the firmware, which no program can undo."""


async def adapters() -> Sequence[Adapter]:
    """Every adapter, by name; LinkError says whether the bus, bluetoothd or a permission is missing."""
    async with system_bus() as bus:
        found = await objects(bus, "org.bluez.Adapter1")
    seen = [
        Adapter(path.rpartition("/")[2], str(p.get("Address")), bool(p.get("Powered")), bool(p.get("Discovering")))
        for path, p in found.items()
    ]
    return sorted(seen, key=lambda one: one.name)


def blocks(place: Path = _RFKILL) -> Sequence[Block]:
    """The Bluetooth radios that are blocked; none where the kernel tells nothing."""
    found: list[Block] = []
    for radio in sorted(place.glob("rfkill*")):
        if _read(radio / "type") != "bluetooth":
            continue
        hard = _read(radio / "hard") == "1"
        if hard or _read(radio / "soft") == "1":
            found.append(Block(_read(radio / "name") or radio.name, hard))
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""

"""Settings in; everything that a start stands on, tried for real without a daemon, out: each with its cure."""

import asyncio
import grp
import os
import pwd
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.check import Check, parted
from edge.doctor_radio import radio
from edge.doctor_ways import broker, camera
from edge.ground import disk, models, wall_clock, writable
from edge.relay.errors import BrokerError
from edge.relay.tls import check_private
from edge.settings import Settings
from edge.stored import in_use, stored

_ORDER = ("Permissions", "Models", "Bluetooth adapter", "Watch", "Camera", "Broker", "Disk")
_MARKS = {"good": "[green]✓[/]", "warn": "[yellow]![/]", "bad": "[red]✗[/]", "off": "[bright_black]–[/]"}
SERVICE_USER = "vagus"
"""Whom the installed service runs as."""


async def examine(settings: Settings, config: Path | None) -> tuple[Check, ...]:
    """Every check, at once; the slowest (a broker that does not answer, a camera that hangs) takes some seconds."""
    runs = await asyncio.to_thread(in_use, settings)
    found = await asyncio.gather(
        radio(settings, daemon_runs=runs),
        broker(settings),
        asyncio.to_thread(camera, settings, runs),
        asyncio.to_thread(models, settings, canary=True),
        asyncio.to_thread(_disk, settings),
    )
    way, *rest = found
    checks = [permissions(settings, config), *way, *rest]
    checks.sort(key=lambda check: _ORDER.index(check.name))
    return (*checks, stored(settings), wall_clock(datetime.now(UTC)))


def permissions(settings: Settings, config: Path | None) -> Check:
    """Who runs this, and whether secrets are secret. Devices are asked for one by one, in their own checks."""
    name = "Permissions"
    for path, setting in ((settings.mqtt.key_file, "key_file"), (settings.mqtt.password_file, "password_file")):
        try:
            if path:
                check_private(path, setting)
        except BrokerError as error:
            return Check(name, "bad", *parted(error))
    user = _user(os.geteuid())
    if config is not None and config.stat().st_mode & 0o022:
        return Check(name, "warn", f"{config} may be changed by others.", f"`chmod go-w {config}`")
    if os.geteuid() == 0 and _exists(SERVICE_USER):
        says = f"You are root, who may do anything; the service runs as {SERVICE_USER}, who may not."
        return Check(name, "warn", says, f"Ask as the service: `sudo -u {SERVICE_USER} edge-daemon doctor --config …`")
    groups = sorted({grp.getgrgid(number).gr_name for number in os.getgroups() if _named(number)})
    return Check(name, "good", f"This is {user}, in {', '.join(groups) or 'no group'}.")


def well(checks: Sequence[Check]) -> bool:
    """Nothing that would keep the daemon from its work."""
    return all(check.state != "bad" for check in checks)


def told(checks: Sequence[Check]) -> dict[str, object]:
    """For machines."""
    return {"well": well(checks), "checks": [asdict(check) for check in checks]}


def show(checks: Sequence[Check], console: Console) -> None:
    """For people: what is wrong stands with its cure below it."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for check in checks:
        cure = f"\n[yellow]→[/] {escape(check.cure)}" if check.cure and check.state in {"warn", "bad"} else ""
        table.add_row(_MARKS[check.state], check.name, f"{escape(check.says)}{cure}")
    console.print(table)
    ill = sum(check.state == "bad" for check in checks)
    console.print("[green]all is well[/]" if not ill else f"[red]{ill} of {len(checks)} must be mended[/]")


def _disk(settings: Settings) -> Check:
    return writable(settings.state_path) or disk(settings)


def _user(number: int) -> str:
    """A name, or the number where it has none, as in a container."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _named(group: int) -> bool:
    try:
        grp.getgrgid(group)
    except KeyError:
        return False
    return True

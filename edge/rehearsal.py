"""Settings in; RefusalError or another of REFUSALS for what would stop a daemon of theirs, reaching for no device."""

import asyncio
import os
import socket
from pathlib import Path

from edge.refusal import RefusalError
from edge.relay.address import parse_broker
from edge.relay.seal import read_public_key
from edge.relay.settings import MqttSettings
from edge.relay.tls import read_password, tls_context
from edge.settings import HEALTH_HOST, Settings
from edge.stored import in_use
from edge.whole_file import unwritable
from firmware_bridge.links import open_link
from firmware_bridge.links.address import Address


def rehearse(settings: Settings) -> None:
    """Try what `edge.verbs.check` leaves to the start: the watch's file or wearer, keys, the state directory, ports.

    Not asked at a start itself: a daemon whose certificate is gone for a while runs, and tries again.
    """
    if settings.watch.address:
        asyncio.run(_resolve(settings.watch.address))
    _read_keys(settings.mqtt)
    _may_be_made(settings.state_path, "state_dir")
    outbox = settings.state_path / settings.outbox.file
    _may_be_made(outbox.parent, "[outbox] path")
    if outbox.parent.is_dir() and (reason := unwritable(outbox)):
        raise RefusalError(f"the outbox {outbox} cannot be written: {reason}; set [outbox] path")
    if not in_use(settings):  # else the daemon that runs has its ports itself
        if settings.panel.enabled:
            _may_listen(settings.panel.address, settings.panel.port, "panel.port")
        _may_listen(HEALTH_HOST, settings.health.port, "health.port")


async def _resolve(address: str) -> None:
    """The link that an address means; one that plays a file, or a made-up wearer, is opened: no device is reached."""
    link = open_link(address)
    if Address.parse(address).scheme in ("replay", "virtual"):
        async with link:
            pass


def _read_keys(mqtt: MqttSettings) -> None:
    if mqtt.seal_to_file:
        read_public_key(mqtt.seal_to_file)
    if mqtt.broker:
        read_password(mqtt)
        if parse_broker(mqtt.broker).tls:
            tls_context(mqtt)


def _may_be_made(folder: Path, setting: str) -> None:
    """RefusalError where a folder is not there and cannot be made, or takes no file. Nothing is left behind."""
    nearest = next(each for each in (folder, *folder.absolute().parents) if _is_there(each))
    if not nearest.is_dir():
        raise RefusalError(f"{folder} cannot be made: {nearest} is no directory; set {setting}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RefusalError(f"{folder} takes no file: this user may not write to {nearest}; set {setting}")


def _may_listen(host: str, port: int, setting: str) -> None:
    """RefusalError where a port cannot be had; it is let go at once. 0 is any, or none."""
    if not port:
        return
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            # As asyncio's servers do: what has just ended is no bar, and IPv6 is no IPv4.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tried.bind(place)
    except OSError as error:
        raise RefusalError(
            f"{host}:{port} cannot be listened on ({error.strerror}); set {setting} to another one"
        ) from error


def _is_there(path: Path) -> bool:
    """False, too, where that cannot be seen: then the folder above it says why."""
    try:
        path.stat()
    except OSError:
        return False
    return True

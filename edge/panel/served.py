"""Where the page is, told to the person who started the daemon."""

import ipaddress
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import psutil

from edge.panel.settings import PanelSettings
from edge.whole_file import write_whole

TOKEN_FILE = "page-token"
log = logging.getLogger("vagus.page")


@dataclass(frozen=True, slots=True)
class Panel:
    """The page while it is served."""

    addresses: tuple[str, ...]
    """Where it can be opened, best first."""
    token: str | None
    """What a guest must know; None where everybody who can reach the page may look."""


def at(settings: PanelSettings, port: int, token: str | None) -> Panel:
    """The addresses that lead to this port."""
    host = ipaddress.ip_address(settings.address)
    hosts = (*settings.names, *own_addresses(host.version)) if host.is_unspecified else ()
    hosts = hosts or (settings.address,)
    return Panel(tuple(f"http://{f'[{name}]' if ':' in name else name}:{port}/" for name in hosts), token)


def own_addresses(version: Literal[4, 6] = 4) -> tuple[str, ...]:
    """This machine's addresses of one family, those that others can reach first.

    ``::`` is bound for IPv6 alone (asyncio sets IPV6_V6ONLY). Its link-local addresses are left out: they need a zone,
    which no browser takes.
    """
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    told = (address for card in psutil.net_if_addrs().values() for address in card if address.family is family)
    found = {ipaddress.ip_address(address.address) for address in told}
    usable = (address for address in found if version == 4 or not address.is_link_local)
    return tuple(str(address) for address in sorted(usable, key=lambda each: (each.is_loopback, int(each))))


def tell(panel: Panel, out: TextIO, folder: Path) -> None:
    """Print the address; with a token, also a QR code to be scanned once.

    A token never goes where it would be kept, such as a journal: without a terminal it is written to a file in
    ``folder`` that its owner alone can read, and the file is named. A disk that does not take it is told in the log:
    the page is not what a daemon is started for.
    """
    if panel.token is None:
        print(f"page: {panel.addresses[0]}", file=out, flush=True)
        return
    where = f"page: {'  '.join(panel.addresses)}"
    if out.isatty():
        print(where, file=out)
        print(f"scan this once with a phone, or type the token {panel.token}", file=out)
        _draw(f"{panel.addresses[0]}sign-in#{panel.token}", out)
    else:
        file = folder / TOKEN_FILE
        try:
            # before the address is told: who reads that looks for the token next
            write_whole(file, f"{panel.token}\n".encode())
        except OSError as error:
            print(where, file=out)
            log.error(
                f"the page's token cannot be written to {file} ({error.strerror}); "
                "nobody can sign in until a restart with a disk that takes it"
            )
        else:
            print(where, file=out)
            print(f"its token for this run is in {file}", file=out)
    out.flush()


def _draw(address: str, out: TextIO) -> None:
    # Imported when asked for: only who opens the page to the network needs it.
    import segno

    segno.make(address, error="m", micro=False).terminal(out, compact=True)

"""Where the page is served, and for whom."""

import ipaddress
import re

import msgspec

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class PanelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The local page. Off until it is enabled, and then for this machine only, unless `lan` says otherwise."""

    enabled: bool = False
    host: str = ""
    """IP address to listen on; empty: 127.0.0.1, or with `lan` every address of this machine."""
    port: int = 8377
    """0 takes any free port."""
    lan: bool = False
    """Serve the local network, too. Whoever looks must then sign in with a token that changes at every start."""
    names: tuple[str, ...] = ()
    """Host names under which the page may be asked for, such as `pi.local`; IP addresses need not be named."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"panel.port must lie between 0 and 65535, got {self.port}")
        try:
            local = ipaddress.ip_address(self.address).is_loopback
        except ValueError as error:
            raise ValueError(f"panel.host must be an IP address such as 127.0.0.1, got {self.host!r}") from error
        if not local and not self.lan:
            raise ValueError(
                f"panel.host {self.host} can be reached from the network; set panel.lan = true if that is meant"
            )
        for name in self.names:
            if not _NAME.fullmatch(name):
                raise ValueError(f"panel.names holds {name!r}; write host names in lower case, such as pi.local")

    @property
    def address(self) -> str:
        """The IP address to listen on."""
        return self.host or ("0.0.0.0" if self.lan else "127.0.0.1")

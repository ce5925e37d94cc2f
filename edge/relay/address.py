"""A broker's address as people write it -> host, port and whether TLS is spoken."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from edge.relay.errors import BrokerAddressError

_SCHEMES = {"mqtt": False, "mqtts": True}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens."""

    host: str
    port: int
    tls: bool = False

    @property
    def is_loopback(self) -> bool:
        """On this machine, as the address itself says; names are not looked up."""
        if self.host == "localhost" or self.host.endswith(".localhost"):  # RFC 6761, 6.3
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_broker(text: str) -> BrokerAddress:
    """Read `host:port`, `mqtt://host:port` or `mqtts://host:port`; IPv6 hosts stand in brackets.

    Raises BrokerAddressError, one sentence that shows a good address.
    """
    scheme, mark, rest = text.strip().partition("://")
    if not mark:
        scheme, rest = "mqtt", scheme
    if scheme not in _SCHEMES:
        raise BrokerAddressError(f"broker {text!r} starts with {scheme}://: use mqtt:// or mqtts:// (TLS)")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BrokerAddressError(f"broker {text!r} cannot be read ({error}): write {_good(scheme)}") from error
    if not host:
        raise BrokerAddressError(f"broker {text!r} names no host: write {_good(scheme)}")
    _refuse_no_name(text, host, scheme)
    if not port:
        raise BrokerAddressError(f"broker {text!r} has no port: write {_good(scheme, host)}")
    if parts.username is not None:
        raise BrokerAddressError(f"broker {text!r} carries a user name: put it in `username` and `password_file`")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BrokerAddressError(f"broker {text!r} goes on after its port: write {_good(scheme, host)}")
    return BrokerAddress(host, port, _SCHEMES[scheme])


def _refuse_no_name(text: str, host: str, scheme: str) -> None:
    """BrokerAddressError for a host that no resolver can be asked for."""
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise BrokerAddressError(
            f"broker {text!r} names no computer (there are 1 to 63 letters between dots): write {_good(scheme)}"
        ) from error


def _good(scheme: str, host: str = "broker.local") -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"mqtts://{shown}:8883" if _SCHEMES[scheme] else f"{shown}:1883"

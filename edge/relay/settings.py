"""What an operator may change about the outbox, the broker and who may read."""

import math
import re
from pathlib import Path
from typing import Literal

import msgspec

from edge.relay.address import BrokerAddress, parse_broker

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MIB = 1024 * 1024
_MOST_DAYS = 36_500


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts wait for the broker, and for how long.

    When a bound is reached the oldest reports leave first, alerts last.
    """

    path: str = "outbox.db"
    max_mib: int = 256
    """Payload kept at most, in MiB."""
    alert_days: float = 30.0
    """Of the daemon's running: days in which it is off do not count, nor does a clock that is set."""
    report_days: float = 1.0

    def __post_init__(self) -> None:
        if Path(self.path).name in ("", ".."):
            raise ValueError(f"path must name a file, such as outbox.db, got {self.path!r}")
        if self.max_mib < 1:
            raise ValueError(f"max_mib must be at least 1, got {self.max_mib}")
        for name in ("alert_days", "report_days"):
            if not 0 < getattr(self, name) <= _MOST_DAYS:
                raise ValueError(f"{name} must be above 0 and at most {_MOST_DAYS}, got {getattr(self, name)}")

    @property
    def file(self) -> Path:
        """What ``path`` means: below the state directory unless it is whole; RuntimeError for a home of nobody."""
        return Path(self.path).expanduser()

    @property
    def max_bytes(self) -> int:
        return self.max_mib * _MIB


class MqttSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker, how to reach it, and how we are called there."""

    broker: str = ""
    """`host:port`, `mqtt://host:port` or `mqtts://host:port`; empty: one of our own on loopback."""
    base_topic: str = "vagus"
    device: str = "edge"
    """Letters, digits, - and _; a part of every topic and the client's name at the broker."""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    """PEM of the authority that signed the broker's certificate; empty: the system's."""
    certificate_file: str = ""
    """PEM of our own certificate, where the broker asks for one."""
    key_file: str = ""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """auto: MQTT 5 where the broker speaks it, else 3.1.1."""
    keepalive_s: int = 30
    connect_timeout_s: float = 5.0
    ack_timeout_s: float = 30.0
    """A broker that has not acknowledged for so long is left and connected to anew."""
    in_flight: int = 16
    """Messages on the way at once; below the 20 a broker usually takes, so that order is kept."""
    reconnect_min_s: float = 0.5
    reconnect_max_s: float = 30.0
    discovery: bool = False
    """Tell Home Assistant what we are."""
    discovery_prefix: str = "homeassistant"
    commands: bool = True
    """Obey what is asked on `<base>/<device>/<command>/set`: whoever may write there at the broker may ask."""
    seal_to_file: str = ""
    """PEM of a recipient's X25519 public key: alerts and states are encrypted to it, and our name changes."""
    rename_hours: float = 24.0
    """Where payloads are sealed, the name in the topics changes so often."""

    def __post_init__(self) -> None:
        if self.broker:
            self._refuse_clear_text(parse_broker(self.broker))
        if not _NAME.fullmatch(self.device):
            raise ValueError(f"device {self.device!r} must be 1 to 64 letters, digits, - or _")
        for name in ("base_topic", "discovery_prefix"):
            topic: str = getattr(self, name)
            if not all(_NAME.fullmatch(level) for level in topic.split("/")):
                raise ValueError(f"{name} {topic!r} must be letters, digits, - and _, with / between levels")
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file go together: give both or neither")
        if not 1 <= self.keepalive_s <= 65535:
            raise ValueError(f"keepalive_s must be 1 to 65535, got {self.keepalive_s}")
        for name in ("connect_timeout_s", "ack_timeout_s", "rename_hours"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {getattr(self, name)}")
        if not 0 < self.reconnect_min_s <= self.reconnect_max_s < math.inf:
            raise ValueError("reconnect_min_s must be above 0 and at most reconnect_max_s, which must be finite")
        if self.discovery and self.seal_to_file:
            raise ValueError("discovery and seal_to_file exclude each other: Home Assistant reads no sealed payload")
        if not 1 <= self.in_flight <= 65535:
            raise ValueError(f"in_flight must be 1 to 65535, got {self.in_flight}")

    def _refuse_clear_text(self, broker: BrokerAddress) -> None:
        given = " and ".join(name for name in ("username", "password_file") if getattr(self, name))
        if given and not broker.tls and not broker.is_loopback:
            raise ValueError(
                f"{given} would cross the network in clear text to {broker}: use mqtts:// and the broker's TLS port,"
                " mostly 8883 (with ca_file where its authority is your own)"
            )

    @property
    def address(self) -> BrokerAddress:
        """The broker's address; raises BrokerAddressError where none is set."""
        return parse_broker(self.broker)

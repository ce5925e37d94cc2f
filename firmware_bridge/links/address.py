"""A link's address, taken apart: ``scheme:place?option=value&option=value``."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from firmware_bridge.errors import AddressError

MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
"""A device's Bluetooth address."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a link leads and with which options."""

    text: str
    scheme: str
    place: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Take an address apart; raise AddressError if it has no scheme, no place, or an option without a value."""
        scheme, colon, rest = text.partition(":")
        place, _, query = rest.partition("?")
        if not colon or not scheme or not place:
            raise AddressError(
                f"{text!r} is no link address; try ble:F0:F1:F2:F3:F4:F5, replay:FILE or virtual:wearer?seed=1"
            )
        try:
            # a plus is a plus in the name of a file, and a space only in what a browser's form sends
            plain = query.replace("+", "%2B")
            pairs = parse_qsl(plain, keep_blank_values=True, strict_parsing=bool(query))
        except ValueError as error:
            raise AddressError(f"{text!r}: {query!r} is not option=value&option=value") from error
        options = dict(pairs)
        if len(options) < len(pairs):
            raise AddressError(f"{text!r} gives an option twice")
        return cls(text, scheme.lower(), place, options)

    def only(self, known: Collection[str]) -> None:
        """Raise AddressError if there is an option that is not in ``known``."""
        for name in self.options:
            if name not in known:
                raise AddressError(
                    f"{self.text!r}: unknown option {name!r}; there is {', '.join(sorted(known)) or 'none'}"
                )

    def number(self, name: str, default: float) -> float:
        """An option as a number, 0 or above; raise AddressError if it is none."""
        given = self.options.get(name)
        if given is None:
            return default
        try:
            value = float(given)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise AddressError(f"{self.text!r}: {name} must be a number from 0 up, got {given!r}")
        return value

    def whole(self, name: str, default: int) -> int:
        """An option as a whole number, 0 or above; raise AddressError if it is none."""
        value = self.number(name, default)
        if value != int(value):
            raise AddressError(f"{self.text!r}: {name} must be a whole number, got {self.options[name]!r}")
        return int(value)

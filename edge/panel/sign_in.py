"""Who may look: one random token a start, a few tries a minute, a cookie for whoever knew it."""

import hashlib
import hmac
import secrets
from collections import OrderedDict

from edge.clock import Clock, HostNs, nanoseconds, seconds

_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_GROUPS, _GROUP = 5, 4
"""20 of 30 letters are 98 bits, and still short enough to be typed from a terminal."""
TRIES = 5
EVERY_S = 12.0
"""A try comes back after so long: five in a row, then five a minute."""
LASTS_S = 12 * 3600.0
GUESTS = 16
ADDRESSES = 256


class TooManyTriesError(PermissionError):
    """This address has tried too often; ``wait_s`` says how long to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many tries; wait {wait_s:.0f} s and try again")
        self.wait_s = wait_s


class SignIn:
    """Holds the token, the guests it let in, and who has tried how often. Nothing of it is written to a disk."""

    def __init__(self, clock: Clock, token: str | None = None) -> None:
        self.token = token or make_token()
        self._clock = clock
        self._guests: OrderedDict[bytes, HostNs] = OrderedDict()
        self._tries: OrderedDict[str, tuple[float, HostNs]] = OrderedDict()

    def enter(self, token: str, address: str) -> str | None:
        """A cookie for the right token, None for a wrong one; TooManyTriesError when that address must wait."""
        self._spend(address)
        if not hmac.compare_digest(_plain(token), _plain(self.token)):
            return None
        self._tries.pop(address, None)
        cookie = secrets.token_urlsafe(32)
        self._guests[_print(cookie)] = self._clock.now()
        while len(self._guests) > GUESTS:
            self._guests.popitem(last=False)
        return cookie

    def knows(self, cookie: str | None) -> bool:
        """Whether this cookie was given here, and not too long ago."""
        if not cookie:
            return False
        since = self._guests.get(_print(cookie))
        return since is not None and self._clock.now() - since < nanoseconds(LASTS_S)

    def leave(self, cookie: str) -> None:
        self._guests.pop(_print(cookie), None)

    def _spend(self, address: str) -> None:
        now = self._clock.now()
        left, at = self._tries.pop(address, (float(TRIES), now))
        left = min(TRIES, left + seconds(now - at) / EVERY_S)
        spent = left >= 1
        self._tries[address] = (left - spent, now)
        while len(self._tries) > ADDRESSES:
            self._tries.popitem(last=False)
        if not spent:
            raise TooManyTriesError((1 - left) * EVERY_S)


def make_token() -> str:
    """A new token, such as ABCD-EFGH-JKMN-PQRS-TVWX."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _plain(token: str) -> bytes:
    """As people type it: case, spaces and dashes do not matter."""
    return "".join(letter for letter in token.upper() if letter.isalnum()).encode("utf-8")


def _print(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()

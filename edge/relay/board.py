"""The newest payload of every retained topic -> told once to each connection, and when it changes."""

import asyncio

from edge.relay.session import Session
from edge.relay.topics import Topics

_STATE_EXPIRY_S = 600
"""A state that no one could be told for so long is no state any more (MQTT 5)."""


class Board:
    """What is to be read at any time. A slow broker sees the newest, not everything between.

    Names begin with `~/` where they stand under our device, as Home Assistant writes it.
    """

    def __init__(self) -> None:
        self._posted: dict[str, bytes] = {}
        self._untold: set[str] = set()
        self._telling: dict[int, str] = {}
        self._changed = asyncio.Event()

    def post(self, name: str, payload: bytes) -> None:
        """Keep this; an empty payload clears the topic."""
        self._posted[name] = payload
        self._untold.add(name)
        self._changed.set()

    def tell_again(self, name: str) -> None:
        """Someone may have missed it."""
        if name in self._posted:
            self._untold.add(name)
            self._changed.set()

    async def tell(self, session: Session, topics: Topics) -> None:
        """Lane: tell a new connection everything, then what changes; BrokerError when the connection ends."""
        self._telling.clear()
        self._untold = set(self._posted)
        while not session.is_closed:
            self._changed.clear()
            # One of a name on the way at a time: what comes meanwhile takes its place in the next.
            for name in self._untold - set(self._telling.values()):
                expiry_s = _STATE_EXPIRY_S if name == "~/state" else None
                packet = session.publish(topics.resolve(name), self._posted[name], retain=True, expiry_s=expiry_s)
                self._untold.discard(name)
                self._telling[packet] = name
            await self._changed.wait()

    def acknowledged(self, packet: int) -> None:
        """A PUBACK came; it may be ours."""
        if self._telling.pop(packet, None) is not None:
            self._changed.set()

    def wake(self) -> None:
        """The connection has ended: let the lane see it."""
        self._changed.set()

    def own(self) -> list[str]:
        """Names under our device that hold something."""
        return [name for name, payload in self._posted.items() if name.startswith("~/") and payload]

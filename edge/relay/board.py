"""The newest payload of every retained topic -> told once to each connection, and when it changes."""

import asyncio
import logging

from edge.clock import Clock, HostNs, nanoseconds
from edge.relay.outbox import Outbox
from edge.relay.refusals import Refusals
from edge.relay.session import Session
from edge.relay.topics import Topics

_log = logging.getLogger(__name__)
_STATE_EXPIRY_S = 600
"""A state that no one could be told for so long is no state any more (MQTT 5)."""
_REST_NS = nanoseconds(600.0)
"""A topic that the broker refused is left alone for so long: its access list may be mended meanwhile."""


class Board:
    """What is to be read at any time. A slow broker sees the newest, not everything between.

    Names begin with `~/` where they stand under our device, as Home Assistant writes it. A topic that the broker
    refuses (MQTT 5) is left out; the others and the connection are none the worse. What stands elsewhere, such as an
    entry at Home Assistant, is noted in the outbox, so that a run that does not post it any more clears it.
    """

    def __init__(self, outbox: Outbox, clock: Clock, refusals: Refusals, *, rotating: bool = False) -> None:
        """``rotating``: our name changes, and what is not sealed must not stay behind under an old one."""
        self._rotating = rotating
        self._outbox = outbox
        self._clock = clock
        self._refusals = refusals
        self._posted: dict[str, bytes] = {}
        self._untold: set[str] = set()
        self._telling: dict[int, tuple[str, str]] = {}
        """Name and topic of what is on its way."""
        self._resting: dict[str, HostNs] = {}
        """Refused, and until when it is not tried again."""
        self._changed = asyncio.Event()

    def post(self, name: str, payload: bytes) -> None:
        """Keep this; an empty payload clears the topic."""
        self._posted[name] = payload
        self._untold.add(name)
        self._changed.set()
        if payload and not name.startswith("~/"):
            self._outbox.note_topic(name, kept=True)

    def clear_left(self, topics: Topics, *, unnamed: bool) -> None:
        """Clear what an earlier run posted elsewhere, also under another name, and this one has not.

        ``unnamed``: the broker must not know us.
        """
        left = sorted(name for name in self._outbox.topics - self._posted.keys() if not topics.has(name))
        if left and unnamed:
            # To clear it under our name by chance would tell whose that is.
            _log.warning("the broker still retains %s of a time before sealing: clear it by hand", ", ".join(left))
            return
        for name in left:
            self.post(name, b"")
        if not unnamed:
            self._outbox.note_topic(topics.status, kept=True)

    def tell_again(self, name: str) -> None:
        """Someone may have missed it."""
        if name in self._posted:
            self._untold.add(name)
            self._changed.set()

    async def tell(self, session: Session, topics: Topics) -> None:
        """Lane: tell a new connection everything, then what changes; BrokerError when the connection ends."""
        self._telling.clear()
        self._resting.clear()
        self._untold = set(self._posted)
        while not session.is_closed:
            self._changed.clear()
            for name in self._ready():
                if session.room <= 0:
                    break
                expiry_s = _STATE_EXPIRY_S if name == "~/state" else None
                topic = topics.resolve(name)
                packet = session.publish(topic, self._posted[name], retain=self._stays(name), expiry_s=expiry_s)
                self._untold.discard(name)
                self._telling[packet] = name, topic
                if not self._rotating and name.startswith("~/"):
                    self._outbox.note_topic(topic, kept=True)  # for a run under another name
            await self._changed.wait()

    def acknowledged(self, packet: int, refusal: str | None) -> None:
        """A PUBACK came; it may be ours."""
        name, topic = self._telling.pop(packet, ("", ""))
        if not name:
            if self._untold:  # the broker may have room for another
                self._changed.set()
            return
        if refusal is None:
            self._refusals.taken(name)
            if not self._posted[name] and name not in self._untold:
                del self._posted[name]
                self._outbox.note_topic(name, kept=False)
        else:
            self._refusals.tell(name, topic, refusal, "nothing is told there")
            self._resting[name] = HostNs(self._clock.now() + _REST_NS)
            self._untold.add(name)
        self._changed.set()

    def wake(self) -> None:
        """The connection has ended: let the lane see it."""
        self._changed.set()

    def own(self) -> list[str]:
        """Names under our device that hold something."""
        return [name for name, payload in self._posted.items() if name.startswith("~/") and payload]

    def _stays(self, name: str) -> bool:
        """Whether the broker keeps it. After an unclean end nobody knows the name it stood under."""
        return not self._rotating or name == "~/state" or not name.startswith("~/")

    def _ready(self) -> set[str]:
        now = self._clock.now()
        self._resting = {name: until for name, until in self._resting.items() if until > now}
        # One of a name on the way at a time: what comes meanwhile takes its place in the next.
        return self._untold - {name for name, _ in self._telling.values()} - self._resting.keys()

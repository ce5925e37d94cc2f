"""What the broker refuses -> one sentence in the log for each topic, until it is taken again."""

import logging

from edge.clock import Clock, HostNs, nanoseconds
from edge.relay.address import BrokerAddress

_log = logging.getLogger(__name__)
_FINAL = {"Not authorized", "Topic name invalid"}
"""Reason codes 0x87 and 0x90 (MQTT 5.0, 3.4.2.1): asking again helps only once somebody has changed the broker."""
_AGAIN_NS = nanoseconds(3600.0)
"""A broker that takes one message and refuses the next, turn by turn, is told of so often at most."""


def is_final(refusal: str) -> bool:
    """The broker will not change its mind by itself, as it may where a quota is used up."""
    return refusal in _FINAL


class Refusals:
    """Topics that are refused now. They are known by names without our device, which may change."""

    def __init__(self, broker: BrokerAddress, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._lasting: set[str] = set()
        self._told: dict[str, HostNs] = {}

    def tell(self, name: str, topic: str, refusal: str, consequence: str) -> str:
        """Log a refusal that has just begun; its sentence, in any case."""
        sentence = f"broker {self._broker} refused {topic}: {refusal}; {consequence}; check the broker's access list"
        now, told = self._clock.now(), self._told.get(name)
        if name not in self._lasting and (told is None or now - told >= _AGAIN_NS):
            self._told[name] = now
            _log.warning("%s", sentence)
        self._lasting.add(name)
        return sentence

    def taken(self, name: str) -> None:
        """The broker takes it now."""
        self._lasting.discard(name)

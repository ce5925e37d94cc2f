"""What can go wrong on the way from a watch: packets dropped, doubled, swapped, cut, spoilt, or none any more."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmware_bridge.codec import encode
from firmware_bridge.messages import Battery
from firmware_bridge.virtual.personality import Spoken


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each happens, as a share of packets from 0 to 1; the same seed gives the same faults."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    """Two neighbours change places."""
    truncate: float = 0.0
    garbage: float = 0.0
    """Some bytes become others."""
    silence_s: tuple[float, float] | None = None
    """Nothing is heard from the first moment to the second, in watch time."""
    empty_s: float | None = None
    """At this moment the battery is empty: the device says 0 % and then nothing any more."""
    seed: int = 0


def afflict(spoken: Iterable[Spoken], faults: Faults) -> Iterator[Spoken]:
    """The packets as they arrive."""
    if faults.empty_s is not None:
        spoken = _until_empty(spoken, faults.empty_s)
    chance = random.Random(faults.seed)
    held: Spoken | None = None
    for packet in spoken:
        for heard in _one(packet, faults, chance):
            if held is not None:
                # The one that was overtaken arrives after its successor, at the successor's time.
                yield heard
                yield replace(held, at_ns=heard.at_ns)
                held = None
            elif chance.random() < faults.reorder:
                held = heard
            else:
                yield heard
    if held is not None:
        yield held


def _until_empty(spoken: Iterable[Spoken], empty_s: float) -> Iterator[Spoken]:
    for packet in spoken:
        if packet.at_ns / 1e9 >= empty_s:
            source, payload = encode(Battery(0))
            yield Spoken(packet.at_ns, source, payload)
            return
        yield packet


def _one(packet: Spoken, faults: Faults, chance: random.Random) -> Iterator[Spoken]:
    if faults.silence_s is not None and faults.silence_s[0] <= packet.at_ns / 1e9 < faults.silence_s[1]:
        return
    if chance.random() < faults.drop:
        return
    if chance.random() < faults.truncate:
        packet = replace(packet, payload=packet.payload[: chance.randrange(len(packet.payload))])
    if chance.random() < faults.garbage and packet.payload:
        spoilt = bytearray(packet.payload)
        for _ in range(chance.randint(1, 4)):
            spoilt[chance.randrange(len(spoilt))] ^= chance.randint(1, 255)
        packet = replace(packet, payload=bytes(spoilt))
    yield packet
    if chance.random() < faults.duplicate:
        yield packet

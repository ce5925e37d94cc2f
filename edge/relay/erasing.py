"""A session with the broker -> nothing retained there of this device: states, echoes, its entry at Home Assistant."""

import asyncio
import secrets
from collections import deque
from collections.abc import Collection, Coroutine, Sequence

from edge.relay.commands import COMMANDS
from edge.relay.discovery import discovery_topic
from edge.relay.errors import BrokerError
from edge.relay.seal import is_for, read_public_key
from edge.relay.session import Session
from edge.relay.settings import MqttSettings
from edge.relay.topics import Topics

_PATIENCE_S = 10.0
"""A broker that refuses us the right to read answers nothing at all."""


async def erase(session: Session, settings: MqttSettings, noted: Collection[str] = ()) -> list[str]:
    """Clear every retained topic of this device, those found and those it may have used; return those that held any.

    ``noted`` are topics that its outbox knows of, some of another name or prefix. Sealed states of earlier names are
    known by the recipient's key. A broker that lets us read nothing has the topics cleared that we know of. Raises
    BrokerError when the connection ends or an empty message is refused.
    """
    found = await _retained(session, settings, noted)
    known: list[str] = []
    if not settings.seal_to_file:
        topics = Topics(settings.base_topic, settings.device)
        echoes = (topics.echo(command.name) for command in COMMANDS)
        known = [
            topics.status,
            topics.state,
            *echoes,
            discovery_topic(topics, settings.discovery_prefix),
            *sorted(noted),
        ]
    await _clear(session, list(dict.fromkeys((*known, *found))))
    return sorted(found)


async def _retained(session: Session, settings: MqttSettings, noted: Collection[str]) -> set[str]:
    found: set[str] = set()
    topics = Topics(settings.base_topic, settings.device)
    key = read_public_key(settings.seal_to_file) if settings.seal_to_file else None
    # Who seals does not tell the broker its name, now neither.
    marker = Topics(topics.base, secrets.token_hex(10)).kind("forget") if key is not None else topics.kind("forget")
    token, heard = secrets.token_bytes(8), asyncio.Event()

    def note(topic: str, payload: bytes, retained: bool) -> None:
        if topic == marker and payload == token:
            heard.set()
        elif retained and payload and (key is None or is_for(payload, key)):
            found.add(topic)

    session.on_message = note
    session.subscribe(f"{topics.base}/#" if key is not None else f"{topics.base}/{topics.device}/#")
    if key is None:
        for elsewhere in {discovery_topic(topics, settings.discovery_prefix), *noted}:
            session.subscribe(elsewhere)
    # What was retained comes before what is published after the subscription.
    session.publish(marker, token)
    await _either(session, heard.wait())
    return found


async def _clear(session: Session, chosen: Sequence[str]) -> None:
    left, waiting = deque(chosen), set[int]()
    answered, refused = asyncio.Event(), list[str]()

    def acknowledged(packet: int, refusal: str | None) -> None:
        waiting.discard(packet)
        if refusal is not None:
            refused.append(refusal)
        answered.set()

    async def all_cleared() -> None:
        while left or waiting:
            answered.clear()
            while left and session.room > 0:  # a broker of MQTT 5 hangs up on more than it takes at once
                waiting.add(session.publish(left.popleft(), b"", retain=True))
            await answered.wait()

    session.on_acknowledged = acknowledged
    await _either(session, all_cleared())
    if refused:
        raise BrokerError(
            f"broker {session.opening.address} refused to clear a topic: {refused[0]}; see its access list"
        )
    if left or waiting:
        raise BrokerError(f"broker {session.opening.address} did not confirm that all was cleared; try again")


async def _either(session: Session, done: Coroutine[object, object, object]) -> None:
    """Wait for what is to be done, for the connection's end, or until patience ends."""
    waits = [asyncio.create_task(done), asyncio.create_task(session.wait_closed())]
    await asyncio.wait(waits, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    if session.is_closed:
        raise BrokerError(f"broker {session.opening.address} hung up: {await session.wait_closed()}")

"""What comes on topics that we listen to -> their handlers, over reconnects."""

from collections.abc import Callable

from edge.relay.refusals import Refusals
from edge.relay.session import Session
from edge.relay.topics import Topics

Handler = Callable[[bytes, bool], None]
"""Takes payload and whether it was retained; runs on the event loop and must not raise."""


class Hearing:
    """Names and who hears them; `~/` stands for our device. A subscription that is refused is told, and no trouble."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._handlers: dict[str, Handler] = {}

    def listen(self, name: str, handler: Handler) -> None:
        """Hear it from the next `subscribe` on."""
        self._handlers[name] = handler

    def subscribe(self, session: Session, topics: Topics) -> None:
        """Ask a new connection for everything; BrokerError when it has ended."""
        for name in self._handlers:
            session.subscribe(topics.resolve(name))
        session.on_subscribed = lambda topic, refusal: self._subscribed(self._name(topics, topic), topic, refusal)
        session.on_message = lambda topic, payload, retained: self._heard(self._name(topics, topic), payload, retained)

    def _name(self, topics: Topics, topic: str) -> str:
        return next((name for name in self._handlers if topics.resolve(name) == topic), topic)

    def _subscribed(self, name: str, topic: str, refusal: str | None) -> None:
        if refusal is None:
            self._refusals.taken(f"subscribe {name}")
        else:
            asked = f"our subscription to {topic}"
            self._refusals.tell(f"subscribe {name}", asked, refusal, "nothing is heard there")

    def _heard(self, name: str, payload: bytes, retained: bool) -> None:
        if name in self._handlers:
            self._handlers[name](payload, retained)

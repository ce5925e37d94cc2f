"""What can go wrong between an alert and its broker, each with one sentence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.relay.store import Row


class RelayError(OSError):
    """The relay could not do what was asked; the sentence says what would work."""


class OutboxError(RelayError):
    """The outbox file could not be opened or written."""


class UnreadableError(OutboxError):
    """The outbox file cannot be read now."""

    def __init__(self, sentence: str, held: "Sequence[Row]") -> None:
        super().__init__(sentence)
        self.held = held
        """What waits in memory all the same, in order."""


class NotDurableError(OutboxError):
    """The alert is held in memory and will be sent while the process lives, but no disk has it yet."""


class BrokerError(RelayError):
    """The broker could not be reached, or refused us; trying again later may help."""


class VersionRefusedError(BrokerError):
    """The broker does not speak this version of MQTT."""


class HungUpError(VersionRefusedError):
    """The broker hung up when it was asked to speak this version: it is older, or just not well."""


class BrokerAddressError(ValueError):
    """A broker address nobody can use, such as one without a port; the sentence shows a good one."""


def cure_of(refusal: str) -> str:
    """What to look at when a broker refuses a connection with this reason."""
    if refusal in {"Bad user name or password", "Not authorized"}:
        return "check username, password_file and the broker's access list"
    return "see the broker's log"

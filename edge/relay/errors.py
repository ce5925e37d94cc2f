"""What can go wrong between an alert and its broker, each with one sentence."""


class RelayError(OSError):
    """The relay could not do what was asked; the sentence says what would work."""


class OutboxError(RelayError):
    """The outbox file could not be opened or written."""


class NotDurableError(OutboxError):
    """The alert is held in memory and will be sent while the process lives, but no disk has it yet."""


class BrokerError(RelayError):
    """The broker could not be reached, or refused us; trying again later may help."""


class BrokerAddressError(ValueError):
    """A broker address nobody can use, such as one without a port; the sentence shows a good one."""

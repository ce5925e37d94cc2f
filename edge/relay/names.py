"""Who we are at the broker: our device's name, or, where payloads are sealed, one by chance that changes."""

import os
from collections.abc import Callable

from edge.clock import Clock, nanoseconds
from edge.relay.settings import MqttSettings
from edge.relay.topics import Topics

_HOUR_S = 3600.0
_BYTES = 10


class Names:
    """The topics to speak on now. Sealed, they tell neither the device nor that it is the one of yesterday."""

    def __init__(self, settings: MqttSettings, clock: Clock, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self.rotate = bool(settings.seal_to_file)
        self._settings = settings
        self._clock = clock
        self._randomness = randomness
        self._since = clock.now()
        self._topics = self._new()

    @property
    def due(self) -> bool:
        """It is time for another name."""
        age = self._clock.now() - self._since
        return self.rotate and age >= nanoseconds(self._settings.rename_hours * _HOUR_S)

    def topics(self) -> Topics:
        """The topics for the next connection."""
        if self.due:
            self._since = self._clock.now()
            self._topics = self._new()
        return self._topics

    def _new(self) -> Topics:
        device = self._randomness(_BYTES).hex() if self.rotate else self._settings.device
        return Topics(self._settings.base_topic, device)

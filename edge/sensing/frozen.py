"""Frames of a live camera in; whether they are one and the same picture again and again, out.

A sensor's noise makes every picture another one. A camera or driver that has frozen repeats its last one, and the
person on it may have left hours ago.
"""

import numpy as np

from edge.clock import HostNs, nanoseconds
from edge.flow import Frame, Image

FROZEN_S = 20.0
"""Some encoders repeat what hardly moves, but not for so long."""
_EACH_ROW = 16
"""One row in so many is compared."""
_CONTRAST = 32
"""Darkness and a closed shutter may look the same for hours: in what has less contrast nobody is found anyway."""


class Frozen:
    """Show it each frame."""

    def __init__(self) -> None:
        self._rows: Image | None = None
        self._since = HostNs(0)

    def holds(self, frame: Frame) -> bool:
        """Whether this picture has not changed for too long."""
        rows = frame.image[::_EACH_ROW]
        if self._rows is None or not np.array_equal(rows, self._rows):
            self._rows, self._since = rows.copy(), frame.grabbed
            return False
        return frame.grabbed - self._since > nanoseconds(FROZEN_S) and int(np.ptp(rows)) >= _CONTRAST

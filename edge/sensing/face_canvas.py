"""A frame of any size fitted into the detector's canvas, with its contrast stretched."""

from dataclasses import dataclass

import cv2
import numpy as np

from edge.flow import Floats, Image

_DARKEST, _BRIGHTEST = 1, 99
"""Percentiles of brightness that become black and white."""
_MOST_GAIN = 6.0
"""A picture is never stretched more than this: below, there is only the sensor's noise, and noise has faces in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A contrast curve: what each of 256 levels becomes."""

    curve: Image
    """(256,)"""

    @classmethod
    def of(cls, picture: Image) -> "Stretch":
        """The curve that spreads a BGR picture's brightness, outliers aside, over the whole range."""
        grey = cv2.cvtColor(picture[::2, ::2], cv2.COLOR_BGR2GRAY)
        share = np.cumsum(np.bincount(grey.ravel(), minlength=256)) * (100.0 / grey.size)
        low, high = (int(np.searchsorted(share, percent)) for percent in (_DARKEST, _BRIGHTEST))
        gain = min(255.0 / max(high - low, 1), _MOST_GAIN)
        # where the gain is capped, the picture stays around the middle rather than at the dark end
        middle = 127.5 if gain * (high - low) < 255.0 else gain * (high - low) / 2
        levels = (np.arange(256) - (low + high) / 2) * gain + middle
        return cls(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A frame as the detector sees it, and the way back."""

    image: Image
    """(canvas height, canvas width, 3) BGR, the frame in its top left corner, grey elsewhere"""
    scale: float
    """Canvas pixels for one frame pixel."""

    def to_frame(self, points: Floats) -> Floats:
        """Canvas pixels, any shape, as frame pixels (both count from the corner of the first pixel)."""
        return points / np.float32(self.scale)


def fit(frame: Image, size: tuple[int, int], stretch: Stretch | None) -> tuple[Canvas, Stretch]:
    """Shrink (or grow) a BGR or grey frame into ``size`` (width, height), stretch and smooth it.

    With ``stretch`` the curve of an earlier frame is used again; without, a new one is made.
    """
    height, width = frame.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(frame, (across, down), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    colour = (cv2.cvtColor(small, cv2.COLOR_GRAY2BGR) if small.ndim == 2 else small).astype(np.uint8, copy=False)
    curve = stretch or Stretch.of(colour)
    image = np.full((size[1], size[0], 3), 127, np.uint8)
    smooth = cv2.GaussianBlur(cv2.LUT(colour, curve.curve), (3, 3), 0)
    image[:down, :across] = smooth
    return Canvas(image, scale), curve

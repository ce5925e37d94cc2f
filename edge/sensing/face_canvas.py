"""A frame of any size fitted into the detector's canvas, with its contrast stretched."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge.flow import Floats, Image

_DARKEST, _BRIGHTEST = 1, 99
"""Percentiles of brightness that become black and white."""
_MOST_GAIN = 6.0
"""A picture is never stretched more than this: below, there is only the sensor's noise, and noise has faces in it."""
_AROUND = 3.0
"""Canvas pixels kept around a part, so that its smoothing sees what the whole one's sees."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A contrast curve: what each of 256 levels becomes."""

    curve: Image
    """(256,)"""

    @classmethod
    def of(cls, picture: Image) -> "Stretch":
        """The curve that spreads a BGR picture's brightness, outliers aside, over the whole range."""
        half = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
        grey = cv2.cvtColor(cv2.resize(picture, half, interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2GRAY)
        held = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().astype(np.float64)
        share = np.cumsum(held) * (100.0 / grey.size)
        low, high = (int(np.searchsorted(share, percent)) for percent in (_DARKEST, _BRIGHTEST))
        gain = min(255.0 / max(high - low, 1), _MOST_GAIN)
        # where the gain is capped, the picture stays around the middle rather than at the dark end
        middle = 127.5 if gain * (high - low) < 255.0 else gain * (high - low) / 2
        levels = (np.arange(256) - (low + high) / 2) * gain + middle
        return cls(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A frame, or a part of one, as the detector sees it, and the way back."""

    image: Image
    """(canvas height, canvas width, 3) BGR, the frame in its top left corner, grey elsewhere; a part: just the part"""
    scale: float
    """Canvas pixels for one frame pixel."""
    origin: Floats
    """(2,) x and y of the image's first corner, in pixels of the whole canvas"""

    def to_frame(self, points: Floats) -> Floats:
        """Pixels of the whole canvas, (..., 2), as frame pixels (both count from the corner of the first pixel)."""
        return points / np.float32(self.scale)


def fit(frame: Image, size: tuple[int, int], stretch: Stretch | None) -> tuple[Canvas, Stretch]:
    """Shrink (or grow) a BGR or grey frame into ``size`` (width, height), stretch and smooth it.

    With ``stretch`` the curve of an earlier frame is used again; without, a new one is made.
    """
    height, width = frame.shape[:2]
    scale = _scale(frame, size)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(frame, (across, down), interpolation=_way(scale))
    colour = _coloured(small)
    curve = stretch or Stretch.of(colour)
    image = np.full((size[1], size[0], 3), 127, np.uint8)
    image[:down, :across] = _smoothed(colour, curve)
    return Canvas(image, scale, np.zeros(2, np.float32)), curve


def fit_part(frame: Image, size: tuple[int, int], stretch: Stretch, box: Floats) -> Canvas | None:
    """The part of `fit`'s canvas that holds a box (4,), and no more: a face costs its own size, not the frame's.

    None when the box lies outside the frame.
    """
    scale = _scale(frame, size)
    left, top = (max(math.floor((float(v) - _AROUND) / scale), 0) for v in box[:2])
    right = min(math.ceil((float(box[2]) + _AROUND) / scale), frame.shape[1])
    bottom = min(math.ceil((float(box[3]) + _AROUND) / scale), frame.shape[0])
    # on whole steps of the shrinking, so that pixels fall together as they do in the whole picture
    step = max(1, round(1 / scale))
    left, top = left - left % step, top - top % step
    if right - left < step or bottom - top < step:
        return None
    small = cv2.resize(frame[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=_way(scale))
    return Canvas(_smoothed(_coloured(small), stretch), scale, np.array([left * scale, top * scale], np.float32))


def _scale(frame: Image, size: tuple[int, int]) -> float:
    return min(size[0] / frame.shape[1], size[1] / frame.shape[0])


def _way(scale: float) -> int:
    return cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR


def _coloured(picture: Image | cv2.typing.MatLike) -> Image:
    whole = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
    return whole.astype(np.uint8, copy=False)


def _smoothed(colour: Image, stretch: Stretch) -> Image:
    return cv2.GaussianBlur(cv2.LUT(colour, stretch.curve), (3, 3), 0).astype(np.uint8, copy=False)

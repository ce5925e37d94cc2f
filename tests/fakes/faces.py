"""Clips for the face finder: an animated portrait whose box is known, and recordings where they are at hand."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clock import HostNs
from edge.flow import Frame, Image

_FACE = (182.0, 62.0, 88.0, 110.0)
"""x, y, width, height of the face in scikit-image's portrait of Eileen Collins, in its 512 x 512 pixels."""
_CLIPS = Path(os.environ.get("VAGUS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "clips"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One frame, and where its face is: x, y, width, height; None for nobody."""

    frame: Frame
    face: Box | None


def frame_of(image: Image, index: int, fps: float = 30.0) -> Frame:
    return Frame(image, HostNs(round(index * 1e9 / fps)), index)


def picture(name: str) -> Image:
    """One of scikit-image's pictures, BGR; skips the test where the package is absent (it is not imported)."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        pytest.skip("scikit-image, whose pictures are used here, is not installed")
    read = cv2.imread(str(Path(spec.origin).parent / "data" / name), cv2.IMREAD_COLOR)
    if read is None:
        pytest.skip(f"this scikit-image carries no {name}")
    return read.astype(np.uint8, copy=False)


def animate(count: int = 240, absent: range = range(120, 150)) -> Iterator[Shot]:
    """The portrait panned, zoomed and turned over a table with a cup, under changing light, and gone for a while."""
    portrait, table = picture("astronaut.png"), cv2.resize(picture("coffee.png"), (640, 480))
    for index in range(count):
        turn = 2 * math.pi * index / count
        light = 0.65 + 0.35 * math.cos(3 * turn)
        zoom = 1.0 + 0.45 * math.sin(2 * turn)
        x, y = 100 + 60 * math.sin(3 * turn), 60 * math.cos(2 * turn) - 40 * (zoom - 1)
        scene = table.copy()
        if index not in absent:
            placed = np.array([[zoom, 0, x], [0, zoom, y]], np.float32)
            cv2.warpAffine(portrait, placed, (640, 480), dst=scene, borderMode=cv2.BORDER_TRANSPARENT)
        lit = np.clip(scene * light, 0, 255).astype(np.uint8)
        face = (x + _FACE[0] * zoom, y + _FACE[1] * zoom, _FACE[2] * zoom, _FACE[3] * zoom)
        yield Shot(frame_of(lit, index), None if index in absent else face)


def recorded(name: str) -> Iterator[Frame]:
    """A recorded clip; skips the test where the recordings are not at hand (`VAGUS_DATA` names their directory)."""
    path = _CLIPS / name
    if not path.is_file():
        pytest.skip(f"the recording {name} is not at hand; set VAGUS_DATA to the directory that holds clips/")
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while True:
        there, image = capture.read()
        if not there:
            capture.release()
            return
        yield frame_of(image.astype(np.uint8, copy=False), index, fps)
        index += 1


def shared(one: Box, other: Box) -> float:
    """Intersection over union of two boxes of x, y, width, height."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(across, 0.0) * max(down, 0.0)
    return common / (one[2] * one[3] + other[2] * other[3] - common)

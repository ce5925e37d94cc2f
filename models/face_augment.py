"""Training faces, roughened as a webcam and an imperfect crop would: moved, turned, lit, blurred, covered, mixed."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.faces import DIVISOR, OFFSET

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Roughness:
    """How far a training face may be from the picture on disk; probabilities and ranges, symmetric about none."""

    turn_deg: float = 12.0
    zoom: float = 0.15
    shift: float = 0.10
    """Share of the side."""
    shear: float = 0.06
    contrast: float = 0.3
    brightness: float = 30.0
    """Grey levels."""
    blurred: float = 0.12
    noisy: float = 0.12
    covered: float = 0.25
    mixed: float = 0.15
    """Share of the batches in which faces are blended two by two (mixup, Zhang et al. 2018)."""
    mixing: float = 0.2
    """alpha of mixup's Beta distribution."""


GENTLE = Roughness(turn_deg=8, zoom=0.1, shift=0.06, shear=0.03, contrast=0.2, brightness=20, covered=0.1, mixed=0.0)
"""For the last epochs, so that the network ends on faces like those it will see."""


def batch(
    images: Pixels, targets: Floats, rng: np.random.Generator, side: int, rough: Roughness
) -> tuple[Floats, Floats]:
    """Faces (n, 48, 48) and soft targets (n, 7) as a training batch: inputs (n, side, side, 1) and targets (n, 7)."""
    roughened = np.stack([_roughened(image, rng, side, rough) for image in images])
    inputs = ((roughened - np.float32(OFFSET)) / np.float32(DIVISOR)).astype(np.float32)
    if rng.random() < rough.mixed:
        share = np.float32(rng.beta(rough.mixing, rough.mixing))
        other = rng.permutation(len(images))
        inputs = (share * inputs + (1 - share) * inputs[other]).astype(np.float32)
        targets = (share * targets + (1 - share) * targets[other]).astype(np.float32)
    return inputs[..., np.newaxis], targets


def scaled(images: Pixels) -> Floats:
    """Faces (n, h, w) as they are, as a network's input (n, h, w, 1)."""
    return ((images.astype(np.float32) - np.float32(OFFSET)) / np.float32(DIVISOR))[..., np.newaxis]


def _roughened(image: Pixels, rng: np.random.Generator, side: int, rough: Roughness) -> Floats:
    """One face, float grey levels 0 to 255, (side, side)."""
    place = _placement(image.shape[0], side, rng, rough)
    moved = np.asarray(cv2.warpAffine(image, place, (side, side), borderMode=cv2.BORDER_REPLICATE))
    face: Floats = moved.astype(np.float32)
    if rng.random() < rough.blurred:
        face = cast(Floats, cv2.GaussianBlur(face, (0, 0), float(rng.uniform(0.4, 1.2))))
    mean = np.float32(face.mean())
    gain = 1 + rng.uniform(-rough.contrast, rough.contrast)
    face = (face - mean) * np.float32(gain) + mean + np.float32(rng.uniform(-rough.brightness, rough.brightness))
    if rng.random() < rough.noisy:
        face += rng.normal(0, rng.uniform(2, 10), face.shape).astype(np.float32)
    if rng.random() < rough.covered:
        _cover(face, rng)
    return np.clip(face, 0, 255).astype(np.float32)


def _placement(height: int, side: int, rng: np.random.Generator, rough: Roughness) -> Floats:
    """Affine map (2, 3) from the picture to the training picture: mirror, turn, zoom, shear, shift about the middle."""
    angle = np.deg2rad(rng.uniform(-rough.turn_deg, rough.turn_deg))
    scale = side / height * np.exp(rng.uniform(-rough.zoom, rough.zoom))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    shear = rng.uniform(-rough.shear, rough.shear)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.array([[mirror, shear], [0.0, 1.0]])
    middle = np.full(2, (height - 1) / 2)
    target = (side - 1) / 2 + rng.uniform(-rough.shift, rough.shift, 2) * side
    return np.column_stack([linear, target - linear @ middle]).astype(np.float32)


def _cover(face: Floats, rng: np.random.Generator) -> None:
    """A grey patch over part of the face, in place: hair, a hand, a mask (cutout, DeVries and Taylor 2017)."""
    side: int = face.shape[0]
    height, width = int(rng.integers(side // 6, side // 3 + 1)), int(rng.integers(side // 6, side // 3 + 1))
    top, left = int(rng.integers(0, side - height + 1)), int(rng.integers(0, side - width + 1))
    face[top : top + height, left : left + width] = rng.uniform(0, 255)

"""Boxes: rows of x0, y0, x1, y1 in pixels, squared, thinned out, compared, cut from a picture."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.flow import Floats, Image


def square(boxes: Floats) -> Floats:
    """Each box widened to a square around its own centre; (n, 4) or (4,)."""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    half = (boxes[..., 2:] - boxes[..., :2]).max(axis=-1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def suppress(boxes: Floats, scores: Floats, most: float, *, of_smaller: bool = False) -> npt.NDArray[np.intp]:
    """Non-maximum suppression: the indices of the boxes that stay, surest first.

    A box leaves when it shares more than ``most`` with a surer one: intersection over union, or over the smaller of
    the two areas when ``of_smaller``.
    """
    if len(boxes) < 2:
        return np.arange(len(boxes))
    if not of_smaller:
        corners = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        return np.asarray(cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), 0.0, most), np.intp)
    order = np.argsort(-scores, kind="stable")
    shared = _shares_of_smaller(boxes[order]) > most
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~shared[i, i + 1 :]
    return order[alive]


def overlap(one: Floats, other: Floats) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    a, b, c, d = one.tolist()
    e, f, g, h = other.tolist()
    shared = max(min(c, g) - max(a, e), 0.0) * max(min(d, h) - max(b, f), 0.0)
    return shared / ((c - a) * (d - b) + (g - e) * (h - f) - shared) if shared else 0.0


def cut(canvas: Image, box: Floats, side: int) -> tuple[Floats, Floats]:
    """The box's pixels as (1, side, side, 3) floats, grey where it leaves the canvas, and the whole-pixel box cut."""
    height, width = canvas.shape[:2]
    x0, y0 = (round(float(v)) for v in box[:2])
    x1, y1 = max(x0 + 1, round(float(box[2]))), max(y0 + 1, round(float(box[3])))
    patch = canvas[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    margins = max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0)
    if patch.size == 0:
        patch = np.full((1, 1, 3), 127, np.uint8)
    elif any(margins):
        patch = cv2.copyMakeBorder(patch, *margins, cv2.BORDER_CONSTANT, value=(127, 127, 127))
    shrunk = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    return shrunk.astype(np.float32)[np.newaxis], np.array([x0, y0, x1, y1], np.float32)


def _shares_of_smaller(boxes: Floats) -> Floats:
    """How much of the smaller one each of n boxes shares with each other, (n, n), 0 to 1."""
    low = np.maximum(boxes[:, np.newaxis, :2], boxes[np.newaxis, :, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], boxes[np.newaxis, :, 2:])
    sides: Floats = np.maximum(high - low, 0)
    own: Floats = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6)
    areas: Floats = own[:, 0] * own[:, 1]
    smaller: Floats = np.minimum(areas[:, np.newaxis], areas[np.newaxis])
    share: Floats = sides[..., 0] * sides[..., 1] / smaller
    return share

"""Every face in a picture: MTCNN's cascade of three networks, in NumPy.

Zhang, Zhang, Li and Qiao, IEEE Signal Processing Letters 23(10), 2016, section II-A: P-Net proposes on a pyramid,
R-Net refines, O-Net decides and places five landmarks. Boxes are rows of x0, y0, x1, y1 in pixels.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from edge.flow import Floats, Image
from edge.sensing.face_boxes import cut, square, suppress

Network = Callable[[Floats], tuple[Floats, ...]]
"""Runs one network: input as the contract shapes it, outputs in the contract's order."""

_CELL = 12
_STRIDE = 2
_RNET_SIDE = 24
_ONET_SIDE = 48
_MIRRORED = [1, 0, 2, 4, 3]
"""Which landmark of a mirrored face is which: eyes and mouth corners change places."""


@dataclass(frozen=True, slots=True)
class DetectorPlan:
    """The detector's piece of the contract: how big, how sure, how many."""

    canvas: tuple[int, int]
    """Width and height that every frame is fitted into, in pixels."""
    sheet: tuple[int, int]
    """Width and height of P-Net's input, which carries every level of the pyramid."""
    levels: tuple[tuple[int, int, int, int], ...]
    """x, y, width, height of each level on the sheet, largest first."""
    pnet: float
    rnet: float
    onet: float
    track: float
    """Least face probability: per stage, and for a face that is followed."""
    most_pnet: int
    most_rnet: int
    """How many boxes a stage may hand on."""

    @classmethod
    def read(cls, piece: Mapping[str, object]) -> "DetectorPlan":
        """From the contract's JSON; raise ValueError, with what is missing, if it is no MTCNN piece."""
        try:
            if piece["kind"] != "mtcnn":
                raise ValueError(f"detector kind {piece['kind']!r} is unknown; this edge runs 'mtcnn'")
            thresholds = cast(Mapping[str, float], piece["thresholds"])
            most = cast(Mapping[str, int], piece["most"])
            canvas, sheet = cast(list[int], piece["canvas"]), cast(list[int], piece["sheet"])
            levels = cast(list[list[int]], piece["levels"])
            return cls(
                canvas=(int(canvas[0]), int(canvas[1])),
                sheet=(int(sheet[0]), int(sheet[1])),
                levels=tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in levels),
                pnet=float(thresholds["pnet"]),
                rnet=float(thresholds["rnet"]),
                onet=float(thresholds["onet"]),
                track=float(thresholds["track"]),
                most_pnet=int(most["pnet"]),
                most_rnet=int(most["rnet"]),
            )
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"the detector's contract lacks or misshapes {error}; build the bundle anew") from error


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The three networks, loaded elsewhere; each takes float32 BGR pixels, 0 to 255, and gives one joined output."""

    pnet: Network
    """(1, sheet height, sheet width, 3) -> (1, h, w, 5): probability, box offsets"""
    rnet: Network
    """(1, 24, 24, 3) -> (1, 5)"""
    onet: Network
    """(1, 48, 48, 3) -> (1, 15): probability, box offsets, five x, five y"""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face, in pixels of the canvas."""

    box: Floats
    """(4,): x0, y0, x1, y1"""
    landmarks: Floats
    """(5, 2): eyes (left in the picture first), nose, mouth corners"""
    score: float


def detect(canvas: Image, plan: DetectorPlan, networks: Networks) -> list[Face]:
    """Every face on a prepared BGR canvas, surest first.

    A face counts only if O-Net also sees it in the mirrored patch: that costs one more patch for each face found, and
    most of what is no face does not survive it.
    """
    boxes = _propose(canvas, plan, networks.pnet)
    boxes = _refine(canvas, boxes, plan, networks.rnet)
    faces = [face for box in boxes if (face := examine(canvas, box, plan.onet, networks.onet)) is not None]
    if not faces:
        return []
    kept = suppress(
        np.stack([face.box for face in faces]),
        np.array([face.score for face in faces], np.float32),
        0.4,
        of_smaller=True,
    )
    return [faces[i] for i in kept]


def examine(canvas: Image, box: Floats, least: float, onet: Network) -> Face | None:
    """Ask O-Net about one square box, as it is and mirrored; None if the mean of both answers falls below ``least``.

    The landmarks are the mean of both answers too, which calms them.
    """
    patch, ground = cut(canvas, box, _ONET_SIDE)
    straight = onet(patch)[0][0]
    if straight[0] < 2 * least - 1:  # not even a sure mirrored face could lift the mean
        return None
    mirrored = onet(np.ascontiguousarray(patch[:, :, ::-1]))[0][0]
    score = float(straight[0] + mirrored[0]) / 2
    if score < least:
        return None
    size = ground[2:] - ground[:2]
    offsets = (straight[1:5] + np.array([-1, 1, -1, 1], np.float32) * mirrored[[3, 2, 1, 4]]) / 2
    points = straight[5:].reshape(2, 5).T
    other = mirrored[5:].reshape(2, 5).T[_MIRRORED] * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
    landmarks = ground[:2] + (points + other) / 2 * size
    face = Face(ground + offsets * np.tile(size, 2), landmarks, score)
    return face if _like_a_face(face) else None


def _propose(canvas: Image, plan: DetectorPlan, pnet: Network) -> Floats:
    """P-Net over the whole pyramid in one call: square boxes, (n, 4), at most ``plan.most_pnet``."""
    width, height = plan.sheet
    sheet = np.full((height, width, 3), 127, np.uint8)
    level = canvas
    for x, y, w, h in plan.levels:
        if level.shape[1] >= 2 * w:  # by two is four times as fast as by three and a third, and what is left is small
            level = cv2.resize(level, (level.shape[1] // 2, level.shape[0] // 2), interpolation=cv2.INTER_AREA)
        level = cv2.resize(level, (w, h), interpolation=cv2.INTER_AREA)
        sheet[y : y + h, x : x + w] = level
    heads = pnet(sheet.astype(np.float32)[np.newaxis])[0][0]
    found: list[Floats] = []
    for x, y, w, h in plan.levels:
        # the cells whose 12 x 12 pixels lie wholly on this level
        rows = slice(y // _STRIDE, y // _STRIDE + (h - _CELL) // _STRIDE + 1)
        columns = slice(x // _STRIDE, x // _STRIDE + (w - _CELL) // _STRIDE + 1)
        found.append(_cells(heads[rows, columns], plan.canvas[0] / w, plan.canvas[1] / h, plan.pnet))
    proposals = np.concatenate(found)
    kept = suppress(proposals[:, 1:], proposals[:, 0], 0.7)[: plan.most_pnet]
    return square(proposals[kept, 1:])


def _cells(heads: Floats, across: float, down: float, least: float) -> Floats:
    """One level's cells above ``least`` as rows of score, x0, y0, x1, y1 on the canvas, thinned out."""
    i, j = np.nonzero(heads[..., 0] > least)
    if not len(i):  # as on most levels of most frames
        return np.empty((0, 5), np.float32)
    chosen = heads[i, j]
    corner = np.stack([j, i, j, i], axis=1).astype(np.float32) * _STRIDE
    corner += np.array([0, 0, _CELL, _CELL], np.float32)
    boxes = (corner + chosen[:, 1:] * _CELL) * np.array([across, down, across, down], np.float32)
    kept = suppress(boxes, chosen[:, 0], 0.5)
    return np.concatenate([chosen[kept, :1], boxes[kept]], axis=1)


def _refine(canvas: Image, boxes: Floats, plan: DetectorPlan, rnet: Network) -> Floats:
    """R-Net on each box: square boxes, (n, 4), at most ``plan.most_rnet``, surest first."""
    scores: list[float] = []
    refined: list[Floats] = []
    for box in boxes:
        patch, ground = cut(canvas, box, _RNET_SIDE)
        heads = rnet(patch)[0][0]
        if heads[0] >= plan.rnet:
            scores.append(float(heads[0]))
            refined.append(ground + heads[1:] * np.tile(ground[2:] - ground[:2], 2))
    if not refined:
        return np.empty((0, 4), np.float32)
    found = np.stack(refined)
    kept = suppress(found, np.array(scores, np.float32), 0.7)[: plan.most_rnet]
    return square(found[kept])


def _like_a_face(face: Face) -> bool:
    """Whether the landmarks stand as a face's do: two eyes apart, nose and mouth below them, all inside the box."""
    left, top, right, bottom = face.box.tolist()
    points = face.landmarks.tolist()
    (ax, ay), (bx, by), _, (cx, cy), (dx, dy) = points
    across, down = (bx - ax, by - ay), ((cx + dx - ax - bx) / 2, (cy + dy - ay - by) / 2)
    wide, high = right - left, bottom - top
    apart = math.hypot(*across)
    beside, above = 0.15 * wide, 0.15 * high
    inside = all(left - beside <= x <= right + beside and top - above <= y <= bottom + above for x, y in points)
    upright = across[0] * down[1] - across[1] * down[0]  # positive when the mouth lies on the eyes' lower side
    return inside and min(wide, high) > 0 and apart > 0.15 * min(wide, high) and upright > 0.25 * apart * apart

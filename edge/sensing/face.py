"""Frame in, aligned face out: detected every few frames, followed in between, dropped as soon as it is gone."""

from dataclasses import dataclass

import numpy as np

from edge.clock import SECOND
from edge.flow import Crop, Floats, Frame
from edge.sensing.face_align import align
from edge.sensing.face_boxes import overlap, square
from edge.sensing.face_canvas import Canvas, Stretch, fit, fit_part
from edge.sensing.face_cascade import DetectorPlan, Face, Networks, detect, examine

_STALE_NS = SECOND // 2
"""After a longer silence of the camera, nothing is followed: the person may be another one."""
_SAME_FACE = 0.3
"""Least intersection over union of a face detected anew with the one that was followed."""
_MUCH_LARGER = 2.0
"""A face this many times larger than the one that was followed takes over."""


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """The face that is being followed."""

    box: Floats
    """(4,) in pixels of the canvas"""
    stretch: Stretch
    """The contrast under which it was detected."""


class FaceFinder:
    """Finds one face, the largest or the one already followed, and cuts it out. Not for use by two threads at once."""

    def __init__(self, networks: Networks, plan: DetectorPlan, every: int = 5) -> None:
        """``every``: frames from one full detection to the next; between them O-Net alone follows the face."""
        if every < 1:
            raise ValueError(f"detect every {every} frames is impossible; 1 detects on each frame, 5 is the default")
        self._networks = networks
        self._plan = plan
        self._every = every
        self.forget()

    def forget(self) -> None:
        """Follow nothing; the next frame is searched whole."""
        self._track: _Track | None = None
        self._rest = 0  # frames until the next detection
        self._empty = 0  # detections in a row that found nothing
        self._last_ns: int | None = None

    def find(self, frame: Frame) -> Crop | None:
        """The face in a frame, ready for a face model, or None if there is none.

        A face that is followed must be seen by O-Net in every frame; in the frame where it is not, the whole frame is
        searched at once. While nothing is found, the search slows down to one frame in ``every``.
        """
        if self._last_ns is not None and frame.grabbed - self._last_ns > _STALE_NS:
            self.forget()
        self._last_ns = frame.grabbed
        self._rest -= 1
        if self._track is not None and self._rest > 0:
            crop = self._follow(frame, self._track)
            if crop is not None:
                return crop
            self._rest = 0
        if self._rest > 0:
            return None
        return self._detect(frame)

    def _follow(self, frame: Frame, track: _Track) -> Crop | None:
        """The followed face, looked for by O-Net where it was; None when it is not there."""
        box = square(track.box)
        canvas = fit_part(frame.image, self._plan.canvas, track.stretch, box)
        if canvas is None:
            return None
        corner = np.tile(canvas.origin, 2)
        found = examine(canvas.image, box - corner, self._plan.track, self._networks.onet)
        if found is None:
            return None
        face = Face(found.box + corner, found.landmarks + canvas.origin, found.score)
        if overlap(face.box, track.box) <= _SAME_FACE:
            return None
        self._track = _Track(face.box, track.stretch)
        return _crop(frame, canvas, face, tracked=True)

    def _detect(self, frame: Frame) -> Crop | None:
        canvas, stretch = fit(frame.image, self._plan.canvas, None)
        face = self._choose(detect(canvas.image, self._plan, self._networks))
        if face is None:
            self._track = None
            self._empty += 1
            self._rest = min(self._empty, self._every)
            return None
        self._track = _Track(face.box, stretch)
        self._empty = 0
        self._rest = self._every
        return _crop(frame, canvas, face, tracked=False)

    def _choose(self, faces: list[Face]) -> Face | None:
        """The largest face, unless the one followed is still there and not much smaller."""
        if not faces:
            return None
        largest = max(faces, key=_area)
        if self._track is None:
            return largest
        track = self._track.box
        same = max(faces, key=lambda face: overlap(face.box, track))
        if overlap(same.box, track) > _SAME_FACE and _area(same) * _MUCH_LARGER >= _area(largest):
            return same
        return largest


def _crop(frame: Frame, canvas: Canvas, face: Face, *, tracked: bool) -> Crop:
    box = canvas.to_frame(face.box)
    # landmarks count from the corner of the first pixel, pictures from its centre
    landmarks = canvas.to_frame(face.landmarks)
    x, y, right, bottom = (float(v) for v in box)
    return Crop(
        image=align(frame.image, landmarks - np.float32(0.5)),
        box=(x, y, right - x, bottom - y),
        landmarks=landmarks,
        score=face.score,
        tracked=tracked,
        grabbed=frame.grabbed,
    )


def _area(face: Face) -> float:
    return float(np.prod(face.box[2:] - face.box[:2]))

"""What each sensor said last, for as long as it may speak for now."""

import math
from collections import deque

import numpy as np

from edge.bundle_contract import Models
from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Modality
from edge.inference.classifier import FaceEstimate, WristEstimate
from edge.inference.lead import LeadEstimate
from edge.sight import lacking
from edge.signals.body import Reading
from edge.signals.wear import Wear

FRESH_STEPS = 3
"""An estimate of the body older than so many steps of its model speaks no more."""
HEART_RATE_S = 15.0
"""A heart rate that the sensor itself told stands for so long; they come about once a second."""
_MOST_FACES = 8


class Present:
    """The newest estimates of one person."""

    def __init__(self, face_fresh_s: float) -> None:
        self._face_fresh = nanoseconds(face_fresh_s)
        self._faces: deque[FaceEstimate] = deque(maxlen=_MOST_FACES)
        self._wrist: WristEstimate | None = None
        self._leads: dict[Modality, LeadEstimate] = {}
        self._reading: Reading | None = None

    def take_wrist(self, estimate: WristEstimate) -> None:
        self._wrist = estimate

    def take_face(self, estimate: FaceEstimate) -> None:
        self._faces.append(estimate)

    def take_lead(self, estimate: LeadEstimate) -> None:
        self._leads[estimate.modality] = estimate

    def take_reading(self, reading: Reading) -> None:
        self._reading = reading

    def forget_body(self) -> None:
        """The watch is silent, or another one: its last values must not stand for now."""
        self._wrist = self._reading = None
        self._leads.clear()

    def wrist(self, models: Models, now: StreamNs) -> WristEstimate | None:
        """The wrist's newest, None when it is stale."""
        model, newest = models.wrist, self._wrist
        fresh = newest is not None and model is not None and _fresh(newest.end, model.step_s, now)
        return newest if fresh else None

    def leads(self, models: Models, now: StreamNs) -> tuple[LeadEstimate, ...]:
        """Those of the electrodes that are not stale."""
        known = {Modality.ECG: models.ecg, Modality.EEG: models.eeg}
        return tuple(
            newest
            for modality, newest in self._leads.items()
            if (model := known.get(modality)) is not None and _fresh(newest.end, model.step_s, now)
        )

    def heart_rate(self, models: Models, told: tuple[float, StreamNs] | None, now: StreamNs) -> float | None:
        """Beats per minute in the newest window; where that has none, what the sensor itself ``told`` last, and when.

        None when both are stale, or the watch is off the wrist.
        """
        model, newest = models.wrist, self._reading
        if newest is not None and model is not None and _fresh(newest.raw.end, model.step_s, now):
            rate = float(newest.raw.values[newest.raw.names.index("heart_rate")])
            if newest.wear is Wear.OFF:
                return None
            if math.isfinite(rate):
                return rate
        return told[0] if told is not None and now - told[1] <= nanoseconds(HEART_RATE_S) else None

    def face(self, models: Models, now: HostNs) -> FaceEstimate | None:
        """The mean of the faces seen within the last seconds: one odd frame is no mood.

        None, too, where a bundle is back that cannot judge by them.
        """
        while self._faces and self._faces[0].grabbed < now - self._face_fresh:
            self._faces.popleft()
        if not self._faces or lacking(models):
            return None
        newest = self._faces[-1]
        emotion = np.stack([face.emotion for face in self._faces]).mean(axis=0, dtype=np.float32)
        return FaceEstimate(emotion, newest.logits, newest.grabbed)


def _fresh(end: StreamNs, step_s: float, now: StreamNs) -> bool:
    return now - end <= nanoseconds(FRESH_STEPS * step_s)

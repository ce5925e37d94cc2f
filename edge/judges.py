"""The classifier in use: a new bundle's is tried first, and the one before comes back when it fails."""

import logging
import math
from collections.abc import Callable

import msgspec
import numpy as np

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import WristModel
from edge.clock import HostNs, StreamNs
from edge.flow import Crop, Features, Modality, Prediction
from edge.inference.classifier import Classifier
from edge.inference.glances import FACE_MS, FACE_SIDE
from edge.lead_streams import streams
from edge.pace import Pace
from edge.sight import lacking
from edge.signals.body import Body
from edge.signals.normalise import Usual

log = logging.getLogger("vagus")

TRIAL = 5
"""Predictions that a new bundle must make before the one before is let go."""


class Judges:
    """What lanes ask for the classifier at every window and frame, so that it may change between two of them."""

    def __init__(self, bundle: Bundle, threads: int, face_ms: float = FACE_MS) -> None:
        """Raise BundleError when the bundle's networks do not load, or one of ECG or EEG does not fit its contract."""
        self.current = _loaded(bundle, threads, face_ms)
        self.accepted: Callable[[Bundle], None] | None = None
        """Hears of a new bundle that has passed its trial."""
        self.rolled_back = 0
        self._nonsense = False
        """The last prediction was none, and the log has said so."""
        self._threads, self._face_ms = threads, face_ms
        self._before: Classifier | None = None
        self._good = 0

    @property
    def bundle(self) -> Bundle:
        return self.current.bundle

    def renew(self, modality: Modality) -> None:
        """Load one modality's network anew: the old one belongs to a thread that never came back."""
        self.current = self.current.anew(modality)

    def prove(self, bundle: Bundle) -> Classifier:
        """Load a bundle's networks and let them speak once; BundleError when they cannot take over. Takes a while."""
        made = _loaded(bundle, self._threads, self._face_ms)
        if missing := self.current.modalities - made.modalities:
            names = " and ".join(sorted(modality.value for modality in missing))
            lacks = f" (it has no {' and no '.join(parts)})" if (parts := lacking(bundle.contract.models)) else ""
            raise BundleError(
                f"{bundle.path} cannot judge by {names}, and the bundle in use can{lacks}; restart to change that"
            )
        try:
            Pace(bundle)
            if (wrist := bundle.contract.models.wrist) is not None:
                Body(usual(wrist), wrist.window_s, wrist.step_s)
            if Modality.FACE in made.modalities:
                made.detector_networks()
            prediction = _first_words(made)
        except BundleError:
            raise
        except (ValueError, KeyError) as error:
            raise BundleError(f"{bundle.path} does not run: {_why(error)}; export the bundle again") from error
        if prediction is not None and not sane(prediction):
            raise BundleError(f"{bundle.path} says {prediction.stress} for a stress; export the bundle again")
        return made

    def adopt(self, classifier: Classifier) -> None:
        """Ask this one from now on, on trial."""
        self._before = self._before or self.current
        self.current, self._good = classifier, 0

    def said(self, prediction: Prediction) -> bool:
        """Take note of a prediction; False when it is nonsense, which nothing may be decided from.

        The bundle before is then back; where there is none, the wrist begins anew, for its state may be what is spoilt.
        """
        if not sane(prediction):
            if not self.failed(why := f"it says {prediction.stress} for a stress", self.current) and not self._nonsense:
                log.error("bundle %s: %s, which is left out", self.bundle.label, why)
            self._nonsense = True
            if prediction.wrist is not None and not math.isfinite(prediction.wrist):
                self.current.reset()
            return False
        self._nonsense = False
        if self._before is not None:
            self._good += 1
            if self._good >= TRIAL:
                self._before = None
                log.warning("bundle %s is in use", self.bundle.label)
                if self.accepted is not None:
                    self.accepted(self.bundle)
        return True

    def failed(self, why: str, asked: Classifier) -> bool:
        """Whether the bundle that was asked is out of use now: one on trial is left, and the one before is back.

        Several threads may be asking it, so that one fails after another has put it out of use.
        """
        if asked.bundle is not self.current.bundle:
            return True
        if self._before is None:
            return False
        log.error("bundle %s fails (%s): %s is back in use", self.bundle.label, why, self._before.bundle.label)
        self.current, self._before = self._before, None
        self.current.reset()
        self.rolled_back += 1
        return True


def usual(wrist: WristModel) -> Usual:
    """The wrist model's normaliser, as its contract fixes it."""
    return msgspec.convert({"names": wrist.features, **wrist.normalise}, Usual)


def sane(prediction: Prediction) -> bool:
    """Whether every probability is one."""
    said = [prediction.stress, *(prediction.emotion or {}).values()]
    said += [p for p in (prediction.wrist, prediction.face, prediction.ecg, prediction.eeg) if p is not None]
    return all(math.isfinite(p) and 0 <= p <= 1 for p in said)


def _loaded(bundle: Bundle, threads: int, face_ms: float) -> Classifier:
    """A bundle's networks; those of electrodes have spoken, whose first window is a minute and a person away."""
    try:
        made = Classifier(bundle, threads, face_ms)
        streams(made.leads)
        for modality, model in made.leads.items():
            made.lead(modality, np.zeros(model.eats, np.float32), StreamNs(0), HostNs(0))
    except BundleError:
        raise
    except (ValueError, KeyError) as error:
        raise BundleError(f"{bundle.path} does not run: {_why(error)}; export the bundle again") from error
    return made


def _why(error: ValueError | KeyError) -> str:
    return f"no network has {error}" if isinstance(error, KeyError) else str(error)


def _first_words(classifier: Classifier) -> Prediction | None:
    """A prediction on nothing in particular, by the networks of wrist and face; None where there are none of them."""
    models = classifier.bundle.contract.models
    face = wrist = None
    if Modality.FACE in classifier.modalities:
        grey, marks = np.zeros((FACE_SIDE, FACE_SIDE), np.uint8), np.zeros((5, 2), np.float32)
        face = classifier.face(Crop(grey, (0, 0, FACE_SIDE, FACE_SIDE), marks, 1.0, False, HostNs(0)))
    if models.wrist is not None:
        usual = np.zeros(len(models.wrist.features), np.float32)
        wrist = classifier.wrist(Features(StreamNs(0), models.wrist.features, usual, 1.0, HostNs(0)))
        classifier.reset()
    return None if face is None and wrist is None else classifier.fuse(StreamNs(0), wrist, face, lambda: HostNs(0))

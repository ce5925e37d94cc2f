"""The classifier: a face crop, a window's features, rows of ECG or EEG, any of them become a prediction."""

import copy
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import FaceModel, LeadModel, WristModel
from edge.clock import SECOND, HostNs, StreamNs, SystemClock
from edge.flow import Crop, Features, Floats, Modality, Prediction
from edge.inference.arrays import Carried, logistic, ordered, scaled_face, softmax, standardised
from edge.inference.glances import FACE_MS, FACE_SIDE, affordable, glances
from edge.inference.lead import Lead, LeadEstimate
from edge.inference.pool import pooled
from edge.inference.runtime import Network
from edge.sight import lacking

FRAME_NS = SECOND // 30
"""How far the time of a face may be off: a picture is taken within a frame of a usual camera before it is grabbed."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceEstimate:
    """What one face says."""

    emotion: Floats
    """(7,) calibrated probabilities, in the order of EMOTIONS: by the votes head where the network has one"""
    logits: Floats
    """(7,) of the head that learned the contest's labels"""
    grabbed: HostNs


@dataclass(frozen=True, slots=True, eq=False)
class WristEstimate:
    """What the body says, with all that its recurrent state remembers."""

    stress: float
    """Calibrated probability of stress, 0 to 1."""
    logit: float
    end: StreamNs
    received: HostNs
    features: Mapping[str, float]
    """The normalised features behind it."""
    uncertainty_ns: int = 0
    """Of the times of what it heard."""


class Classifier:
    """A bundle's networks, loaded. Not for two threads at once; the wrist's state is carried from call to call."""

    def __init__(self, bundle: Bundle, threads: int = 1, face_ms: float = FACE_MS) -> None:
        """Load every network; raise BundleError when the bundle holds none that judges a person.

        ``face_ms`` is what the looks at one face may take, where the face network may look several times.
        """
        models = bundle.contract.models
        if models.face is None and models.wrist is None and models.ecg is None and models.eeg is None:
            raise BundleError(f"{bundle.path} holds neither a face nor a wrist model; install a bundle that does")
        self.bundle = bundle
        self._threads, self._face_ms = threads, face_ms
        self._face = None if models.face is None else self._eye(models.face)
        # Recurrent networks are so small that a second thread costs more than it brings.
        self._wrist = None if models.wrist is None else _Wrist(models.wrist, bundle.network("wrist"))
        headed = models.fusion is not None and models.fusion.kind == "head"
        self._fusion = bundle.network("fusion") if headed else None
        leads = {Modality.ECG: models.ecg, Modality.EEG: models.eeg}
        self._leads = {m: Lead(model, bundle.network(m.value)) for m, model in leads.items() if model is not None}

    def anew(self, modality: Modality) -> "Classifier":
        """The same with one modality's network loaded anew, for when a thread is stuck in the one it has."""
        other, models = copy.copy(self), self.bundle.contract.models
        if modality is Modality.FACE and models.face is not None:
            other._face = self._eye(models.face)
        if modality is Modality.WRIST and models.wrist is not None:
            other._wrist = _Wrist(models.wrist, self.bundle.network("wrist"))
        if modality in self._leads:
            lead = Lead(self._leads[modality].model, self.bundle.network(modality.value))
            other._leads = {**self._leads, modality: lead}
        return other

    @property
    def modalities(self) -> frozenset[Modality]:
        """What this bundle can judge by; a face only where it has all that takes."""
        known = {Modality.FACE: not lacking(self.bundle.contract.models), Modality.WRIST: self._wrist is not None}
        return frozenset(modality for modality, there in known.items() if there) | self._leads.keys()

    @property
    def leads(self) -> Mapping[Modality, LeadModel]:
        """The models of ECG and EEG that this bundle has."""
        return {modality: lead.model for modality, lead in self._leads.items()}

    @property
    def glances(self) -> int:
        """How often the face network is asked about one face."""
        return 0 if self._face is None else self._face.count

    def face(self, crop: Crop) -> FaceEstimate:
        """Judge one face; raise BundleError when the bundle has no face model."""
        if self._face is None:
            raise BundleError(f"{self.bundle.path} has no face model; switch the camera off or install one that has")
        return self._face.judge(crop)

    def wrist(self, features: Features) -> WristEstimate | None:
        """Take one window's normalised features, in order of time; None when too few of them are known.

        A gap, or as many refused windows in a row as fill a sequence, starts the recurrent state anew.
        """
        if self._wrist is None:
            raise BundleError(f"{self.bundle.path} has no wrist model; switch the watch off or install one that has")
        return self._wrist.step(features)

    def lead(
        self, modality: Modality, values: Floats, end: StreamNs, received: HostNs, uncertainty_ns: int = 0
    ) -> LeadEstimate:
        """Judge one window of ECG or EEG; raise BundleError when the bundle has no model for it."""
        if modality not in self._leads:
            raise BundleError(f"{self.bundle.path} has no {modality.value} model; install one that has")
        return self._leads[modality].judge(values, end, received, uncertainty_ns)

    def fuse(
        self,
        at: StreamNs,
        wrist: WristEstimate | None,
        face: FaceEstimate | None,
        now: Callable[[], HostNs],
        leads: Sequence[LeadEstimate] = (),
    ) -> Prediction:
        """One prediction from what is present; ``now`` stamps the moment of the answer.

        The wrist alone speaks for itself; wherever there is a face, the fusion head speaks; ``leads`` are pooled with
        that. Raises ValueError when nothing is present, BundleError when there is a face but no head.
        """
        by_face = None if face is None else self._stress(None, face)
        stress = by_face if wrist is None else wrist.stress if face is None else self._stress(wrist, face)
        stress = pooled(stress, leads)
        used = {Modality.WRIST: wrist, Modality.FACE: face, **{lead.modality: lead for lead in leads}}
        labels = self._face.model.labels if self._face is not None else ()
        by_lead = {lead.modality: lead.stress for lead in leads}
        receipts = [lead.received for lead in leads]
        receipts += [] if wrist is None else [wrist.received]
        heard = leads if wrist is None else [*leads, wrist]
        return Prediction(
            at=at,
            modalities=frozenset(modality for modality, estimate in used.items() if estimate is not None),
            stress=stress,
            emotion=None if face is None else _named(labels, face.emotion),
            wrist=None if wrist is None else wrist.stress,
            face=by_face,
            received=max(receipts if face is None else [*receipts, face.grabbed]),
            inferred=now(),
            features={} if wrist is None else wrist.features,
            ecg=by_lead.get(Modality.ECG),
            eeg=by_lead.get(Modality.EEG),
            uncertainty_ns=max((0 if face is None else FRAME_NS, *(each.uncertainty_ns for each in heard))),
        )

    def reset(self) -> None:
        """Forget the wrist's past, as for another person."""
        if self._wrist is not None:
            self._wrist.reset()

    def detector_networks(self) -> Mapping[str, Callable[[Floats], tuple[Floats, ...]]]:
        """The face detector's networks as plain functions, by name, for edge/sensing/face.FaceFinder.

        Each returns the network's outputs in the order of the contract; the arrays hold until its next call.
        """
        detector = self.bundle.contract.models.detector
        if detector is None:
            raise BundleError(f"{self.bundle.path} has no face detector; switch the camera off or install one that has")
        return {
            name: _function(self.bundle.network(f"detector/{name}", threads=self._threads))
            for name in detector.networks
        }

    def _eye(self, model: FaceModel) -> "_Face":
        return _Face(model, self.bundle.network("face", threads=self._threads), self._face_ms)

    def _stress(self, wrist: WristEstimate | None, face: FaceEstimate) -> float:
        """Stress by the fusion head, or by two experts."""
        model = self.bundle.contract.models.fusion
        if model is None:
            raise BundleError(
                f"{self.bundle.path} has no fusion head, so no face can speak of stress; install one that has"
            )
        emotion = face.emotion[np.newaxis]
        body = np.array([[0.0 if wrist is None else wrist.logit]], np.float32)
        present = np.array([[1.0, 0.0 if wrist is None else 1.0]], np.float32)
        if model.late is not None:
            said = model.late.logits(emotion, body, present)[0]
        elif self._fusion is not None:
            said = self._fusion.run({"face": emotion, "wrist": body, "present": present})["logits"][0, 0]
        else:
            raise BundleError(f"{self.bundle.path} has a fusion of no kind; export the bundle again")
        return logistic(float(said) / model.temperature + model.bias)


class _Face:
    def __init__(self, model: FaceModel, network: Network, budget_ms: float) -> None:
        self.model = model
        self._network = network
        self._quick = None if model.voted or model.glances else network.quick()
        self._side, self.count = FACE_SIDE, 1
        if model.glances:
            shape = network.inputs["face"].shape if "face" in network.inputs else ()
            if len(shape) != 4 or not 0 < shape[1] == shape[2] <= FACE_SIDE:
                raise BundleError(
                    f"{network.name}: looks at a face want an input face (1, side, side, 1) of at most {FACE_SIDE}, "
                    f"this has {shape}; export the bundle again"
                )
            self._side = shape[1]
            nothing = np.zeros(shape, np.float32)
            self.count = affordable(lambda: network.run({"face": nothing}), model.glances, budget_ms, SystemClock())

    def judge(self, crop: Crop) -> FaceEstimate:
        scaled = scaled_face(crop.image, self.model.offset, self.model.divisor)
        if self._quick is not None:
            logits = self._quick(scaled)[0].copy()
            return FaceEstimate(softmax(logits, self.model.temperature), logits, crop.grabbed)
        said = self._said(scaled)
        if not self.model.voted:
            return FaceEstimate(softmax(said["logits"], self.model.temperature), said["logits"], crop.grabbed)
        return FaceEstimate(softmax(said["votes"], self.model.votes_temperature), said["logits"], crop.grabbed)

    def _said(self, face: Floats) -> Mapping[str, Floats]:
        """Each head (7,), the mean of its looks."""
        if not self.model.glances:
            return {name: head[0] for name, head in self._network.run({"face": face}).items()}
        heads = {name: np.zeros(len(self.model.labels), np.float32) for name in self._network.outputs}
        for part in glances(face, self._side, self.count):
            for name, head in self._network.run({"face": part}).items():
                heads[name] += head[0]
        return {name: head / np.float32(self.count) for name, head in heads.items()}


class _Wrist:
    def __init__(self, model: WristModel, network: Network) -> None:
        self._model = model
        self._network = network
        self._mean = np.array(model.mean or [0.0] * len(model.features), np.float32)
        self._scale = np.array(model.scale or [1.0] * len(model.features), np.float32)
        self._carried = Carried(model.states, {name: port.shape for name, port in network.inputs.items()})
        self._past: deque[Floats] = deque(maxlen=model.steps)
        self._refused = 0

    def step(self, features: Features) -> WristEstimate | None:
        if features.gap or self._refused >= self._model.steps:
            self.reset()
        if features.quality < self._model.min_quality:
            self._refused += 1
            return None
        self._refused = 0
        values = ordered(features.names, features.values, self._model.features)
        logit = self._logit(self._row(values)) / self._model.temperature + self._model.bias
        named = {name: float(value) for name, value in zip(self._model.features, values, strict=True)}
        said = MappingProxyType(named)
        return WristEstimate(logistic(logit), logit, features.end, features.received, said, features.uncertainty_ns)

    def reset(self) -> None:
        self._carried.reset()
        self._past.clear()
        self._refused = 0

    def _row(self, values: Floats) -> Floats:
        row = standardised(values, self._mean, self._scale, self._model.clip)
        return np.concatenate([row, np.isfinite(values).astype(np.float32)]) if self._model.mask else row

    def _logit(self, row: Floats) -> float:
        """The logit of stress against all other labels after one more window."""
        if self._model.states:
            outputs = self._network.run({"features": row[np.newaxis], **self._carried.feeds()})
            self._carried.take(outputs)
        else:
            self._past.append(row)
            rows = [np.zeros_like(row)] * (self._model.steps - len(self._past)) + list(self._past)
            outputs = self._network.run({"features": np.stack(rows)[np.newaxis]})
        logits = outputs["logits"][0]
        if len(logits) == 1:
            return float(logits[0])
        stress = self._model.labels.index("stress")
        others = np.delete(logits, stress)
        return float(logits[stress] - np.logaddexp.reduce(others))


def _function(network: Network) -> Callable[[Floats], tuple[Floats, ...]]:
    if len(network.inputs) == 1 and len(network.outputs) == 1:
        quick = network.quick()
        return lambda values: (quick(values),)
    (name,) = network.inputs
    return lambda values: tuple(network.run({name: values}).values())


def _named(labels: tuple[str, ...], probabilities: Floats) -> Mapping[str, float]:
    return {label: float(p) for label, p in zip(labels, probabilities, strict=True)}

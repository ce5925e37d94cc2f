"""Wrists through a bundle's int8 network as the daemon would run it, and through its float twin for comparison."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import WristModel
from edge.flow import Features
from edge.inference.arrays import Carried, logistic, ordered, standardised
from edge.inference.classifier import Classifier
from edge.inference.decision import DecisionSettings
from edge.inference.runtime import Network
from edge.signals.features import FEATURE_VERSION
from edge.signals.normalise import Usual
from models.datasets import DatasetError, stress_predict, wesad
from models.datasets.recordings import Recording
from models.operating import alerts
from models.wrist_figures import figures, majority, pooled
from models.wrist_streams import Judge, Judged, Seen, judge, labelled_as, see


def score_stress_predict(bundle: Bundle, path: Path, split: str | None) -> dict[str, object]:
    """Figures on every labelled person of a Stress-Predict file: the tasks against all rest."""
    del split
    _model(bundle)
    return score(bundle, stress_predict.labelled(stress_predict.load(path)), path)


def score_wesad(bundle: Bundle, path: Path, split: str | None) -> dict[str, object]:
    """Figures on WESAD, stress against baseline; stress against baseline, amusement and meditation beside it."""
    del split
    model = _model(bundle)
    calm, every = wesad.load(path, wesad.Calm.BASELINE), wesad.load(path, wesad.Calm.ALL)
    people = [see(recording, model.window_s, model.step_s) for recording in calm]
    beside = [labelled_as(person, recording) for person, recording in zip(people, every, strict=True)]
    return _score(bundle, people, path) | {"stress_vs_all_calm": _score(bundle, beside, path)}


def score(bundle: Bundle, recordings: Sequence[Recording], path: Path) -> dict[str, object]:
    """Send each recording, as one stream, through the daemon's windows, features, normaliser and classifier.

    Raises BundleError when the bundle has no wrist model or was made for other features, DatasetError when no window
    has a label.
    """
    model = _model(bundle)
    return _score(bundle, [see(recording, model.window_s, model.step_s) for recording in recordings], path)


def _score(bundle: Bundle, people: Sequence[Seen], path: Path) -> dict[str, object]:
    model = _model(bundle)
    int8 = [_judged(person, model, deployed(Classifier(bundle))) for person in people]
    twin = [_judged(person, model, _twin(bundle, model)) for person in people]
    if not any(len(p.labels) for p in int8):
        raise DatasetError(f"no window in {path} has a label and a prediction, so nothing can be scored", path)
    chance, labels, _, _ = pooled(int8)
    float_chance = pooled(twin)[0]
    guesses, float_guesses = chance >= model.threshold, float_chance >= model.threshold
    return figures(int8, model.threshold) | {
        "float_agreement": float(np.equal(guesses, float_guesses).mean()),
        "float_accuracy": float(np.equal(float_guesses, labels == 1).mean()),
        "float_drift": float(np.abs(chance - float_chance).max()),
        "majority": majority(int8),
        "alerts": alerts(int8, DecisionSettings()),
        "file": model.network.file,
        "bytes": len(bundle.read(model.network.file)),
    }


def deployed(classifier: Classifier) -> Judge:
    """The daemon's own classifier as a judge; it carries the state and starts anew at a gap."""

    def say(features: Features) -> float | None:
        estimate = classifier.wrist(features)
        return None if estimate is None else estimate.stress

    return say


def _judged(person: Seen, model: WristModel, say: Judge) -> Judged:
    usual = msgspec.convert({"names": model.features, **model.normalise}, Usual)
    return judge(person, usual, model.min_quality, say)


def _twin(bundle: Bundle, model: WristModel) -> Judge:
    """The float twin as a judge."""
    if not model.states:
        raise BundleError(f"{bundle.path} has a wrist that sees whole sequences; give a bundle with a stepwise one")
    network: Network = bundle.network("wrist", twin=True)
    carried = Carried(model.states, {name: port.shape for name, port in network.inputs.items()})
    mean, scale = np.array(model.mean, np.float32), np.array(model.scale, np.float32)
    stress = model.labels.index("stress")

    def say(features: Features) -> float:
        if features.gap:
            carried.reset()
        row = standardised(ordered(features.names, features.values, model.features), mean, scale, model.clip)
        outputs = network.run({"features": row[np.newaxis], **carried.feeds()})
        carried.take(outputs)
        logits = outputs["logits"][0]
        logit = float(logits[0]) if len(logits) == 1 else float(logits[stress] - logits[1 - stress])
        return logistic(logit / model.temperature + model.bias)

    return say


def _model(bundle: Bundle) -> WristModel:
    model = bundle.contract.models.wrist
    if model is None:
        raise BundleError(f"{bundle.path} has no wrist model, so it cannot be scored on wrists; give one that has")
    if bundle.contract.feature_version != FEATURE_VERSION:
        raise BundleError(
            f"{bundle.path} was made for features of version {bundle.contract.feature_version}, these are of version "
            f"{FEATURE_VERSION}; train and export it again"
        )
    return model

"""Any subset of modalities becomes a prediction that says which it used."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import Models
from edge.clock import HostNs, StreamNs
from edge.flow import EMOTIONS, Crop, Features, Modality
from edge.inference.arrays import logistic, softmax
from edge.inference.classifier import FRAME_NS, Classifier
from edge.inference.lead import LeadEstimate
from tests.fakes.bundles import FEATURES, KEY, tiny_bundle, tiny_files


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.open(tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny").path, [KEY.public_key()])


def crop(grabbed: int = 10) -> Crop:
    image = np.random.default_rng(1).integers(0, 255, (48, 48), dtype=np.uint8)
    return Crop(image, (0, 0, 48, 48), np.zeros((5, 2), np.float32), 0.99, False, HostNs(grabbed))


def features(*values: float, gap: bool = False, quality: float = 1.0, received: int = 20) -> Features:
    array = np.array(values, np.float32)
    return Features(StreamNs(5), FEATURES, array, quality, HostNs(received), gap)


def now() -> HostNs:
    return HostNs(30)


def test_a_face_is_judged_alone_and_twice_alike(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    first, second = classifier.face(crop()), classifier.face(crop())
    np.testing.assert_array_equal(first.emotion, second.emotion)
    np.testing.assert_allclose(first.emotion, softmax(first.logits, 2.0))
    assert first.emotion.sum() == pytest.approx(1.0)
    prediction = classifier.fuse(StreamNs(7), None, first, now)
    assert prediction.modalities == {Modality.FACE}
    assert prediction.wrist is None
    assert (
        prediction.stress == prediction.face == pytest.approx(logistic(first.emotion[2] - first.emotion[3]), abs=1e-6)
    )
    assert prediction.emotion is not None
    assert tuple(prediction.emotion) == EMOTIONS
    assert (prediction.at, prediction.received, prediction.inferred) == (7, 10, 30)


def test_the_wrist_carries_its_state_and_clips_it(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    logits = [wrist.logit for _ in range(3) if (wrist := classifier.wrist(features(80, 3, 0.5))) is not None]
    assert logits == [3.0, 4.5, 5.25]  # three standardised ones a step, half of the state kept
    for _ in range(50):
        wrist = classifier.wrist(features(1e9, 1e9, 1e9))  # five each after clipping; four are kept
    assert wrist is not None
    assert wrist.logit == 3 * (5 + 0.5 * 4)
    assert 0.99 < wrist.stress <= 1


def test_a_gap_starts_the_state_anew(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    classifier.wrist(features(80, 3, 0.5))
    after = classifier.wrist(features(80, 3, 0.5, gap=True))
    assert after is not None
    assert after.logit == 3.0
    classifier.reset()
    anew = classifier.wrist(features(80, 3, 0.5))
    assert anew is not None
    assert anew.logit == 3.0


def test_poor_windows_are_not_judged_and_too_many_start_anew(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    classifier.wrist(features(80, 3, 0.5))
    assert classifier.wrist(features(80, np.nan, np.nan, quality=1 / 3)) is None
    kept = classifier.wrist(features(80, 3, 0.5))
    assert kept is not None
    assert kept.logit == 4.5
    for _ in range(3):
        assert classifier.wrist(features(0, 0, 0, quality=0.0)) is None
    anew = classifier.wrist(features(80, 3, np.nan))
    assert anew is not None
    assert anew.logit == 2.0  # an unknown feature counts as its mean
    assert np.isnan(anew.features["enmo"])


def test_features_are_taken_by_name(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    shuffled = Features(
        StreamNs(5), ("enmo", "other", "heart_rate"), np.array([0.5, 99, 80], np.float32), 0.8, HostNs(1)
    )
    wrist = classifier.wrist(shuffled)
    assert wrist is not None
    assert wrist.logit == 2.0


def test_both_are_fused_and_the_latest_receipt_counts(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    face, wrist = classifier.face(crop(grabbed=25)), classifier.wrist(features(75, 2, 0))
    assert wrist is not None
    both = classifier.fuse(StreamNs(7), wrist, face, now)
    assert both.modalities == {Modality.FACE, Modality.WRIST}
    assert both.stress == pytest.approx(logistic(wrist.logit + face.emotion[2] - face.emotion[3]), abs=1e-6)
    assert both.wrist == wrist.stress
    assert both.received == 25
    assert both.features["heart_rate"] == 75
    alone = classifier.fuse(StreamNs(7), wrist, None, now)
    assert (alone.stress, alone.face, alone.emotion) == (wrist.stress, None, None)
    assert alone.modalities == {Modality.WRIST}
    with pytest.raises(ValueError, match="needs the wrist, the face, a chest or a head"):
        classifier.fuse(StreamNs(7), None, None, now)


def test_the_detector_is_handed_out_as_functions(bundle: Bundle) -> None:
    (pnet,) = Classifier(bundle).detector_networks().values()
    (heads,) = pnet(np.ones((1, 2, 2, 3), np.float32))
    np.testing.assert_allclose(heads, [[12.0, 12.0]])


def test_what_a_bundle_lacks_is_said(tmp_path: Path) -> None:
    whole = tiny_files()[0].models
    lacking: dict[str, Models] = {
        "wrist": msgspec.structs.replace(whole, face=None, fusion=None, detector=None),
        "face": msgspec.structs.replace(whole, wrist=None, fusion=None),
    }
    wrist = Classifier(tiny_bundle(tmp_path / "wrist", models=lacking["wrist"]))
    assert wrist.modalities == {Modality.WRIST}
    with pytest.raises(BundleError, match="has no face model; switch the camera off"):
        wrist.face(crop())
    with pytest.raises(BundleError, match="has no face detector"):
        wrist.detector_networks()
    face = Classifier(tiny_bundle(tmp_path / "face", models=lacking["face"]))
    assert face.modalities == frozenset(), "no face can be told of as stress without a fusion"
    with pytest.raises(BundleError, match="has no wrist model; switch the watch off"):
        face.wrist(features(1, 2, 3))
    with pytest.raises(BundleError, match="has no fusion head"):
        face.fuse(StreamNs(0), None, face.face(crop()), now)
    with pytest.raises(BundleError, match="neither a face nor a wrist model"):
        Classifier(tiny_bundle(tmp_path / "none", models=Models()))
    shutil.rmtree(tmp_path)


def test_a_prediction_is_as_unsure_of_its_time_as_the_worst_that_entered(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    face, wrist = classifier.face(crop()), classifier.wrist(replace(features(75, 2, 0), uncertainty_ns=2 * FRAME_NS))
    sure = classifier.wrist(replace(features(75, 2, 0), uncertainty_ns=5))
    chest = LeadEstimate(Modality.ECG, 0.5, 0.0, "rest", 0.5, 1.0, StreamNs(5), HostNs(1), 3 * FRAME_NS)
    assert classifier.fuse(StreamNs(7), sure, None, now).uncertainty_ns == 5
    assert classifier.fuse(StreamNs(7), sure, face, now).uncertainty_ns == FRAME_NS
    assert classifier.fuse(StreamNs(7), wrist, face, now).uncertainty_ns == 2 * FRAME_NS
    assert classifier.fuse(StreamNs(7), wrist, face, now, [chest]).uncertainty_ns == 3 * FRAME_NS


def test_looks_at_a_network_that_takes_none_are_refused(tmp_path: Path) -> None:
    made, _ = tiny_files()
    face = made.models.face
    assert face is not None
    wrong = msgspec.structs.replace(made.models, face=msgspec.structs.replace(face, glances=10))
    fits = Classifier(tiny_bundle(tmp_path / "fits", models=wrong))  # a network of the whole face looks at all of it
    assert 1 <= fits.glances <= 10
    wrist = made.models.wrist
    assert wrist is not None
    odd = msgspec.structs.replace(face, glances=10, network=wrist.network)
    bundle = tiny_bundle(tmp_path / "odd")
    swapped = msgspec.structs.replace(bundle.contract, models=msgspec.structs.replace(made.models, face=odd))
    with pytest.raises(BundleError, match="looks at a face want an input face"):
        Classifier(Bundle(bundle.path, bundle.manifest, swapped))

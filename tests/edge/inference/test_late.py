"""Two experts: a face may say so much and no more, what is absent adds nothing, a bundle may hold them for a head."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.bundle_contract import FusionModel, read_contract
from edge.clock import HostNs, StreamNs
from edge.flow import EMOTIONS, Floats
from edge.inference.classifier import Classifier, FaceEstimate, WristEstimate
from edge.inference.late import LateFusion
from export.pack import pretty, write_bundle
from tests.fakes.bundles import KEY, canary, networks, tiny_files

TENSE = ("angry", "disgust", "fear", "sad")
EXPERTS = LateFusion(TENSE, 0.4, 0.7)


def face(emotion: str, share: float = 0.88) -> Floats:
    told = np.full((1, len(EMOTIONS)), (1 - share) / 6, np.float32)
    told[0, EMOTIONS.index(emotion)] = share
    return told


def said(emotion: Floats, wrist: float | None) -> float:
    body = np.array([[0.0 if wrist is None else wrist]], np.float32)
    return float(EXPERTS.logits(emotion, body, np.array([[1.0, wrist is not None]], np.float32))[0])


def test_a_face_adds_its_likelihood_ratio_and_no_more_than_the_agreement_allows() -> None:
    most = np.log(0.7 / 0.3)
    for emotion in EMOTIONS:
        for wrist in (-4.0, 0.0, 3.0):
            added = said(face(emotion), wrist) - wrist
            assert (added > 0) == (emotion in TENSE)
            assert abs(added) < most
    assert said(face("fear", 1.0), 0.0) == pytest.approx(most, abs=1e-3)


def test_a_face_as_tense_as_faces_are_says_nothing() -> None:
    usual = np.array([[0.1, 0.1, 0.1, 0.2, 0.1, 0.2, 0.2]], np.float32)
    assert said(usual, 1.5) == pytest.approx(1.5)
    assert said(usual, None) == pytest.approx(0.0, abs=1e-6), "without a wrist stress is as likely as the prior"


def test_an_emotion_that_no_face_shows_is_refused() -> None:
    with pytest.raises(ValueError, match="bored is no emotion of a face"):
        LateFusion(("bored",), 0.4, 0.7)


def test_a_bundle_may_fuse_without_a_network(tmp_path: Path) -> None:
    made, files = tiny_files()
    late = FusionModel(threshold=0.7, temperature=2.0, bias=0.1, kind="late", late=EXPERTS)
    made = msgspec.structs.replace(made, models=msgspec.structs.replace(made.models, fusion=late))
    del files["fusion.tflite"]
    files["canary.npz"] = canary(networks(), made)
    bundle = write_bundle(tmp_path / "bundle", made, files, KEY)
    assert [name for name, _ in bundle.contract.networks()] == ["face", "wrist", "detector/pnet"]
    classifier = Classifier(bundle)
    seen = FaceEstimate(face("fear")[0], np.zeros(7, np.float32), HostNs(1))
    body = WristEstimate(0.5, 0.4, StreamNs(0), HostNs(0), {})
    for wrist in (None, body):
        logit = said(face("fear"), None if wrist is None else 0.4) / 2 + 0.1
        fused = classifier.fuse(StreamNs(0), wrist, seen, lambda: HostNs(2))
        assert fused.stress == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_a_contract_from_before_there_were_kinds_is_a_heads() -> None:
    made, _ = tiny_files()
    fusion = made.models.fusion
    assert fusion is not None
    assert fusion.kind == "head"
    told = pretty(made)
    assert b'"kind": "head"' not in told, "older devices refuse words that they do not know"
    assert read_contract(told) == made


@pytest.mark.parametrize("changes", [{"kind": "late"}, {"late": EXPERTS}, {"network": None}])
def test_a_fusion_is_one_or_the_other(changes: Any) -> None:
    fusion = tiny_files()[0].models.fusion
    assert fusion is not None
    with pytest.raises(ValueError, match="and no more"):
        msgspec.structs.replace(fusion, **changes)

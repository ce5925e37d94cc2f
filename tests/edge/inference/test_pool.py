"""Electrodes beside wrist and face: a mean of log-odds, never surer than the surest of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import BundleError
from edge.clock import HostNs, StreamNs
from edge.flow import Modality
from edge.inference.arrays import logistic
from edge.inference.classifier import Classifier, WristEstimate
from edge.inference.lead import LeadEstimate
from edge.inference.pool import pooled
from tests.fakes.bundles import tiny_bundle
from tests.fakes.electrodes import leads_bundle


def lead(logit: float, weight: float = 1.0, modality: Modality = Modality.ECG) -> LeadEstimate:
    return LeadEstimate(modality, logistic(logit), logit, "arithmetic", 0.9, weight, StreamNs(3), HostNs(9))


def test_without_electrodes_nothing_changes() -> None:
    assert pooled(0.123, []) == 0.123


def test_two_who_agree_are_no_surer_than_each() -> None:
    assert pooled(0.8, [lead(float(np.log(4)))]) == pytest.approx(0.8)


def test_weights_are_those_of_the_contract() -> None:
    assert pooled(0.5, [lead(3.0, weight=2.0)]) == pytest.approx(logistic(2.0))


def test_nobody_is_no_evidence() -> None:
    with pytest.raises(ValueError, match="none was given"):
        pooled(None, [])


@given(st.floats(0, 1), st.lists(st.floats(-30, 30), min_size=1, max_size=3))
def test_between_the_least_and_the_surest(stress: float, logits: list[float]) -> None:
    said = [stress, *(logistic(logit) for logit in logits)]
    assert min(said) - 1e-5 <= pooled(stress, [lead(logit) for logit in logits]) <= max(said) + 1e-5


def test_a_prediction_names_who_spoke(tmp_path: Path) -> None:
    classifier = Classifier(leads_bundle(tmp_path / "bundle"))
    assert classifier.modalities == {Modality.ECG, Modality.EEG}
    racing = np.array([3.0, 0, 0, 0], np.float32)
    said = classifier.lead(Modality.ECG, racing, StreamNs(5), HostNs(7))
    assert (said.label, said.stress > 0.9) == ("arithmetic", True)
    wrist = WristEstimate(0.5, 0.0, StreamNs(4), HostNs(6), {})
    both = classifier.fuse(StreamNs(5), wrist, None, lambda: HostNs(8), (said,))
    assert both.modalities == {Modality.WRIST, Modality.ECG}
    assert (both.wrist, both.ecg, both.eeg, both.received) == (0.5, said.stress, None, 7)
    assert both.stress == pytest.approx(logistic(said.logit / 2))
    again = classifier.anew(Modality.ECG).lead(Modality.ECG, racing, StreamNs(5), HostNs(7))
    assert again.logit == said.logit


def test_a_bundle_without_them_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no ecg model"):
        Classifier(tiny_bundle(tmp_path / "bundle")).lead(Modality.ECG, np.zeros(4, np.float32), StreamNs(0), HostNs(0))

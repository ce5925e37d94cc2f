"""Who may still speak for now: estimates grow stale, and a silent watch takes its electrodes along."""

import math
from pathlib import Path

import msgspec
import numpy as np

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Features, Modality
from edge.inference.classifier import FaceEstimate
from edge.inference.lead import LeadEstimate
from edge.present import FRESH_STEPS, HEART_RATE_S, Present
from edge.signals.body import Reading
from edge.signals.wear import Wear
from tests.edge.panel.little_bundle import little_contract
from tests.fakes.electrodes import leads_bundle


def test_electrodes_speak_for_some_steps_of_their_model(tmp_path: Path) -> None:
    models = leads_bundle(tmp_path / "bundle").contract.models
    present = Present(3.0)
    for modality in (Modality.ECG, Modality.EEG):
        present.take_lead(LeadEstimate(modality, 0.5, 0.0, "rest", 0.5, 1.0, StreamNs(0), HostNs(0)))

    def speaking(after_s: float) -> set[Modality]:
        return {lead.modality for lead in present.leads(models, StreamNs(nanoseconds(after_s)))}

    assert speaking(FRESH_STEPS * 2.0) == {Modality.ECG, Modality.EEG}
    assert speaking(FRESH_STEPS * 2.0 + 0.1) == {Modality.ECG}
    assert speaking(FRESH_STEPS * 5.0 + 0.1) == set()
    assert present.wrist(models, StreamNs(0)) is None
    present.forget_body()
    assert speaking(0.0) == set()


def test_a_heart_rate_is_the_windows_else_the_sensors_own_while_they_are_fresh(tmp_path: Path) -> None:
    models = leads_bundle(tmp_path / "bundle").contract.models
    models = msgspec.structs.replace(models, wrist=little_contract()[0].models.wrist)
    assert models.wrist is not None
    present, step_s = Present(3.0), models.wrist.step_s
    told = 71.0, StreamNs(0)

    def rate(after_s: float) -> float | None:
        return present.heart_rate(models, told, StreamNs(nanoseconds(after_s)))

    assert (rate(HEART_RATE_S), rate(HEART_RATE_S + 0.1)) == (71.0, None)
    present.take_reading(_reading(64.0))
    assert (rate(0), rate(FRESH_STEPS * step_s)) == (64.0, 64.0)
    present.take_reading(_reading(math.nan))
    assert rate(0) == 71.0
    present.take_reading(_reading(64.0, Wear.OFF))
    assert rate(0) is None, "what is measured off the wrist is no heart rate"
    present.forget_body()
    assert present.heart_rate(models, None, StreamNs(0)) is None


def test_faces_speak_for_some_seconds_and_not_to_a_bundle_that_cannot_judge_by_them() -> None:
    whole, present = little_contract()[0].models, Present(3.0)
    present.take_face(FaceEstimate(np.full(7, 1 / 7, np.float32), np.zeros(7, np.float32), HostNs(0)))
    for part in ("face", "detector", "fusion"):
        assert present.face(msgspec.structs.replace(whole, **{part: None}), HostNs(0)) is None
    assert present.face(whole, HostNs(nanoseconds(3.0))) is not None
    assert present.face(whole, HostNs(nanoseconds(3.1))) is None


def _reading(rate: float, wear: Wear = Wear.ON) -> Reading:
    values = np.array([rate], np.float32)
    return Reading(wear, Features(StreamNs(0), ("heart_rate",), values, 1.0, HostNs(0)), None)

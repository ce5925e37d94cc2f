"""Who may still speak for now: estimates grow stale, and a silent watch takes its electrodes along."""

from pathlib import Path

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Modality
from edge.inference.lead import LeadEstimate
from edge.present import FRESH_STEPS, Present
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

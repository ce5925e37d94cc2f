"""Settings and a bundle that can never raise an alert together are refused, in a sentence that says what would work."""

from pathlib import Path

import msgspec
import pytest

from edge.bundle import Bundle, BundleError
from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Modality, Prediction
from edge.inference.decision import Decider, DecisionSettings
from edge.judging import judging
from edge.sensing.sampling import SamplingSettings
from edge.settings import CameraSettings, Settings, SettingsError, WatchSettings
from edge.sight import blind
from tests.fakes.bundles import tiny_bundle, tiny_files
from tests.fakes.electrodes import leads_bundle

WATCH, CAMERA = WatchSettings("virtual:wearer"), CameraSettings("device:0")

LOW = SamplingSettings(mode="low", watchful_fps=0.02)


def lacking(out: Path, *parts: str) -> Bundle:
    return tiny_bundle(out, models=msgspec.structs.replace(tiny_files()[0].models, **dict.fromkeys(parts)))


def test_what_the_settings_bring_and_the_bundle_knows_is_judged(tmp_path: Path) -> None:
    whole = tiny_bundle(tmp_path / "whole")
    assert judging(Settings(watch=WATCH, camera=CAMERA), whole) == ["wrist", "face"]
    assert judging(Settings(camera=CAMERA), whole) == ["face"]
    assert blind(whole) == ""


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("detector",), "no face detector"),
        (("fusion",), "no fusion"),
        (("face", "detector", "fusion"), "no face model and no face detector and no fusion"),
    ],
)
def test_a_face_counts_only_with_all_that_judging_it_takes(tmp_path: Path, parts: tuple[str, ...], told: str) -> None:
    partial = lacking(tmp_path / "partial", *parts)
    assert judging(Settings(watch=WATCH, camera=CAMERA), partial) == ["wrist"]
    assert f"has {told}, so it cannot judge by a face and the camera stays closed; name a bundle" in blind(partial)
    with pytest.raises(BundleError, match=rf"and not by a face, for it has {told}, so .*; set watch.address, or name"):
        judging(Settings(camera=CAMERA), partial)
    with pytest.raises(BundleError, match=r"can judge by nothing, and not by a face, .*raised; name another bundle"):
        judging(Settings(watch=WATCH, camera=CAMERA), lacking(tmp_path / "none", "wrist", "fusion"))


@pytest.mark.parametrize(
    ("given", "stale_s", "slowest", "least"),
    [
        (Settings(watch=WATCH), 9.9, "wrist come every 5 s", "10"),
        (Settings(watch=WATCH, camera=CAMERA), 0.0, "wrist come every 5 s", "10"),
        (Settings(camera=CameraSettings("device:0", fps=0.1)), 19.0, "face come every 10 s", "20"),
        (Settings(camera=CameraSettings("device:0", fps=0.7)), 2.85, "face come every 1.42857 s", "2.9"),
        (Settings(camera=CAMERA), 1.1, "face come every 0.2 s", "1.2"),
        (Settings(camera=CAMERA, sampling=LOW), 30.0, "face come every 50 s at sampling.watchful_fps", "100"),
        (Settings(watch=WATCH, camera=CAMERA, sampling=LOW), 5.0, "wrist come every 5 s", "10"),
    ],
)
def test_a_state_that_is_forgotten_before_the_next_prediction_is_refused(
    tmp_path: Path, given: Settings, stale_s: float, slowest: str, least: str
) -> None:
    whole = tiny_bundle(tmp_path / "whole")

    def deciding(**changes: float) -> Settings:
        return msgspec.structs.replace(given, decision=DecisionSettings(**changes))

    with pytest.raises(SettingsError, match=rf"by {slowest} and may be late: .*; set {least} at the least"):
        judging(deciding(stale_s=stale_s), whole)
    assert judging(deciding(stale_s=float(least)), whole)
    at_once = deciding(stale_s=stale_s, min_duration_s=0, smoothing_s=0)
    assert judging(at_once, whole), "one prediction alone is an alert then"
    with pytest.raises(SettingsError, match=rf"set {least} at the least"):
        judging(deciding(stale_s=stale_s, min_duration_s=0), whole)  # the average stays at even odds


def test_what_is_let_through_can_alert(tmp_path: Path) -> None:
    """Windows are known late, some later than others, and between them a second passes after another."""
    settings = Settings(watch=WATCH, decision=DecisionSettings(stale_s=10))
    assert judging(settings, tiny_bundle(tmp_path / "whole")) == ["wrist"]
    decider, alerts = Decider(settings.decision), 0
    for s in range(1200):
        if s % 5 == 4:  # and a window of s - 4 is judged only now
            at = StreamNs((s - 4) * SECOND)
            wrist, now = frozenset({Modality.WRIST}), HostNs(at)
            alerts += decider.step(Prediction(at, wrist, 0.99, None, 0.99, None, now, now)).alert
        decider.expire(StreamNs(s * SECOND))
    assert alerts == 1


def test_electrodes_have_steps_of_their_own(tmp_path: Path) -> None:
    leads = leads_bundle(tmp_path / "leads")
    with pytest.raises(SettingsError, match=r"by ecg come every 5 s .*; set 10 at"):
        judging(Settings(watch=WATCH, decision=DecisionSettings(stale_s=3)), leads)

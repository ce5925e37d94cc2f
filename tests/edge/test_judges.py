"""A bundle whose networks do not fit its contract is refused at once; what is no probability decides nothing."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge.bundle import Bundle, BundleError
from edge.bundle_canary import CANARY
from edge.bundle_contract import LeadModel, State
from edge.bundle_floor import read_floor
from edge.bundle_keys import key_line
from edge.clock import HostNs, StreamNs
from edge.flow import Features, Prediction
from edge.inference.classifier import WristEstimate
from edge.judges import Judges
from edge.service import open_service
from edge.settings import ModelSettings, Settings
from edge.signals import ecg_images, ecg_spectrogram
from edge.signals.chest import Chest
from export.pack import describe, write_bundle
from tests.edge.daemon.lines import little, partial
from tests.edge.test_pace import with_activity
from tests.fakes.bundles import FEATURES, KEY, canary, tiny_bundle
from tests.fakes.electrodes import leads_bundle
from tests.fakes.networks import dense, leaky_step

Load = Callable[[Path, Bundle], object]


def at_the_start(good: Path, bundle: Bundle) -> object:
    return Judges(bundle, 1)


def at_a_reload(good: Path, bundle: Bundle) -> object:
    return Judges(leads_bundle(good), 1).prove(bundle)


def odd_bundle(out: Path, network: bytes | None = None, **changes: Any) -> Bundle:
    """A bundle whose ECG model differs from a good one's in these fields, and perhaps in its network."""
    good = leads_bundle(out / "good")
    files = {each.file: (good.path / each.file).read_bytes() for _, each in good.contract.networks()}
    ecg = good.contract.models.ecg
    assert ecg is not None
    if network is not None:
        files["ecg.tflite"] = network
        changes["network"] = describe("ecg.tflite", network, "float")
    made = msgspec.structs.replace(
        good.contract,
        models=msgspec.structs.replace(good.contract.models, ecg=msgspec.structs.replace(ecg, **changes)),
    )
    return write_bundle(out / "odd", made, {**files, CANARY: canary(files, made), "report.json": b"{}"}, KEY)


@pytest.mark.parametrize("load", [at_the_start, at_a_reload])
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"features": ("heart_rate", "rmssd", "sdnn"), "scale": ()}, r"input features is .* \(1, 3\), expected"),
        ({"labels": ("rest", "talk", "arithmetic")}, "says 2 logits for the labels"),
        ({"network": dense(np.ones((2, 4), np.float32), into="features", out="says")}, "from one input to logits"),
        ({"network": leaky_step(4)}, "goes from features, state to logits, state_out"),
        ({"features": ("heart_rate", "rmssd", "sdnn", "mood")}, "an ECG has no feature mood"),
    ],
)
def test_a_lead_that_does_not_fit_is_refused(tmp_path: Path, load: Load, changes: Any, sentence: str) -> None:
    bundle = odd_bundle(tmp_path, **changes)
    with pytest.raises(BundleError, match=sentence):
        load(tmp_path / "in use", bundle)


def test_leads_that_fit_are_taken(tmp_path: Path) -> None:
    bundle = leads_bundle(tmp_path / "bundle")
    assert Judges(bundle, 1).prove(bundle).bundle is bundle


@pytest.mark.parametrize("labels", [("arithmetic",), ("arithmetic", "arithmetic"), ("rest", "talk")])
def test_labels_are_two_or_more(tmp_path: Path, labels: tuple[str, ...]) -> None:
    ecg = leads_bundle(tmp_path / "bundle").contract.models.ecg
    assert ecg is not None
    with pytest.raises(ValueError, match="give two or more, once"):
        msgspec.structs.replace(ecg, labels=labels)


@pytest.mark.parametrize(("domain", "steps"), [("time", 29), ("frequency", 14)])
def test_images_want_parts_that_a_spectrogram_can_be_made_of(domain: ecg_spectrogram.Domain, steps: int) -> None:
    Chest("images", (), 20.0, 5.0, 60.0, steps=steps, domain=domain)
    with pytest.raises(ValueError, match="one needs"):
        Chest("images", (), 20.0, 5.0, 60.0, steps=steps + 1, domain=domain)
    shortest = np.random.default_rng(0).normal(0, 1, ecg_spectrogram.LEAST[domain])
    assert np.isfinite(ecg_spectrogram.spectrogram(shortest, domain)).all()


def test_the_contract_knows_the_shape_of_what_streams_give(tmp_path: Path) -> None:
    ecg, eeg = (getattr(leads_bundle(tmp_path / "bundle").contract.models, name) for name in ("ecg", "eeg"))
    assert isinstance(ecg, LeadModel)
    side = ecg_spectrogram.SIDE
    images = msgspec.structs.replace(ecg, recipe="images", features=(), scale=(), steps=2)
    assert (ecg.eats, images.eats) == ((4,), (2, side, side, ecg_images.DEPTH))
    assert eeg.eats == (4, len(eeg.features), 1)


async def test_a_start_with_it_fails_in_one_sentence_and_forbids_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config" / "vagus"
    own.mkdir(parents=True)
    (own / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    odd_bundle(tmp_path, labels=("rest", "talk", "arithmetic"))
    settings = msgspec.structs.replace(
        Settings(), state_dir=str(tmp_path / "state"), models=ModelSettings(bundle=str(tmp_path / "odd"))
    )
    with pytest.raises(BundleError, match="says 2 logits"):
        async with open_service(settings):
            pass
    assert read_floor(tmp_path / "state") is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"states": (State("stat", "state_out", clip=4.0),)}, "no network has 'stat'"),
        ({"states": (State("state", "out", clip=4.0),)}, "no network has 'out'"),
        ({"states": ()}, "input state was not given"),
    ],
)
def test_a_wrist_that_does_not_fit_is_refused_at_a_reload(tmp_path: Path, changes: Any, sentence: str) -> None:
    with pytest.raises(BundleError, match=f"does not run: .*{sentence}"):
        Judges(little(tmp_path / "good"), 1).prove(little(tmp_path / "odd", "1.3.0", **changes))


def test_an_activity_judge_that_wants_what_nobody_computes_is_refused_at_a_reload(tmp_path: Path) -> None:
    judges = Judges(with_activity(tmp_path / "good", ("size_spread", "jerk")), 1)
    with pytest.raises(BundleError, match="activity wants unknown features: gait_phase"):
        judges.prove(with_activity(tmp_path / "odd", ("gait_phase", "jerk")))


@pytest.mark.parametrize("part", ["face", "detector", "fusion"])
def test_a_bundle_that_lacks_a_part_of_judging_a_face_gives_way_to_a_whole_one_and_not_the_other_way_round(
    tmp_path: Path, part: str
) -> None:
    whole, lacks = little(tmp_path / "whole"), partial(tmp_path / "partial", part)
    with pytest.raises(BundleError, match=rf"cannot judge by face, and the bundle in use can \(it has no .*{part}"):
        Judges(whole, 1).prove(lacks)
    judges = Judges(lacks, 1)
    assert (judges.prove(whole).bundle, judges.prove(lacks).bundle) == (whole, lacks)


def test_what_is_no_probability_decides_nothing_and_the_wrist_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    judges = Judges(tiny_bundle(tmp_path / "bundle"), 1)
    window = Features(StreamNs(5), FEATURES, np.array([80, 3, 0.5], np.float32), 1.0, HostNs(0), False)

    def heard() -> WristEstimate:
        estimate = judges.current.wrist(window)
        assert estimate is not None
        return estimate

    def fused(estimate: WristEstimate) -> Prediction:
        return judges.current.fuse(StreamNs(5), estimate, None, lambda: HostNs(0))

    first, second = heard(), heard()
    assert first.logit != second.logit  # the wrist remembers
    assert judges.said(fused(first))
    spoilt = fused(replace(second, stress=math.nan, logit=math.nan))
    assert not judges.said(spoilt)
    assert not judges.said(spoilt)
    assert caplog.text.count("it says nan for a stress, which is left out") == 1
    assert heard().logit == first.logit
    assert judges.said(fused(first))

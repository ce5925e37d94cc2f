"""Streams of ECG and EEG tell live what training cut out of the recording; what is not clean they do not tell."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Floats, Samples
from edge.signals import ecg_person, eeg, eeg_person
from edge.signals.chest import Chest, Recipe
from edge.signals.ecg_images import images
from edge.signals.ecg_spectrogram import Domain
from edge.signals.grid import Doubles
from edge.signals.scalp import Scalp
from edge.signals.told import Told
from firmware_bridge.virtual.montage import HEADBAND
from models.datasets import eegmat
from models.datasets.eegmat import Session
from models.eeg_epochs import epochs
from models.eeg_live import as_headband
from tests.edge.signals.bodies import beats, signal
from tests.edge.signals.test_ecg import heartbeat
from tests.fakes.electrodes import ecg_file, eeg_file

SHARED = Path(__file__).parents[4] / "shared" / "data"
NAMES = tuple(HEADBAND)


def packets(channel: Channel, values: Floats, rate_hz: float, size: int = 37) -> Iterable[Samples]:
    times = np.rint(np.arange(len(values)) * (SECOND / rate_hz)).astype(np.int64)
    axes = NAMES if channel is Channel.EEG else ()
    for a in range(0, len(values), size):
        yield Samples(channel, times[a : a + size], values[a : a + size], rate_hz, HostNs(1), axes=axes)


def heard(stream: Chest | Scalp, runs: Iterable[Samples]) -> list[Told]:
    return [stream.read(window) for run in runs for window in stream.windows.feed(run)]


def ecg_session(tmp_path: Path, *, real: bool) -> Session:
    if real:
        if not (SHARED / eegmat.ECG_FILE).is_file():
            pytest.skip("the real recordings are not here")
        return eegmat.load(SHARED, "ecg").people[3]
    ecg_file(tmp_path / eegmat.ECG_FILE, seconds=124)
    return eegmat.load(tmp_path, "ecg").people[0]


def prepared(values: Floats, rate_hz: float) -> Doubles:
    even = ecg_person.prepared(signal(values, rate_hz), 0)
    assert even is not None
    return even


@pytest.mark.parametrize("recipe", ["pulse", "images"])
@pytest.mark.parametrize("real", [False, True])
def test_an_ecg_is_told_live_as_it_was_for_training(tmp_path: Path, recipe: Recipe, real: bool) -> None:
    session = ecg_session(tmp_path, real=real)
    chest = Chest(
        recipe, ecg_person.HEAD if recipe == "pulse" else (), 20.0, 5.0, len(session.quiet) / session.rate_hz, steps=2
    )
    live = heard(chest, packets(Channel.ECG, np.concatenate([session.quiet, session.rest]), session.rate_hz))
    told = [each for each in live if each.values is not None]
    assert chest.settled
    assert len(told) >= 6
    known = ecg_person.quiet(prepared(session.quiet, session.rate_hz), ("time",))
    for each in told:
        start = round((each.end / SECOND - 20) * session.rate_hz) - len(session.quiet)
        even = prepared(session.rest[start : start + round(20 * session.rate_hz)], session.rate_hz)
        wanted = np.nan_to_num(ecg_person.head(even, known)) if recipe == "pulse" else images(even, known, "time", 2)
        assert each.values is not None
        np.testing.assert_allclose(each.values, wanted, atol=1e-4)


@pytest.mark.parametrize("real", [False, True])
def test_an_eeg_is_told_live_as_it_was_for_training(tmp_path: Path, real: bool) -> None:
    if real and not (SHARED / eegmat.EEG_FILE).is_file():
        pytest.skip("the real recordings are not here")
    if not real:
        eeg_file(tmp_path / eegmat.EEG_FILE, seconds=124)
    session = as_headband(eegmat.load(SHARED if real else tmp_path, "eeg")).people[0]
    quiet = session.quiet[: 512 + 256 * ((len(session.quiet) - 512) // 256)]
    session = replace(session, quiet=quiet)
    learned = epochs(session, NAMES, clean=False)
    scalp = Scalp(NAMES, eeg.names(NAMES), 4.0, 2.0, len(quiet) / 128, steps=1, least_quality=0.0)
    live = heard(scalp, packets(Channel.EEG, np.concatenate([quiet, session.rest]), 128.0))
    # epochs that reach over the end of the quiet minute are nobody's in training
    begin = (len(quiet) / 128 + 4 - 0.01) * SECOND
    rows = [each.values for each in live if each.values is not None and each.end > begin]
    rest = learned.features[learned.labels == 0]
    assert len(rows) >= len(rest) - 1
    for row, wanted in zip(rows, rest, strict=False):
        np.testing.assert_allclose(row[0, :, 0], wanted, atol=1e-3)


def test_a_strap_at_130_hz_says_what_a_recorder_at_250_says() -> None:
    at = beats(110, 66, wobble_ms=40)
    said: list[Floats] = []
    for rate_hz in (130.0, 250.0):
        chest = Chest("pulse", ecg_person.HEAD, 20.0, 5.0, 60.0)
        told = heard(chest, packets(Channel.ECG, heartbeat(at, 110, rate_hz, noise=0.01), rate_hz))
        said.append(np.stack([each.values for each in told if each.values is not None]))
    np.testing.assert_allclose(said[0], said[1], atol=0.06)


def test_a_headbands_256_hz_are_brought_to_the_recordings_128() -> None:
    rng = np.random.default_rng(1)
    low = eeg.filtered(rng.normal(0, 12, (1024, 4)), 128.0)
    spectrum = np.fft.rfft(low, axis=0)
    fast = np.fft.irfft(np.concatenate([spectrum, np.zeros((512, 4))]), 2048, axis=0) * 2
    rows: list[Doubles] = []
    for values, rate_hz in ((low, 128.0), (fast, 256.0)):
        middle = values[len(values) // 4 : -len(values) // 4].astype(np.float32)
        epoch = eeg_person.prepared(signal(middle, rate_hz), 0)
        assert epoch is not None
        rows.append(eeg_person.row(epoch).reshape(4, -1))
    spread = np.abs(rows[0]).max(axis=0) + 1e-3
    assert np.median(np.abs(rows[1] - rows[0]) / spread) < 0.01


def test_noise_is_no_quiet_minute() -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 130 * 90).astype(np.float32)
    chest = Chest("pulse", ecg_person.HEAD, 20.0, 5.0, 60.0)
    assert {each.why for each in heard(chest, packets(Channel.ECG, noise, 130.0))} == {"poor"}
    assert not chest.settled


def test_a_slow_channel_is_not_judged() -> None:
    values = heartbeat(beats(80, 60), 80, 130.0)
    chest = Chest("images", (), 20.0, 5.0, 60.0, least_hz=250.0)
    assert {each.why for each in heard(chest, packets(Channel.ECG, values, 130.0))} == {"slow"}


def test_a_person_is_told_anew_when_they_rest_again() -> None:
    values = heartbeat(beats(200, 60), 200, 130.0, noise=0.01)
    chest = Chest("pulse", ecg_person.HEAD, 20.0, 5.0, 60.0)
    runs = list(packets(Channel.ECG, values, 130.0, size=130))
    assert any(each.values is not None for each in heard(chest, runs[:100]))
    asked = StreamNs(103 * SECOND)
    chest.retake(asked)
    assert not chest.settled
    windows = [window for run in runs[100:] for window in chest.windows.feed(run)]
    before = [window for window in windows if window.start < asked]
    assert before
    assert {chest.read(window).why for window in before} == {"quiet"}
    assert not chest.settled, "what came before they sat down is no rest"
    told = [chest.read(window) for window in windows[len(before) :]]
    assert chest.settled
    assert told[-1].values is not None


def test_a_rest_that_is_asked_for_while_an_older_minute_settles_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = list(packets(Channel.ECG, heartbeat(beats(140, 60), 140, 130.0, noise=0.01), 130.0, size=130))
    chest = Chest("pulse", ecg_person.HEAD, 20.0, 5.0, 60.0)
    quiet, asked = ecg_person.quiet, StreamNs(64 * SECOND)

    def asked_meanwhile(even: Doubles, domains: tuple[Domain, ...]) -> ecg_person.Quiet | None:
        chest.retake(asked)
        return quiet(even, domains)

    monkeypatch.setattr(ecg_person, "quiet", asked_meanwhile)
    heard(chest, runs[:66])
    assert not chest.settled
    assert not any(each.values is not None for each in heard(chest, runs[66:122]))
    heard(chest, runs[122:])
    assert chest.settled


def test_epochs_from_before_the_person_sat_down_are_no_rest() -> None:
    calm = np.random.default_rng(3).normal(0, 8, (256 * 90, 4)).astype(np.float32)
    runs = list(packets(Channel.EEG, calm, 256.0, size=256))
    scalp = Scalp(NAMES, eeg.names(NAMES)[:6], 4.0, 2.0, 30.0, steps=4)
    assert any(each.values is not None for each in heard(scalp, runs[:45]))
    scalp.retake(StreamNs(51 * SECOND))
    assert not scalp.settled
    assert {each.why for each in heard(scalp, runs[45:])[:17]} == {"quiet"}, "two from before, the rest of the 15 after"
    assert scalp.settled


def test_blinks_are_left_out_and_too_many_silence_the_judge() -> None:
    rng = np.random.default_rng(2)
    calm = rng.normal(0, 8, (256 * 60, 4)).astype(np.float32)
    jumping = calm[: 256 * 30].copy()
    jumping[::256] += 4000
    scalp = Scalp(NAMES, eeg.names(NAMES)[:6], 4.0, 2.0, 30.0, steps=4)
    told = heard(scalp, packets(Channel.EEG, np.concatenate([calm, jumping]), 256.0, size=12))
    assert "spoilt" in {each.why for each in told[-8:]}
    assert told[-1].values is None
    assert any(each.values is not None for each in told)


def test_a_window_whose_end_is_missing_is_poor_where_its_parts_become_too_short() -> None:
    chest = Chest("images", (), 20.0, 5.0, 60.0, steps=29)
    runs = packets(Channel.ECG, heartbeat(beats(90, 60), 90, 130.0, noise=0.01), 130.0)
    windows = [window for run in runs for window in chest.windows.feed(run)]
    whole = [chest.read(window) for window in windows][-1]
    assert whole.values is not None
    ecg = windows[-1].signals[Channel.ECG]
    short = replace(ecg, times=ecg.times[:-200], values=ecg.values[:-200])
    assert chest.read(replace(windows[-1], signals={Channel.ECG: short})).why == "poor"


def test_features_that_nobody_computes_are_refused() -> None:
    with pytest.raises(ValueError, match="Cz_alpha; there are TP9"):
        Scalp(NAMES, ("Cz_alpha",), 4.0, 2.0, 60.0, steps=8)
    with pytest.raises(ValueError, match="no feature t_height"):
        Chest("pulse", ("t_height",), 20.0, 5.0, 60.0)


def test_a_minute_of_a_heart_that_nobody_can_tell_is_no_quiet_one(monkeypatch: pytest.MonkeyPatch) -> None:
    chest = Chest("pulse", ecg_person.HEAD, 20.0, 5.0, 60.0)
    runs = list(packets(Channel.ECG, heartbeat(beats(140, 60), 140, 130.0, noise=0.01), 130.0, size=130))
    quiet = ecg_person.quiet

    def unknown(even: Doubles, domains: tuple[Domain, ...]) -> ecg_person.Quiet:
        known = quiet(even, domains)
        return replace(known, head=np.array([np.nan, np.nan, np.nan, known.head[3]], np.float32))

    with monkeypatch.context() as patched:
        patched.setattr(ecg_person, "quiet", unknown)
        assert {each.why for each in heard(chest, runs[:63])} == {"poor"}
    assert any(each.values is not None for each in heard(chest, runs[63:]))


@pytest.mark.parametrize("rail_uv", [0.0, 12.5, -1000.0])
def test_an_electrode_that_is_flat_spoils_the_quiet_minute(rail_uv: float) -> None:
    calm = np.random.default_rng(4).normal(0, 8, (256 * 90, 4)).astype(np.float32)
    loose = calm[: 256 * 40].copy()
    loose[:, 2] = rail_uv
    scalp = Scalp(NAMES, eeg.names(NAMES)[:6], 4.0, 2.0, 30.0, steps=4)
    runs = list(packets(Channel.EEG, np.concatenate([loose, calm]), 256.0, size=256))
    assert {each.why for each in heard(scalp, runs[:40])} == {"spoilt"}
    heard(scalp, runs[40:])
    assert scalp.settled

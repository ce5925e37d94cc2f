"""EEG features are what their names say, and what cannot be said is NaN, never an exception."""
# SciPy types its results loosely; the checks compare numbers.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal as reference
from scipy import stats

from edge.flow import Floats, Window
from edge.signals import eeg
from tests.edge.signals.bodies import signal, window

RATE = 128.0
ELECTRODES = ("Fp1", "Cz")


def epoch(seconds: float, *waves: tuple[float, float], rate_hz: float = RATE, seed: int = 0) -> Floats:
    """(n, 2): waves of (Hz, uV) on a quiet noise."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    clean = sum((height * np.sin(2 * np.pi * hz * t) for hz, height in waves), np.zeros_like(t))
    return (clean[:, None] + np.random.default_rng(seed).normal(0, 1, (len(t), 2))).astype(np.float32)


def seen(values: Floats, rate_hz: float = RATE) -> Window:
    return window(len(values) / rate_hz, eeg=signal(values, rate_hz))


def named(window: Window) -> dict[str, float]:
    return eeg.eeg(window, ELECTRODES).named()


def test_a_wave_has_its_power_in_its_band() -> None:
    told = named(seen(epoch(4, (10.0, 20.0))))
    assert told["Cz_alpha"] == pytest.approx(200, rel=0.05)  # height squared over two
    assert told["Cz_alpha_share"] > 0.97
    assert told["Fp1_rms"] == pytest.approx(20 / np.sqrt(2), rel=0.03)
    assert told["Cz_mobility"] == pytest.approx(2 * np.pi * 10, rel=0.1)


def test_statistics_are_those_of_scipy() -> None:
    x = eeg.filtered(epoch(4, (6.0, 10.0), (20.0, 4.0)).astype(np.float64), RATE)
    told = dict(zip(eeg.STATISTICS, eeg.statistics(x, RATE)[0], strict=True))
    one = x[:, 0]
    assert told["variance"] == pytest.approx(one.var())
    assert told["skewness"] == pytest.approx(stats.skew(one))
    assert told["kurtosis"] == pytest.approx(stats.kurtosis(one, fisher=False))
    f, density = reference.welch(one, RATE, window="hann", nperseg=256, noverlap=128, detrend="constant")
    theta = (f >= 4) & (f < 8)
    assert told["theta"] == pytest.approx(density[theta].sum() * (f[1] - f[0]), rel=1e-6)


def test_entropy_is_least_for_what_is_most_regular() -> None:
    square = np.sign(np.sin(2 * np.pi * 5 * np.arange(512) / RATE))[np.newaxis]
    noise = np.random.default_rng(0).normal(size=(1, 512))
    assert eeg.entropy(square)[0] == pytest.approx(1.0, abs=0.1)
    assert 3 < eeg.entropy(noise)[0] < 5


def test_names_and_values_go_together() -> None:
    told = eeg.eeg(seen(epoch(4)), ELECTRODES)
    assert told.names == eeg.names(ELECTRODES)
    assert told.values.shape == (2 * len(eeg.STATISTICS),)
    assert told.quality == 1.0


@pytest.mark.parametrize(
    "unusable",
    [
        seen(epoch(1.5)),
        seen(epoch(4, rate_hz=64), 64),
        seen(epoch(4)[:, :1]),
        window(4, eeg=signal(epoch(4)[:, 0], RATE)),
        window(4),
    ],
    ids=["short", "slow", "an electrode missing", "one axis", "no EEG"],
)
def test_what_cannot_be_said_is_nan(unusable: Window) -> None:
    told = eeg.eeg(unusable, ELECTRODES)
    assert np.isnan(told.values).all()
    assert told.quality == 0


def test_a_flat_electrode_is_nan_and_the_other_is_not() -> None:
    values = epoch(4, (10.0, 20.0))
    values[:, 0] = 3.0
    told = named(seen(values))
    assert np.isnan(told["Fp1_alpha"])
    assert told["Cz_alpha"] > 100


def test_a_hole_of_a_second_is_no_epoch() -> None:
    whole = signal(epoch(4), RATE)
    kept = np.r_[0:128, 256:512]
    holed = type(whole)(whole.times[kept], whole.values[kept], RATE, 0.75)
    assert eeg.eeg(window(4, eeg=holed), ELECTRODES).quality == 0


@settings(max_examples=40, deadline=None)
@given(seconds=st.floats(0.1, 20), rate_hz=st.floats(1, 1000), height=st.floats(0, 1e5))
def test_any_length_and_rate_gives_numbers_or_nan(seconds: float, rate_hz: float, height: float) -> None:
    told = eeg.eeg(seen(epoch(seconds, (9.0, height), rate_hz=rate_hz), rate_hz), ELECTRODES)
    assert told.values.shape == (2 * len(eeg.STATISTICS),)
    assert not np.isinf(told.values).any()

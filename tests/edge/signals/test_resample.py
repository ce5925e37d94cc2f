"""A signal at another rate: what it holds stays where it was, what does not fit is gone."""

import numpy as np
import pytest

from edge.signals.resample import resampled


@pytest.mark.parametrize(("rate_hz", "to_hz"), [(250.0, 360.0), (130.0, 360.0), (256.0, 128.0), (129.7, 360.0)])
@pytest.mark.parametrize("tone_hz", [1.0, 12.0, 40.0])
def test_a_tone_stays_itself(rate_hz: float, to_hz: float, tone_hz: float) -> None:
    values = np.sin(2 * np.pi * tone_hz * np.arange(round(8 * rate_hz)) / rate_hz)
    told = resampled(values, rate_hz, to_hz)
    wanted = np.sin(2 * np.pi * tone_hz * np.arange(len(told)) / to_hz)
    edge = round(0.3 * to_hz)
    assert len(told) == round(len(values) * to_hz / rate_hz)
    assert np.abs(told - wanted)[edge:-edge].max() < 2e-3


def test_what_does_not_fit_is_gone() -> None:
    values = np.sin(2 * np.pi * 100 * np.arange(2000) / 256)
    assert np.abs(resampled(values, 256.0, 128.0)[60:-60]).max() < 1e-3


def test_columns_are_told_alone_and_short_ones_too() -> None:
    both = np.random.default_rng(0).normal(size=(9, 2))
    np.testing.assert_allclose(resampled(both, 128.0, 300.0)[:, 1], resampled(both[:, 1], 128.0, 300.0))
    assert np.array_equal(resampled(both, 128.0, 128.0), both)
    with pytest.raises(ValueError, match="got 1 from 128"):
        resampled(both[:1], 128.0, 300.0)

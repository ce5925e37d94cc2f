"""HRV by our formulae is NeuroKit2's, where that is installed."""

from typing import Any, cast

import numpy as np
import pytest

from edge.signals.beats import Beats
from edge.signals.heart import successive

neurokit = cast(Any, pytest.importorskip("neurokit2", reason="uv run --with neurokit2 pytest runs this"))


def test_time_domain_of_the_same_beats() -> None:
    rng = np.random.default_rng(3)
    at = np.cumsum(rng.normal(820, 45, 120).round()) / 1000
    beats = Beats(at[1:], np.diff(at) * 1000, np.ones(len(at) - 1, np.bool_), np.empty(0), 1.0)
    told = neurokit.hrv_time(np.round(at * 1000).astype(int), 1000).iloc[0]
    rmssd, sdnn, pnn50 = successive(beats)
    assert rmssd == pytest.approx(told["HRV_RMSSD"], rel=0.01)
    assert sdnn == pytest.approx(told["HRV_SDNN"], rel=0.01)
    assert 100 * pnn50 == pytest.approx(told["HRV_pNN50"], rel=0.01)

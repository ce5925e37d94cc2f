"""What follows a restart is judged three ways over the same windows: as of a stranger, as remembered, as unstopped."""

import numpy as np
import pytest

from edge.flow import Features
from edge.signals.normalise import Usual
from models import restart_effect
from models.restart_effect import STOPPED_HOPS, restarted
from models.wrist import Weights
from models.wrist_run import Learned
from models.wrist_training import Recipe
from tests.models.test_wrist_streams import made

NOTHING = np.zeros((0, 0), np.float32)


def test_who_is_remembered_is_told_as_if_there_had_been_no_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    def walker(_: Weights) -> restart_effect.Judge:
        def say(features: Features) -> float:
            return float(features.values[0])

        return say

    monkeypatch.setattr(restart_effect, "walker", walker)
    pulse = (80 + np.random.default_rng(0).normal(0, 3, STOPPED_HOPS + 60)).tolist()
    known = Learned(Usual(("heart_rate",), (95.0,), (6.0,)), Weights(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING))
    stranger, remembered, unstopped = restarted(made(pulse), known, Recipe())
    assert len(stranger.labels) == len(remembered.labels) == len(unstopped.labels) == 60
    np.testing.assert_allclose(remembered.probability, unstopped.probability, atol=0.2)
    assert abs(stranger.probability[:10]).mean() > 2 * abs(unstopped.probability[:10]).mean()

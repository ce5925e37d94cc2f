"""Alerts are counted as a person would live them: noticed, for nothing, and how late."""

import numpy as np

from edge.inference.decision import DecisionSettings
from models.operating import THRESHOLDS, alerts, alerts_at, curve, stress_episodes
from models.wrist_streams import Judged

SETTINGS = DecisionSettings(own_level=0, on=0.6, off=0.5, smoothing_s=0, min_duration_s=10, refractory_s=60)


def person(labels: list[int], probability: list[float]) -> Judged:
    n = len(labels)
    ends_s = np.arange(n, dtype=np.float64) * 5
    return Judged("S1", np.array(probability, np.float64), np.array(labels, np.int64), ends_s, 0)


def test_an_episode_noticed_late_and_one_alert_for_nothing() -> None:
    labels = [0] * 40 + [1] * 20 + [0] * 60
    probability = [0.1] * 44 + [0.9] * 16 + [0.1] * 40 + [0.9] * 20
    judged = person(labels, probability)
    assert [(e.start_s, e.end_s) for e in stress_episodes(judged)] == [(200.0, 295.0)]
    assert alerts_at(judged, SETTINGS) == [230.0, 510.0]
    found = alerts([judged], SETTINGS)
    assert (found["episodes"], found["noticed"], found["false_alerts"]) == (1, 1, 1)
    assert found["delay_s_median"] == 30.0


def test_nobody_judged_gives_no_rates() -> None:
    found = alerts([], SETTINGS)
    assert found["noticed_share"] is None
    assert found["false_alerts_per_hour"] is None


def test_the_curve_has_a_row_for_each_threshold() -> None:
    judged = person([0] * 40 + [1] * 40 + [0] * 40, [0.1] * 40 + [0.7] * 40 + [0.1] * 40)
    noticed = [row["noticed"] for row in curve([judged])]
    assert len(noticed) == len(THRESHOLDS)
    assert noticed[0] == 1
    assert noticed[-1] == 0

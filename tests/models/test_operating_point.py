"""The operating point is picked under the bound, and told of people that it was not picked on."""

import numpy as np

from edge.inference.decision import DecisionSettings
from models.operating_point import pick, point, tried
from models.wrist_streams import Judged

EAGER = DecisionSettings(own_level=0, on=0.55, off=0.5, smoothing_s=0, min_duration_s=10)
SURE = DecisionSettings(own_level=0, on=0.8, off=0.7, smoothing_s=0, min_duration_s=10)


def person(name: str, false_level: float) -> Judged:
    """An hour: one episode at .9, one stretch of calm that looks like stress at `false_level`."""
    ends = np.arange(720, dtype=np.float64) * 5
    labels, chance = np.zeros(720, np.int64), np.full(720, 0.1)
    labels[100:160], chance[100:160] = 1, 0.9
    chance[400:440] = false_level
    return Judged(name, chance, labels, ends, 0)


def test_what_would_cry_wolf_is_not_picked() -> None:
    known = tried([person(f"S{k}", 0.6) for k in range(4)], (EAGER, SURE))
    assert known.counts[0].sum(axis=0).tolist() == [4, 4]
    assert known.counts[1].sum(axis=0).tolist() == [4, 0]
    assert pick(known, np.arange(4)) == 1


def test_the_quietest_is_picked_when_none_is_bearable() -> None:
    known = tried([person(f"S{k}", 0.95) for k in range(4)], (EAGER, SURE))
    assert pick(known, np.arange(4), most=0.1) in (0, 1)


def test_the_point_says_what_picking_does_to_others() -> None:
    found = point(tried([person(f"S{k}", 0.6 if k else 0.85) for k in range(6)], (EAGER, SURE)), groups=3)
    assert found["settings"]["on"] == 0.8  # pyright: ignore[reportIndexIssue]  # a card's values are objects
    told = found["picked_without_each_group"]
    assert told["episodes"] == 6  # pyright: ignore[reportIndexIssue]  # a card's values are objects
    assert told["false_alerts"] <= 1  # pyright: ignore[reportIndexIssue]  # a card's values are objects

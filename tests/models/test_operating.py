"""Alerts are counted as a person would live them: noticed, for nothing, and how late."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.inference.decision import DecisionSettings
from models.__main__ import app
from models.datasets import DatasetError
from models.operating import (
    THRESHOLDS,
    alerts,
    alerts_at,
    curve,
    lived_through,
    read_people,
    save_people,
    stress_episodes,
)
from models.wrist_streams import Judged, judged

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


def test_an_episode_that_begins_under_stress_raises_no_alert_of_its_own() -> None:
    labels = [0] * 40 + [-1] * 20 + [1] * 40
    told = judged("S1", [0.1] * 48 + [0.9] * 52, np.array(labels, np.int8), np.arange(100.0) * 5)
    assert alerts_at(told, SETTINGS) == [250.0]
    found = alerts([told], SETTINGS)
    assert (found["noticed"], found["told_before"], found["told_before_s_median"]) == (0, 1, 50.0)


def test_nobody_judged_gives_no_rates() -> None:
    found = alerts([], SETTINGS)
    assert found["noticed_share"] is None
    assert found["false_alerts_per_hour"] is None


def test_a_card_says_in_a_sentence_what_people_would_live_with() -> None:
    labels = [0] * 40 + [1] * 20 + [0] * 60
    found = alerts([person(labels, [0.1] * 44 + [0.9] * 16 + [0.1] * 60)], SETTINGS)
    said = lived_through(found)
    assert "1 of 1 episodes noticed, 0.0 false alerts an hour, median delay 30.0 s" in said
    assert "stood" not in said
    begun = judged(
        "S1", [0.1] * 48 + [0.9] * 52, np.array([0] * 40 + [-1] * 20 + [1] * 40, np.int8), np.arange(100.0) * 5
    )
    assert "1 of the others began under an alert that still stood" in lived_through(alerts([begun], SETTINGS))


def test_the_curve_has_a_row_for_each_threshold() -> None:
    judged = person([0] * 40 + [1] * 40 + [0] * 40, [0.1] * 40 + [0.7] * 40 + [0.1] * 40)
    noticed = [row["noticed"] for row in curve([judged])]
    assert len(noticed) == len(THRESHOLDS)
    assert noticed[0] == 1
    assert noticed[-1] == 0


def test_the_decision_room_hears_what_has_no_label_and_no_figure_counts_it(tmp_path: Path) -> None:
    labels = [0] * 40 + [-1] * 40 + [0] * 40 + [1] * 40
    probability = [0.1] * 50 + [0.9] * 20 + [0.1] * 50 + [0.9] * 40
    ends_s = np.arange(len(labels), dtype=np.float64) * 5
    whole = judged("S1", probability, np.array(labels, np.int8), ends_s)
    assert (len(whole.labels), len(whole.passing)) == (120, 40)
    found = alerts([whole], SETTINGS)
    assert (found["noticed"], found["false_alerts"], found["alerts_without_label"]) == (1, 0, 1)
    save_people([whole], tmp_path / "oof.npz")
    assert alerts(read_people(tmp_path / "oof.npz"), SETTINGS) == found


def test_a_window_that_was_not_judged_is_counted_where_it_has_a_label() -> None:
    told = judged("S1", [None, 0.2, None], np.array([0, 1, -1], np.int8), np.arange(3.0))
    assert (told.unjudged, told.labels.tolist(), len(told.passing)) == (1, [1], 0)


def save(file: Path, arrays: Mapping[str, Sequence[object]]) -> None:
    np.savez(file, allow_pickle=False, **{name: np.array(values) for name, values in arrays.items()})


def test_a_record_of_something_else_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "oof.npz"
    whole = {"probability": [0.2, 0.4], "label": [0, 1], "time_s": [0.0, 5.0], "subject": ["S1", "S1"]}
    foreign = (
        {"pulse": [1.0]},
        whole | {"label": [0]},
        whole | {"probability": [0.2, 7.0]},
        whole | {"label": ["a", "b"]},
    )
    for arrays in foreign:
        save(file, arrays)
        with pytest.raises(DatasetError, match=r"oof\.npz .*; give one that python -m models train wrist left"):
            read_people(file)
    file.write_bytes(b"PK\x03\x04 cut short")
    result = CliRunner().invoke(app, ["operating", "--run", str(tmp_path)])
    assert result.exit_code == 2
    assert "as judged windows" in result.stderr
    save(file, whole)
    assert [len(each.labels) for each in read_people(file)] == [2]
    alone = CliRunner().invoke(app, ["operating", "--run", str(tmp_path)])
    assert (alone.exit_code, "holds one person" in alone.stderr) == (2, True)

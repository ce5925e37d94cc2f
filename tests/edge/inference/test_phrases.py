"""What stands out in a body is told in words, each thing once."""

import math

import pytest

from edge.inference.phrases import MOST, PHRASES, Phrase, stand_out
from edge.signals.features import NAMES
from edge.signals.normalise import TREND


def test_one_thing_is_told_once_by_its_strongest_feature() -> None:
    told = stand_out({"heart_rate": 1.5, "pulse_rate": 2.5, "heart_rate_trend": 1.2, "conductance": 2.0})
    assert told == ["heart rate raised", "skin conductance raised"]


def test_what_lasts_is_said_to_last() -> None:
    assert stand_out({"rmssd": -0.4, "rmssd_trend": -1.8}) == ["beat intervals unusually even for minutes"]


def test_what_is_as_usual_or_no_number_is_not_told() -> None:
    assert stand_out({"heart_rate": 0.9, "temperature": math.nan, "enmo": math.inf, "lf_hf": 9.0}) == []


def test_the_strongest_few_are_told_strongest_first() -> None:
    told = stand_out({"heart_rate": 1.1, "conductance": -1.3, "enmo": 4.0, "temperature": -1.2})
    assert told == ["more movement", "skin conductance low", "wrist cooler"]
    assert len(told) == MOST


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.above)
def test_every_phrase_is_of_features_that_there_are(phrase: Phrase) -> None:
    assert set(phrase.features) <= set(NAMES)
    assert stand_out({phrase.features[0]: 2.0}) == [phrase.above]
    assert stand_out({f"{phrase.features[-1]}{TREND}": -2.0}) == [f"{phrase.below} for minutes"]

"""Recordings through the device's own rooms: the same online and offline, nothing learned from the judged."""

from collections.abc import Iterator

import numpy as np
import pytest

from edge.clock import HostNs, StreamNs
from edge.flow import Features
from edge.signals.body import Body
from edge.signals.features import NAMES
from edge.signals.normalise import Usual
from edge.signals.wear import Wear
from models.datasets.recordings import Recording, samples
from models.datasets.stress_predict import load
from models.wrist_streams import Hop, Seen, fit_usual, judge, runs, see, tell
from tests.models.datasets import e4


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return load(e4.stress_predict(tmp_path_factory.mktemp("made"), 2, 150))[1]


def made(values: Iterator[float] | list[float], worn: Wear = Wear.ON) -> Seen:
    """A person whose only known feature is the heart rate."""
    rows = [[v if name == "heart_rate" else np.nan for name in NAMES] for v in values]
    hops = [
        Hop(StreamNs(k), worn, Features(StreamNs(k + 1), NAMES, np.array(row, np.float32), 0.1, HostNs(0)))
        for k, row in enumerate(rows)
    ]
    return Seen("made", "S09", tuple(hops), np.arange(0.0, 5.0 * len(rows), 5.0), np.zeros(len(rows), np.int8))


def test_offline_is_what_the_device_does(recording: Recording) -> None:
    seen = see(recording, 60, 5)
    usual = fit_usual([seen], NAMES, prior=8.0, memory=240, stride=3, clip=4.0)
    body = Body(usual, 60, 5)
    live = [reading.told for packet in samples(recording) for reading in body.feed(packet)]
    told = tell(seen, usual, body.least_quality)
    assert len(live) == len(told.features) == 19
    for a, b in zip(live, told.features, strict=True):
        assert a is not None
        np.testing.assert_array_equal(a.values, b)
    assert told.usable.all()
    assert told.fresh.tolist() == [True, *[False] * 18]
    assert told.labels.tolist() == [int(recording.label_1hz[int(end) - 1]) for end in told.ends_s]


def test_every_labelled_window_is_judged_in_order(recording: Recording) -> None:
    seen = see(recording, 60, 5)
    usual = fit_usual([seen], ("heart_rate", "enmo"), memory=240)
    asked: list[bool] = []

    def say(features: Features) -> float:
        asked.append(features.gap)
        return len(asked) / 100

    judged = judge(seen, usual, 0.25, say)
    assert asked == [True, *[False] * 18]
    assert judged.probability.tolist() == [(k + 1) / 100 for k in range(19)]
    assert judged.labels.tolist() == seen.labels.tolist()
    assert judged.unjudged == 0


def test_windows_without_a_prediction_are_counted() -> None:
    seen = made([70.0] * 10, Wear.OFF)
    judged = judge(seen, fit_usual([made([70.0, 71.0])], ("heart_rate",)), 0.25, lambda features: 0.5)
    assert (len(judged.labels), judged.unjudged) == (0, 10)


def test_the_population_is_the_median_of_people_not_of_windows() -> None:
    long, short, other = made([60.0, 62.0] * 500), made([80.0, 84.0]), made([90.0, 91.0])
    usual = fit_usual([long, short, other], ("heart_rate",))
    assert usual.centre == (82.0,)


def test_states_are_carried_only_where_nothing_is_missing(recording: Recording) -> None:
    told = tell(see(recording, 60, 5), fit_usual([see(recording, 60, 5)], NAMES), 0.25)
    told.usable[[4, 5, 18]] = False
    told.fresh[[6, 10]] = True
    assert [(r.start, r.stop) for r in runs(told)] == [(0, 4), (6, 10), (10, 18)]


def test_a_watch_put_on_later_knows_nothing_of_before() -> None:
    seen = made([70.0, *[82.0] * 9])
    late = seen.late(1)
    assert len(late.hops) == len(late.ends_s) == len(late.labels) == 9
    usual = Usual(("heart_rate",), (80.0,), (5.0,), prior=1.0, stride=1)
    assert tell(late, usual, 0.1).features[-1, 0] < tell(seen, usual, 0.1).features[1, 0]

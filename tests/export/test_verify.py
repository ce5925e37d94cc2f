"""Agreement, drift, loss and the bar; calibration rows; latency; operators."""

import itertools

import numpy as np
import pytest

from edge.inference.runtime import load_network
from export.calibration import spread
from export.errors import BarError, LoweringError
from export.forms import CarriedState
from export.operators import fully_integer, operators
from export.verify import compare, logits_of, timed
from tests.fakes.networks import Slot, Step, dense, dense_int8, flatbuffer, leaky_step


def test_what_lowering_did_is_told_in_full() -> None:
    parent = np.array([[2, 0], [0, 2], [0.1, 0], [0, 1]], np.float32)
    lowered = np.array([[2, 0], [0, 2], [0, 0.1], [0, 1]], np.float32)
    measured = compare(lowered, parent, np.array([0, 1, 0, 0]))
    assert (measured.n, measured.agreement, measured.accuracy, measured.float_accuracy) == (4, 0.75, 0.5, 0.75)
    assert measured.loss_points == 25
    assert measured.drift == pytest.approx(0.05, abs=1e-3)
    with pytest.raises(BarError, match=r"face agrees with its float parent on 75\.0% of 4 held rows, at least 97%"):
        measured.bar("face")
    with pytest.raises(BarError, match=r"face loses 25\.00 points of accuracy on 4 held rows, at most 0\.5"):
        measured.bar("face", agreement=0.5)
    with pytest.raises(BarError, match=r"face is off its float parent's probabilities by 0\.012 on average"):
        measured.bar("face", max_loss=25, agreement=0.75, drift=0.01)
    measured.bar("face", max_loss=25, agreement=0.75)


def test_one_logit_is_the_logit_of_a_yes() -> None:
    measured = compare(np.array([[-1], [1]], np.float32), np.array([[-2], [2]], np.float32), None)
    assert (measured.agreement, measured.accuracy, measured.loss_points) == (1.0, None, None)
    assert measured.drift_mean == pytest.approx(0.15, abs=1e-2)
    with pytest.raises(BarError, match="wrist is off its float parent's probabilities by"):
        measured.bar("wrist")
    measured.bar("wrist", drift=None)


def test_states_are_carried_and_held_within_their_clip() -> None:
    network = load_network(leaky_step(1), name="step.tflite")
    windows = np.full((2, 4, 1), 2.0, np.float32)
    free = logits_of(network, {"features": windows}, [CarriedState("state", "state_out", 100.0)])
    held = logits_of(network, {"features": windows}, [CarriedState("state", "state_out", 1.0)])
    assert free.ravel().tolist() == [3.75, 3.75]
    assert held.ravel().tolist() == [2.5, 2.5]


def test_latency_is_told_at_the_middle_and_the_end() -> None:
    ticks = itertools.count()
    latency = timed(load_network(leaky_step(1), name="step.tflite"), lambda: next(ticks) / 1000)
    assert (latency.p50, latency.p99) == (1.0, 1.0)


def test_calibration_rows_are_spread_over_classes_and_people() -> None:
    classes, people = np.repeat([0, 1], [90, 10]), np.tile([0, 1], 50)
    rows = spread(100, (classes, people), 20)
    assert len(set(rows.tolist())) == 20
    assert np.count_nonzero(classes[rows]) == 10
    assert np.count_nonzero(people[rows]) == 10
    assert spread(5, (), 20).tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(spread(100, (classes,), 20), spread(100, (classes,), 20))


def test_operators_are_counted_and_foreign_ones_refused() -> None:
    assert operators(leaky_step(2)) == {"ADD": 1, "FULLY_CONNECTED": 1, "MUL": 1}
    assert fully_integer(dense_int8(np.ones((1, 2), np.int8), into="x", out="y"))
    assert not fully_integer(dense(np.ones((1, 2), np.float32), into="x", out="y"))
    foreign = flatbuffer([Slot("x", (1,)), Slot("y", (1,))], [Step("CUSTOM", (0,), (1,))], [0], [1])
    with pytest.raises(LoweringError, match="is no builtin of the runtime"):
        operators(foreign)

"""The wrist network: its size, and one step at a time the same as a whole sequence."""

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any, cast

import numpy as np
import pytest

from edge.clock import HostNs, StreamNs
from edge.flow import Features, Floats
from models.wrist import FEATURES, LABELS, STEPS, Walk, Weights, stepwise, vagus_wrist
from models.wrist_run import walker
from models.wrist_training import Recipe

RNG = np.random.default_rng(0)


def sequence(length: int) -> Floats:
    return RNG.normal(0, 1.5, (length, FEATURES)).astype(np.float32)


def test_size_and_names_are_what_the_docstring_says() -> None:
    model = vagus_wrist()
    assert model.count_params() == 4 * 24 * (48 + 24 + 1) + 2 * 25 == 7058
    assert [layer.name for layer in model.layers] == [
        "features", "input_dropout", "memory", "memory_dropout", "verdict",
    ]  # fmt: skip
    assert model.input_shape == (None, STEPS, FEATURES)
    assert model.output_shape == (None, len(LABELS))
    assert len(Recipe().names) == FEATURES
    assert vagus_wrist(every_step=True).output_shape == (None, STEPS, len(LABELS))


def test_step_by_step_is_the_whole_sequence() -> None:
    model = vagus_wrist(steps=40)
    whole = sequence(40)
    wanted = np.asarray(model(whole[np.newaxis], training=False))[0]
    walk = Walk(Weights.of(model))
    walked = [walk.step(row) for row in whole][-1]
    np.testing.assert_allclose(walked, wanted, atol=1e-5)
    step = stepwise(model)
    assert step.output_names == ["logits", "memory_h_out", "memory_c_out"]
    state = [np.zeros((1, 24), np.float32)] * 2
    logits = np.empty((1, 2), np.float32)
    for row in whole:
        logits, *state = (np.asarray(t) for t in cast(Any, step)([row[np.newaxis], *state], training=False))
    np.testing.assert_allclose(logits[0], wanted, atol=1e-5)
    np.testing.assert_allclose(state[1][0], walk.c, atol=1e-5)


def test_the_trained_steps_are_judged_as_the_last_one_is() -> None:
    every, last = vagus_wrist(steps=30, every_step=True), vagus_wrist(steps=30)
    last.set_weights(every.get_weights())
    whole = sequence(30)[np.newaxis]
    np.testing.assert_allclose(
        np.asarray(every(whole, training=False))[:, -1], np.asarray(last(whole, training=False)), atol=1e-6
    )


def test_hours_of_anything_stay_finite_and_a_gap_forgets_them() -> None:
    weights = Weights.of(vagus_wrist())
    loud = Weights(*(4 * getattr(weights, name) for name in ("kernel", "recurrent", "bias", "dense", "dense_bias")))
    walk = Walk(loud, clip=8)
    rows = sequence(4000)
    for row in rows:
        assert np.isfinite(walk.step(row)).all()
    assert np.abs(walk.c).max() <= 8
    say = walker(loud)
    first = say(features(rows[0], gap=True))
    say(features(rows[1]))
    assert say(features(rows[0], gap=True)) == first


def features(values: Floats, *, gap: bool = False) -> Features:
    return Features(StreamNs(0), Recipe().names, values, 1.0, HostNs(0), gap)


@pytest.mark.parametrize("steps", [1, 7])
def test_the_network_takes_any_length_it_is_asked_for(steps: int) -> None:
    assert vagus_wrist(features=5, units=8, steps=steps).count_params() == 4 * 8 * (5 + 8 + 1) + 2 * 9

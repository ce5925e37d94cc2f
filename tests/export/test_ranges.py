"""The range of an answer in int8: fitted only where it is coarse, and then better by what a softmax makes of it."""

import numpy as np

from edge.flow import Floats
from edge.inference.arrays import softmax
from export.ranges import coarse, telling


def logits(lowest: float) -> Floats:
    """Three classes near each other, and one that is impossible."""
    close = np.random.default_rng(0).normal(0, 3, (500, 3))
    return np.column_stack([close, np.full(500, lowest)]).astype(np.float32)


def in_int8(values: Floats, low: float, high: float) -> Floats:
    step = (high - low) / 255
    return (np.clip(np.round((values - low) / step), 0, 255) * step + low).astype(np.float32)


def test_a_fine_step_is_left_as_calibration_saw_it() -> None:
    fine = (0.2 * logits(-8)).astype(np.float32)
    assert coarse({"logits": fine}) == {}
    assert coarse({"logits": logits(-90), "votes": fine}).keys() == {"logits"}


def test_a_coarse_one_is_spent_on_what_can_happen() -> None:
    values = logits(-90)
    low, high = telling(values)
    assert -40 < low < 0 < high
    assert (high - low) / 255 < 0.1
    ours, plain = in_int8(values, low, high), in_int8(values, float(values.min()), float(values.max()))
    chosen = values.argmax(axis=1)
    assert np.mean(ours.argmax(axis=1) == chosen) > np.mean(plain.argmax(axis=1) == chosen)
    assert np.abs(softmax(ours) - softmax(values)).mean() < 0.5 * np.abs(softmax(plain) - softmax(values)).mean()


def test_answers_of_one_sign_keep_zero_in_the_range() -> None:
    for values in (logits(-90) - 100, logits(-90) + 200):
        low, high = telling(values.astype(np.float32))
        assert low <= 0 <= high


def test_of_unsure_answers_few_tie() -> None:
    close = np.random.default_rng(0).normal(0, 0.6, (2000, 7))
    close[:20] *= 12  # some that are sure, whose range all share
    values = close.astype(np.float32)
    low, high = telling(values)
    widest = in_int8(values, float(values.min()), float(values.max()))

    def ties(said: Floats) -> float:
        ordered = np.sort(said, axis=1)
        return float(np.count_nonzero(ordered[:, -1] == ordered[:, -2])) / len(said)

    assert ties(in_int8(values, low, high)) < 0.6 * ties(widest)

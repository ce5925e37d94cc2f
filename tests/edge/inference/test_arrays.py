"""Scaling, calibration and order of what goes into networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.inference.arrays import logistic, ordered, scaled_face, softmax, standardised


def test_a_face_fills_the_range_from_minus_one_to_one() -> None:
    image = np.zeros((48, 48), np.uint8)
    image[0, 0] = 255
    scaled = scaled_face(image, 127.5, 127.5)
    assert scaled.shape == (1, 48, 48, 1)
    assert (scaled.max(), scaled.min(), scaled.dtype) == (1.0, -1.0, np.float32)
    with pytest.raises(ValueError, match=r"must be grey uint8 \(h, w\), got uint8 \(48, 48, 3\)"):
        scaled_face(np.zeros((48, 48, 3), np.uint8), 127.5, 127.5)


def test_unknown_and_wild_features_are_tamed() -> None:
    mean, scale = np.array([1, 1, 1], np.float32), np.array([2, 2, 2], np.float32)
    values = standardised(np.array([np.nan, 3, 1e9], np.float32), mean, scale, 5.0)
    assert values.tolist() == [0, 1, 5]
    assert np.isnan(ordered(("a",), np.array([1], np.float32), ("a", "b"))[1])


def test_a_higher_temperature_is_less_sure() -> None:
    logits = np.array([3, 1, 0], np.float32)
    assert softmax(logits, 2.0).max() < softmax(logits).max()
    assert softmax(np.array([1e6, 0], np.float32)).tolist() == [1, 0]


@given(st.floats(-1e6, 1e6))
def test_a_logit_is_always_a_probability(logit: float) -> None:
    assert 0 <= logistic(logit) <= 1
    assert logistic(logit) == pytest.approx(1 - logistic(-logit), abs=1e-9)

"""Every figure says what scikit-learn, SciPy or a worked example says."""

import importlib
from typing import Any

import numpy as np
import pytest

from edge.inference.arrays import softmax
from models import metrics

sk: Any = importlib.import_module("sklearn.metrics")
distance: Any = importlib.import_module("scipy.spatial.distance")

_RNG = np.random.default_rng(3)
_LABELS = _RNG.integers(0, 4, 500)
_GUESSES = np.where(_RNG.random(500) < 0.6, _LABELS, _RNG.integers(0, 4, 500))
_COUNTS = metrics.confusion(_LABELS, _GUESSES, 4)


def test_confusion_has_truth_in_rows() -> None:
    assert np.array_equal(sk.confusion_matrix(_LABELS, _GUESSES), _COUNTS)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.accuracy, sk.accuracy_score(_LABELS, _GUESSES)),
        (metrics.balanced_accuracy, sk.balanced_accuracy_score(_LABELS, _GUESSES)),
        (metrics.macro_f1, sk.f1_score(_LABELS, _GUESSES, average="macro")),
        (metrics.macro_precision, sk.precision_score(_LABELS, _GUESSES, average="macro")),
        (metrics.mcc, sk.matthews_corrcoef(_LABELS, _GUESSES)),
        (metrics.mutual_information, sk.normalized_mutual_info_score(_LABELS, _GUESSES)),
        (
            metrics.g_mean,
            float(np.prod(np.asarray(sk.recall_score(_LABELS, _GUESSES, average=None), float)) ** 0.25),
        ),
    ],
)
def test_figures_of_a_confusion_matrix(ours: Any, theirs: float) -> None:
    assert ours(_COUNTS) == pytest.approx(theirs)


def test_a_class_that_is_not_there_counts_for_nothing() -> None:
    counts = metrics.confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert metrics.balanced_accuracy(counts) == pytest.approx(0.75)
    assert metrics.macro_f1(counts) == pytest.approx(2 / 3)


def test_a_class_never_found_makes_the_geometric_mean_zero() -> None:
    assert metrics.g_mean(np.array([[3, 0], [2, 0]])) == 0.0


def test_mcc_of_one_class_only_is_zero() -> None:
    assert metrics.mcc(np.array([[3, 0], [2, 0]])) == 0.0


def test_fowlkes_mallows_worked_example() -> None:
    # class 0: precision 2/3, recall 2/2; class 1: precision 1/1, recall 1/2
    assert metrics.fowlkes_mallows(np.array([[2, 0], [1, 1]])) == pytest.approx((np.sqrt(2 / 3) + np.sqrt(1 / 2)) / 2)


def test_ranking_with_ties() -> None:
    positive = _RNG.random(300) < 0.3
    scores = np.round(_RNG.normal(size=300) + positive, 1)
    assert metrics.auc(positive, scores) == pytest.approx(sk.roc_auc_score(positive, scores))
    assert metrics.average_precision(positive, scores) == pytest.approx(sk.average_precision_score(positive, scores))


def test_ranking_of_one_side_is_not_a_number() -> None:
    assert np.isnan(metrics.auc(np.array([True, True]), np.array([0.1, 0.2])))
    assert np.isnan(metrics.average_precision(np.array([False]), np.array([0.1])))


def test_calibration_error_worked_example() -> None:
    # four guesses at .8, three of them right: .05 off
    chances = np.array([[0.8, 0.2]] * 4, np.float32)
    assert metrics.calibration_error(chances, np.array([0, 0, 0, 1])) == pytest.approx(0.05)


def test_temperature_undoes_what_was_done_to_the_logits() -> None:
    logits = _RNG.normal(0, 2, (20_000, 5)).astype(np.float32)
    chances = softmax(logits)
    labels = (chances.cumsum(axis=1) < _RNG.random((20_000, 1))).sum(axis=1).clip(0, 4)
    assert metrics.fitted_temperature(logits * np.float32(3), labels) == pytest.approx(3, rel=0.05)


def test_bootstrap_holds_the_figure_and_is_wider_by_group() -> None:
    right = (_LABELS == _GUESSES).astype(float)
    people = np.arange(500) // 50
    right[people == 0] = 0

    def share(rows: Any) -> float:
        return float(right[rows].mean())

    low, high = metrics.bootstrap(share, 500)
    assert low < right.mean() < high
    wide = metrics.bootstrap(share, 500, groups=people)
    assert wide[1] - wide[0] > high - low


def test_smape_worked_example() -> None:
    assert metrics.smape(np.array([1.0, 0.0]), np.array([3.0, 0.0])) == pytest.approx(50)


def test_warping_follows_a_shifted_sequence() -> None:
    assert metrics.dtw(np.array([0.0, 1, 2, 3]), np.array([0.0, 0, 1, 2, 3])) == 0
    assert metrics.dtw(np.array([0.0, 0]), np.array([1.0, 2])) == 3


def test_jensen_shannon_is_scipys_squared_distance() -> None:
    p, q = np.array([0.1, 0.4, 0.5, 0.0]), np.array([0.3, 0.0, 0.5, 0.2])
    assert metrics.jensen_shannon(p, q) == pytest.approx(distance.jensenshannon(p, q, base=2) ** 2)


def test_conditional_entropy_worked_examples() -> None:
    assert metrics.conditional_entropy(np.diag([5, 5])) == pytest.approx(0)
    assert metrics.conditional_entropy(np.array([[5, 5], [5, 5]])) == pytest.approx(1)

"""What scikit-learn learned says the same on a device, which has no scikit-learn."""
# scikit-learn ships no types: what its estimators hold is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from edge.flow import Floats
from edge.inference.tensor_arrays import Arrays, judge
from models.tensor_runs import arrays_of, leave

RNG = np.random.default_rng(11)
LABELS = RNG.integers(0, 4, 400)
ROWS = (RNG.normal(0, 1, (400, 6)) + LABELS[:, None] * [1, 0, 0.5, 0, -1, 0.2]).astype(np.float32) * 30
SEEN, UNSEEN = ROWS[:300], ROWS[300:]
SCALER = StandardScaler().fit(SEEN)
SCALED = cast(Floats, SCALER.transform(SEEN))


def said(arrays: Arrays, rows: Floats) -> Floats:
    made = judge(arrays)
    return np.stack([made(row) for row in rows])


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("p", [1, 2])
def test_neighbours(weights: Any, p: int) -> None:
    learned = KNeighborsClassifier(7, weights=weights, p=p).fit(SCALED, LABELS[:300])
    ours = said(arrays_of(learned, SCALER), UNSEEN)
    np.testing.assert_allclose(ours, learned.predict_proba(SCALER.transform(UNSEEN)), atol=1e-5)
    assert np.array_equal(ours.argmax(axis=1), learned.predict(SCALER.transform(UNSEEN)))
    # rows that it learned from: a distance of nothing
    np.testing.assert_allclose(
        said(arrays_of(learned, SCALER), SEEN[:20]), learned.predict_proba(SCALED[:20]), atol=1e-5
    )


@pytest.mark.parametrize("whiten", [True, False])
def test_projection(whiten: bool) -> None:
    learned = PCA(3, whiten=whiten).fit(SEEN)
    np.testing.assert_allclose(said(arrays_of(learned), UNSEEN), learned.transform(UNSEEN), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("classes", [2, 4])
def test_support_vectors(kernel: Any, classes: int) -> None:
    rows, labels = SCALED[LABELS[:300] < classes], LABELS[:300][LABELS[:300] < classes]
    learned = SVC(kernel=kernel, coef0=0.3, break_ties=classes > 2).fit(rows, labels)
    ours = said(arrays_of(learned, SCALER), UNSEEN)
    parent = learned.decision_function(SCALER.transform(UNSEEN))
    np.testing.assert_allclose(ours if classes > 2 else 2 * ours[:, 1], parent, atol=2e-4)
    assert np.array_equal(ours.argmax(axis=1), learned.predict(SCALER.transform(UNSEEN)))


def test_what_a_device_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="neighbours by cosine and uniform"):
        arrays_of(KNeighborsClassifier(metric="cosine").fit(SEEN, LABELS[:300]))
    with pytest.raises(ValueError, match="kernel linear and ovo scores"):
        arrays_of(SVC(kernel="linear", decision_function_shape="ovo").fit(SEEN, LABELS[:300]))
    with pytest.raises(ValueError, match=r"classes are \['a', 'b'\]"):
        arrays_of(KNeighborsClassifier().fit(SEEN, np.where(LABELS[:300] > 1, "a", "b")))


def test_a_run_holds_what_the_parent_said(tmp_path: Path) -> None:
    learned = SVC().fit(SCALED, LABELS[:300] > 1)
    answers = learned.decision_function(SCALER.transform(UNSEEN))
    arrays = arrays_of(learned, SCALER)
    leave(
        tmp_path / "moving",
        arrays,
        UNSEEN,
        (LABELS[300:] > 1).astype(int),
        answers,
        {"features": list("abcdef")},
        {"n": 300},
    )
    with np.load(tmp_path / "moving" / "held.npz") as held:
        np.testing.assert_allclose(said(arrays, held["features"]), held["answers"], atol=1e-3)
        assert held["labels"].dtype == np.int64
    assert {path.name for path in (tmp_path / "moving").iterdir()} == {
        "tensors.npz", "held.npz", "contract.json", "card.json"
    }  # fmt: skip

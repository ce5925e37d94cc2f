"""What scikit-learn learned, left as a run: arrays that a device reads without scikit-learn.

    leave(run, arrays_of(classifier, scaler), held, labels, answers, contract, card)

writes `tensors.npz` (edge/inference/tensor_arrays.py says what is in it), `held.npz` (`features` (m, n) as the device
computes them, `labels` (m,) of people never learned from, `answers` (m, k), what the parent itself said),
`contract.json` and `card.json`; `edge-export --quantize` takes the run into a bundle by the directory's name.
"""

# scikit-learn ships no types: what its estimators hold is unknown to the checker. The functions' signatures are typed.
# pyright: reportMissingTypeStubs=false

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from edge.inference.tensor_arrays import Arrays

_Numbers = npt.NDArray[Any]


def arrays_of(learned: KNeighborsClassifier | PCA | SVC, scaler: StandardScaler | None = None) -> Arrays:
    """The arrays of a fitted estimator, and of the scaler that was fitted before it.

    Classes must be the integers 0, 1, ... in the order of the contract's labels. Raises ValueError for an estimator
    whose settings a device does not know.
    """
    arrays = {name: np.asarray(value) for name, value in _own(cast(Any, learned)).items()}
    if scaler is not None:
        fitted = cast(Any, scaler)
        arrays |= {"centre": fitted.mean_, "scale": fitted.scale_}
    return {name: value.astype(np.float32) if value.dtype == np.float64 else value for name, value in arrays.items()}


def leave(
    run: Path,
    arrays: Arrays,
    held: npt.NDArray[np.floating[Any]],
    labels: npt.NDArray[np.integer[Any]] | None,
    answers: npt.NDArray[np.floating[Any]],
    contract: Mapping[str, object],
    card: Mapping[str, object],
) -> None:
    """Write the run's files.

    ``contract`` has `features` and, of a classifier, `labels` in the order of the classes; whatever else it tells goes
    with it to the device. ``answers`` are the estimator's own: `predict_proba`, `decision_function` or `transform`.
    """
    run.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(run / "tensors.npz", **cast(Any, arrays))
    told = {} if labels is None else {"labels": labels.astype(np.int64)}
    said = answers.astype(np.float32)
    said = np.stack([-said / 2, said / 2], axis=1) if said.ndim == 1 else said
    np.savez_compressed(run / "held.npz", features=held.astype(np.float32), answers=said, **cast(Any, told))
    (run / "contract.json").write_text(json.dumps({"kind": str(arrays["kind"]), **contract}, indent=1) + "\n")
    (run / "card.json").write_text(json.dumps(card, indent=1) + "\n")


def _own(learned: Any) -> dict[str, Any]:
    if isinstance(learned, KNeighborsClassifier):
        return _knn(cast(Any, learned))
    if isinstance(learned, PCA):
        fitted = cast(Any, learned)
        spread = {"spread": np.sqrt(fitted.explained_variance_)} if fitted.whiten else {}
        return {"kind": "pca", "mean": fitted.mean_, "components": fitted.components_, **spread}
    return _svm(learned)


def _knn(fitted: Any) -> dict[str, Any]:
    metric = {("minkowski", 2): "euclidean", ("minkowski", 1): "manhattan"}.get((fitted.metric, fitted.p))
    metric = metric or fitted.metric
    if metric not in ("euclidean", "manhattan") or fitted.weights not in ("uniform", "distance"):
        raise ValueError(
            f"neighbours by {fitted.metric} and {fitted.weights}: a device knows euclidean or manhattan distance, "
            "uniform or distance weights; learn again with those"
        )
    _integers(fitted.classes_)
    return {
        "kind": "knn",
        "rows": fitted._fit_X,
        "classes": fitted._y.astype(np.int64),
        "neighbours": fitted.n_neighbors,
        "weighting": fitted.weights,
        "metric": metric,
    }


def _svm(fitted: Any) -> dict[str, Any]:
    if fitted.kernel not in ("linear", "poly", "rbf", "sigmoid") or fitted.decision_function_shape != "ovr":
        raise ValueError(
            f"a machine with kernel {fitted.kernel} and {fitted.decision_function_shape} scores: a device knows "
            "linear, poly, rbf and sigmoid kernels with ovr scores; learn again with those"
        )
    _integers(fitted.classes_)
    # Of two classes, scikit-learn turns libsvm's sign around.
    sign = -1 if len(fitted.classes_) == 2 else 1
    return {
        "kind": "svm",
        "support": fitted.support_vectors_,
        "counts": fitted.n_support_.astype(np.int64),
        "dual": sign * fitted.dual_coef_,
        "intercept": sign * fitted.intercept_,
        "kernel": fitted.kernel,
        "gamma": float(fitted._gamma),
        "coef0": float(fitted.coef0),
        "degree": int(fitted.degree),
    }


def _integers(classes: _Numbers) -> None:
    if classes.tolist() != list(range(len(classes))):
        raise ValueError(f"classes are {classes.tolist()}, expected 0, 1, ... in the order of the contract's labels")

"""Judges without a graph: what they say of what can be told by hand, how they are run, which arrays are none."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.inference.ports import NetworkError
from edge.inference.runtime import load_network
from edge.inference.tensor_arrays import TensorError, judge, read_tensors

Arrays = dict[str, npt.NDArray[Any]]


def made(**arrays: object) -> Arrays:
    """Arrays as training leaves them."""
    whole = {name: np.asarray(value) for name, value in arrays.items()}
    return {name: value.astype(np.float32) if value.dtype == np.float64 else value for name, value in whole.items()}


def file(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


KNN = made(
    kind="knn", rows=[[0.0, 0.0], [0.0, 1.0], [5.0, 5.0]], classes=[0, 0, 1], neighbours=2, weighting="distance",
    metric="euclidean", centre=[10.0, 10.0], scale=[2.0, 2.0],
)  # fmt: skip
PCA = made(kind="pca", mean=[1.0, 2.0], components=[[0.6, 0.8]], spread=[2.0])
SVM = made(
    kind="svm", support=[[-1.0], [1.0]], counts=[1, 1], dual=[[1.0, -1.0]], intercept=[0.0], kernel="linear",
    gamma=1.0, coef0=0.0, degree=3,
)  # fmt: skip


def features(*values: float) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32)


def test_the_nearest_rows_vote() -> None:
    knn = judge(KNN)
    assert knn(features(10, 10)).tolist() == [1, 0]
    assert knn(features(np.nan, 10)).tolist() == [1, 0]
    three = judge({**KNN, "neighbours": np.asarray(3), "weighting": np.asarray("uniform")})
    assert three(features(20, 20)) == pytest.approx([2 / 3, 1 / 3])
    assert knn(features(19, 20))[1] > 0.9


def test_a_projection_and_a_border() -> None:
    assert judge(PCA)(features(6, 2)) == pytest.approx([1.5])
    assert judge(SVM)(features(-3)).tolist() == [3, -3]


def test_they_run_as_networks_do() -> None:
    network = load_network(file(KNN), name="models/activity.npz")
    assert {name: port.shape for name, port in network.inputs.items()} == {"features": (1, 2)}
    (first,) = network.run({"features": features(19, 20)[np.newaxis]}).values()
    assert (first.shape, first.dtype, list(network.outputs)) == ((1, 2), np.float32, ["probability"])
    np.testing.assert_array_equal(network.quick()(features(19, 20)[np.newaxis]), first)
    network.reset()
    assert network.runtime.startswith("numpy ")
    with pytest.raises(NetworkError, match=r"features is float64 \(1, 2\), expected float32 \(1, 2\)"):
        network.run_raw({"features": np.zeros((1, 2))})
    with pytest.raises(NetworkError, match="features is its one input, got face"):
        network.run({"face": features(1)})
    with pytest.raises(NetworkError, match=r"a\.npz: kind is missing; there are no arrays"):
        load_network(file({}), name="a.npz")


@pytest.mark.parametrize(
    ("arrays", "change", "sentence"),
    [
        (KNN, {"kind": "tree"}, "kind is 'tree', expected one of knn, pca, svm"),
        (KNN, {"neighbours": 4}, "neighbours is 4, expected 1 to 3"),
        (KNN, {"classes": [0, 1]}, r"classes is int64 \(2,\), expected 3 integers"),
        (KNN, {"classes": [0, 1, -1]}, "classes is int64"),
        (KNN, {"rows": [[np.inf, 0.0]] * 3}, "rows holds NaN or infinity"),
        (KNN, {"scale": [1.0, 0.0]}, "scale holds numbers that are not above 0"),
        (KNN, {"metric": "cosine"}, "metric is 'cosine'"),
        (PCA, {"mean": [1.0]}, r"mean is float32 \(1,\), expected floats \(2,\)"),
        (PCA, {"components": [1.0, 2.0]}, "components is float32"),
        (SVM, {"counts": [1, 2]}, r"counts is \[1, 2\]"),
        (SVM, {"gamma": [1.0]}, r"gamma is float32 \(1,\), expected one number"),
        (SVM, {"intercept": [0.0, 0.0]}, "intercept is float32"),
    ],
)
def test_arrays_that_are_no_judge_are_named(arrays: Arrays, change: dict[str, object], sentence: str) -> None:
    with pytest.raises(TensorError, match=sentence):
        judge({**arrays, **made(**change)})


@pytest.mark.parametrize(("arrays", "name"), [(KNN, "rows"), (PCA, "components"), (SVM, "dual"), (KNN, "centre")])
def test_an_array_that_is_missing_is_named(arrays: Arrays, name: str) -> None:
    with pytest.raises(TensorError, match=f"{name} is missing; there are"):
        judge({key: value for key, value in arrays.items() if key != name})


@given(st.binary(max_size=60), st.integers(0, 3000))
def test_bytes_that_are_no_arrays_are_refused(content: bytes, cut: int) -> None:
    for broken in (content, file(SVM)[:cut]):
        try:
            read_tensors(broken)
        except TensorError:
            continue
        assert broken == file(SVM)

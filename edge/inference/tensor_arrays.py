"""Arrays of an `.npz` file to the judge that they are.

`kind` says which. Every kind may hold `centre` and `scale` (n,): features become (feature - centre) / scale, and one
that is NaN becomes 0.

`knn`: `rows` (m, n) scaled features that were learned, `classes` (m,) integers from 0, `neighbours`, `weighting`
(`uniform` or `distance`), `metric` (`euclidean` or `manhattan`).
`pca`: `mean` (n,), `components` (k, n), optionally `spread` (k,), what each component is divided by (whitening).
`svm`: `support` (m, n) grouped by class, `counts` (k,) rows of each class, `dual` (k-1, m), `intercept` (k(k-1)/2,),
`kernel` (`linear`, `poly`, `rbf` or `sigmoid`), `gamma`, `coef0`, `degree`, all as libsvm keeps them.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.inference.tensors import (
    Indices,
    Judge,
    Kernel,
    KNearest,
    Metric,
    Projection,
    Scaling,
    SupportVectors,
    Weighting,
)

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]
Kind: TypeAlias = Literal["knn", "pca", "svm"]


class TensorError(ValueError):
    """Arrays that are no judge; the sentence says which, what is wrong with it, and what would work."""


def read_tensors(content: bytes) -> Judge:
    """The judge in an `.npz` file's bytes; raise TensorError when they are none."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise TensorError(f"no arrays can be read ({error}); write them again") from error
    return judge(arrays)


def judge(arrays: Arrays) -> Judge:
    """The judge that these arrays are; raise TensorError naming the one that is missing, misshapen or not finite."""
    given = _Given(arrays)
    kind = given.word("kind", get_args(Kind))
    if kind == "knn":
        rows = given.floats("rows", 2)
        classes = given.integers("classes", len(rows))
        neighbours = int(given.number("neighbours"))
        if not 1 <= neighbours <= len(rows):
            raise TensorError(f"neighbours is {neighbours}, expected 1 to {len(rows)}, the rows that there are")
        weighting, metric = given.word("weighting", get_args(Weighting)), given.word("metric", get_args(Metric))
        scaling = given.scaling(rows.shape[1])
        return KNearest(scaling, rows, classes, neighbours, cast(Weighting, weighting), cast(Metric, metric))
    if kind == "pca":
        components = given.floats("components", 2)
        k, n = components.shape
        spread = given.floats("spread", 1, (k,)) if "spread" in arrays else np.ones(k, np.float32)
        return Projection(given.scaling(n), given.floats("mean", 1, (n,)), components, spread)
    support = given.floats("support", 2)
    m, n = support.shape
    counts = given.integers("counts")
    k = len(counts)
    if k < 2 or int(counts.sum()) != m:
        raise TensorError(f"counts is {counts.tolist()}, expected two classes or more that add up to {m} rows")
    return SupportVectors(
        given.scaling(n),
        support,
        counts,
        given.floats("dual", 2, (k - 1, m)),
        given.floats("intercept", 1, (k * (k - 1) // 2,)),
        cast(Kernel, given.word("kernel", get_args(Kernel))),
        given.number("gamma"),
        given.number("coef0"),
        int(given.number("degree")),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """Arrays by name, each checked as it is asked for."""

    arrays: Arrays

    def floats(self, name: str, axes: int, shape: tuple[int, ...] | None = None) -> Floats:
        values = self._of(name)
        if values.dtype.kind != "f" or values.ndim != axes or 0 in values.shape or shape not in (None, values.shape):
            wanted = f"floats {shape}" if shape is not None else f"floats with {axes} axes"
            raise TensorError(f"{name} is {values.dtype} {values.shape}, expected {wanted}")
        if not bool(np.all(np.isfinite(values))):
            raise TensorError(f"{name} holds NaN or infinity; learn again from finite features")
        return np.ascontiguousarray(values, np.float32)

    def integers(self, name: str, length: int | None = None) -> Indices:
        values = self._of(name)
        if values.dtype.kind not in "iu" or values.ndim != 1 or length not in (None, len(values)) or values.min() < 0:
            raise TensorError(f"{name} is {values.dtype} {values.shape}, expected {length or 'some'} integers from 0")
        return values.astype(np.int64)

    def number(self, name: str) -> float:
        values = self._of(name)
        if values.shape != () or values.dtype.kind not in "fiu" or not np.isfinite(values):
            raise TensorError(f"{name} is {values.dtype} {values.shape}, expected one number")
        return float(values)

    def word(self, name: str, known: tuple[str, ...]) -> str:
        values = self._of(name)
        if values.shape != () or str(values) not in known:
            raise TensorError(f"{name} is {str(values)[:40]!r}, expected one of {', '.join(known)}")
        return str(values)

    def scaling(self, n: int) -> Scaling:
        """Nothing is scaled where nothing is said."""
        if not self.arrays.keys() & {"centre", "scale"}:
            return Scaling(np.zeros(n, np.float32), np.ones(n, np.float32))
        scale = self.floats("scale", 1, (n,))
        if not bool(np.all(scale > 0)):
            raise TensorError("scale holds numbers that are not above 0; drop the features that never change")
        return Scaling(self.floats("centre", 1, (n,)), scale)

    def _of(self, name: str) -> npt.NDArray[Any]:
        if name not in self.arrays:
            raise TensorError(f"{name} is missing; there are {', '.join(sorted(self.arrays)) or 'no arrays'}")
        return self.arrays[name]

"""Sequences in; the same along the principal components of those that were learned from, out."""
# scikit-learn ships no types: what its estimators return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from edge.flow import Floats
from models.mouthami import COMPONENTS


@dataclass(frozen=True, slots=True, eq=False)
class Along:
    """A scaler and the components after it."""

    scaler: StandardScaler
    components: PCA

    @property
    def explained(self) -> float:
        """Share of the variance that the components keep."""
        return float(np.sum(cast(Any, self.components).explained_variance_ratio_))


def fitted(rows: Floats, seed: int) -> Along:
    """Of all steps of sequences (n, steps, k)."""
    along = Along(StandardScaler(), PCA(COMPONENTS, random_state=seed))
    flat = rows.reshape(-1, rows.shape[2])
    cast(Any, along.components).fit(cast(Any, along.scaler).fit_transform(flat))
    return along


def projected(along: Along, rows: Floats) -> Floats:
    """Sequences (n, steps, k) to (n, steps, COMPONENTS)."""
    scaled = cast(Any, along.scaler).transform(rows.reshape(-1, rows.shape[2]))
    seen = np.asarray(cast(Any, along.components).transform(scaled), np.float32)
    return seen.reshape(len(rows), rows.shape[1], -1)

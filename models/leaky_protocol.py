"""The split of Bagga and Makwana 2026, which leaks: oversample everything, then divide at random.

Their Tables 5 to 7 test on 6,293 images: a tenth of seven classes of 8,989, each made as many as the commonest. Copies
were made before the division, so that most test images were learned from.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LeakySplit:
    """Rows of a file, repeated as oversampling repeats them."""

    learning: Rows
    test: Rows
    leaked: float
    """Share of test rows whose very row is also learned from"""


def oversampled(labels: Labels, seed: int) -> Rows:
    """Every row, then rows of each class drawn with replacement until all classes are as many as the commonest."""
    rng = np.random.default_rng((seed, 2))
    counts = np.bincount(labels)
    drawn = [
        rng.choice(np.flatnonzero(labels == name), int(counts.max() - counts[name])) for name in np.flatnonzero(counts)
    ]
    return np.concatenate([np.arange(len(labels)), *drawn]).astype(np.int64)


def leaky_split(labels: Labels, seed: int, test_share: float = 0.1) -> LeakySplit:
    """Divide what oversampling made, 90 to 10 at random."""
    rows = np.random.default_rng((seed, 3)).permutation(oversampled(labels, seed))
    count = round(test_share * len(rows))
    learning, test = rows[count:], rows[:count]
    return LeakySplit(learning, test, float(np.isin(test, learning).mean()))

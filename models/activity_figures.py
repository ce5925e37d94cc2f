"""Guesses of activity in, what a card tells out; read without scikit-learn, where bundles are scored."""

import numpy as np
import numpy.typing as npt

from edge.signals.activity import LEVELS
from models import metrics
from models.activity_windows import Windowed

Labels = npt.NDArray[np.int64]


def figures(bouts: Windowed, guesses: Labels) -> dict[str, object]:
    """What a card tells; intervals draw whole people again."""
    counts = metrics.confusion(bouts.levels, guesses, len(LEVELS))
    person = np.unique(bouts.people, return_inverse=True)[1]

    def macro(rows: Labels) -> float:
        return metrics.macro_f1(metrics.confusion(bouts.levels[rows], guesses[rows], len(LEVELS)))

    return {
        "n": len(guesses),
        "people": len(set(bouts.people)),
        "accuracy": metrics.accuracy(counts),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "macro_f1": metrics.macro_f1(counts),
        "macro_f1_95": metrics.bootstrap(macro, len(guesses), groups=person),
        "f1": dict(zip(LEVELS, (round(float(f), 4) for f in metrics.f1_scores(counts)), strict=True)),
        "mcc": metrics.mcc(counts),
        "confusion": counts.tolist(),
        "labels": list(LEVELS),
        "per_person_accuracy": {
            name: round(float((guesses == bouts.levels)[np.array(bouts.people) == name].mean()), 4)
            for name in sorted(set(bouts.people))
        },
    }

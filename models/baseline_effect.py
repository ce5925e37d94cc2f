"""What a personal baseline is worth on people left out: `python -m models.baseline_effect --data ../shared/data`.

Prints JSON. The same networks judge each person twice from the same window on: from the population alone, and told
from a baseline that was measured on the person's first quiet five minutes (Stress-Predict begins with rest). `late` is
a watch put on a quarter of an hour into the recording, `next` one put on when the baseline is done.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from edge.clock import StreamNs
from edge.signals.baseline import Baseline, PersonalBaseline, seeded
from edge.signals.wear import Wear
from models import metrics
from models.datasets import stress_predict
from models.protocol import of, subject_folds
from models.wrist_run import learn, walker
from models.wrist_streams import Judged, Seen, judge, see
from models.wrist_training import Recipe

_LATE_HOPS = 180
_DRAWS = 2000
Pairs = dict[str, list[tuple[Judged, Judged]]]


def main(
    data: Annotated[Path, typer.Option(help="Directory of the recordings.")],
    seeds: Annotated[int, typer.Option(help="Runs of seven folds each.", min=1)] = 3,
    threshold: Annotated[float, typer.Option(help="Stress from this probability on.")] = 0.53,
) -> None:
    """Train, judge twice, compare."""
    recipe = Recipe()
    recordings = stress_predict.labelled(stress_predict.load(data))
    people = [(r.subject, see(r, recipe.window_s, recipe.hop_s)) for r in recordings]
    told = {name: difference(pairs, threshold) for name, pairs in paired(people, recipe, seeds).items()}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def paired(people: Sequence[tuple[str, Seen]], recipe: Recipe, seeds: int) -> Pairs:
    """Everybody, judged by networks that never met them, without and with a baseline."""
    pairs: Pairs = {"late": [], "next": []}
    for seed in range(seeds):
        for fold in subject_folds([name for name, _ in people], recipe.folds, seed):
            learned = learn(of(fold.learn, people), recipe, seed, lambda _: None)
            for person in of(fold.judge, people):
                measured = first_baseline(person, recipe.window_s)
                if measured is None:
                    continue
                baseline, done = measured
                own = seeded(learned.usual, baseline)
                for name, hops in (("late", max(done, _LATE_HOPS)), ("next", done)):
                    after = person.late(hops)
                    without, with_it = (
                        judge(after, usual, recipe.least_quality, walker(learned.weights))
                        for usual in (learned.usual, own)
                    )
                    pairs[name].append((without, with_it))
    return pairs


def first_baseline(person: Seen, window_s: float) -> tuple[PersonalBaseline, int] | None:
    """The baseline of a recording's first five quiet minutes, and the first hop after them."""
    baseline = Baseline(window_s, StreamNs(0))
    for hop in person.hops:
        if hop.worn is Wear.ON and baseline.feed(hop.raw) >= 1:
            made = baseline.result()
            later = [k for k, other in enumerate(person.hops) if other.start >= hop.raw.end]
            return (made, later[0]) if made is not None and later else None
    return None


def difference(pairs: Sequence[tuple[Judged, Judged]], threshold: float) -> dict[str, object]:
    """Balanced accuracy without and with, and the interval of their difference, whole people drawn again."""
    names = sorted({without.subject for without, _ in pairs})
    counts = np.zeros((len(names), 2, 2, 2))
    for pair in pairs:
        for k, judged in enumerate(pair):
            guesses = (judged.probability >= threshold).astype(np.int64)
            counts[names.index(judged.subject), k] += metrics.confusion(judged.labels, guesses, 2)

    def balanced(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[float]:
        both = counts[rows].sum(axis=0)
        return [metrics.balanced_accuracy(c.astype(np.int64)) for c in both]

    everybody = np.arange(len(names))
    without, with_it = balanced(everybody)
    drawn = np.random.default_rng(0).integers(len(names), size=(_DRAWS, len(names)))
    gains = [b - a for a, b in (balanced(rows) for rows in drawn)]
    low, high = np.quantile(gains, [0.025, 0.975]).tolist()
    return {
        "people": len(names),
        "balanced_accuracy_without": round(without, 4),
        "balanced_accuracy_with": round(with_it, 4),
        "difference": round(with_it - without, 4),
        "difference_95": [round(low, 4), round(high, 4)],
    }


if __name__ == "__main__":
    typer.run(main)

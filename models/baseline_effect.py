"""What a personal baseline is worth on people left out: `python -m models.baseline_effect --data ../shared/data`.

Prints JSON. The same networks judge each person twice from the same window on: from the population alone, and told
from a baseline that was measured on the person's first quiet five minutes (Stress-Predict begins with rest). `late` is
a watch put on a quarter of an hour into the recording, `next` one put on when the baseline is done, `worn` one that was
worn from the start, heard the quiet minutes itself and goes on, as it does live. How much a baseline
counts for is chosen on the other people: `chosen_without_each_group` is what that choice does to people left out of it.

Windows and networks are kept in --run: minutes the first time, one after that.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from edge.clock import StreamNs
from edge.signals.baseline import Baseline, PersonalBaseline, seeded
from edge.signals.body import Body
from edge.signals.normalise import Usual
from edge.signals.wear import Wear
from models import metrics
from models.datasets import stress_predict
from models.learned_store import learned
from models.metrics import Numbers
from models.protocol import of, subject_folds
from models.seen_store import seen
from models.wrist_run import walker
from models.wrist_streams import Judge, Judged, Seen, judge, judge_on
from models.wrist_training import Recipe

_LATE_HOPS = 180
_DRAWS = 2000
_GROUPS = 9
STARTS = ("late", "next", "worn")
WEIGHTS = (8.0, 12.0, 24.0)
"""Remembered windows that a baseline and the population count for (edge/signals/normalise.Usual.rest)."""
Pairs = list[tuple[Judged, Judged]]
People = npt.NDArray[np.int64]


Data = Annotated[Path, typer.Option(help="Directory of the recordings.")]
Seeds = Annotated[int, typer.Option(help="Runs of seven folds each.", min=1)]
Threshold = Annotated[float, typer.Option(help="Stress from this probability on.")]
Run = Annotated[Path, typer.Option(help="Where windows and networks are kept between runs.")]


def main(data: Data, seeds: Seeds = 3, threshold: Threshold = 0.53, run: Run = Path("runs/baseline")) -> None:
    """Train, judge twice, compare."""
    recipe = Recipe()
    people = everybody(data, recipe, run)
    sys.stdout.write(json.dumps(effect(people, recipe, seeds, threshold, run), indent=1) + "\n")


def everybody(data: Path, recipe: Recipe, run: Path) -> list[tuple[str, Seen]]:
    """Every labelled recording of Stress-Predict, window by window; kept in ``run``."""
    recordings = stress_predict.labelled(stress_predict.load(data))
    return [(r.subject, seen(r, recipe.window_s, recipe.hop_s, run)) for r in recordings]


def effect(
    people: Sequence[tuple[str, Seen]], recipe: Recipe, seeds: int, threshold: float, store: Path | None = None
) -> dict[str, object]:
    """Figures of each weight, and of a weight chosen on other people, by when the watch is put on."""
    told: dict[str, object] = {}
    for name, by_weight in paired(people, recipe, seeds, store).items():
        counts = {rest: counted(pairs, threshold) for rest, pairs in by_weight.items()}
        told[name] = {
            "by_weight": {f"{rest:g}": difference(each) for rest, each in counts.items()},
            "chosen_without_each_group": difference(_left_out(counts)),
        }
    return told


def paired(
    people: Sequence[tuple[str, Seen]], recipe: Recipe, seeds: int, store: Path | None = None
) -> dict[str, dict[float, Pairs]]:
    """Everybody, judged by networks that never met them, without and with a baseline, by start and weight."""
    pairs: dict[str, dict[float, Pairs]] = {name: {rest: [] for rest in WEIGHTS} for name in STARTS}
    for seed in range(seeds):
        for fold in subject_folds([name for name, _ in people], recipe.folds, seed):
            known = learned(people, fold, recipe, seed, store, quiet)
            for person in of(fold.judge, people):
                measured = first_baseline(person, recipe.window_s)
                if measured is None:
                    continue
                baseline, done = measured
                usuals = {rest: replace(known.usual, rest=rest) for rest in WEIGHTS}
                for name, hops in (("late", max(done, _LATE_HOPS)), ("next", done)):
                    after = person.late(hops)
                    without = judge(after, known.usual, recipe.least_quality, walker(known.weights))
                    for rest, usual in usuals.items():
                        own = seeded(usual, baseline)
                        with_it = judge(after, own, recipe.least_quality, walker(known.weights))
                        pairs[name][rest].append((without, with_it))
                without = _worn(person, known.usual, None, done, recipe, walker(known.weights))
                for rest, usual in usuals.items():
                    with_it = _worn(person, usual, baseline, done, recipe, walker(known.weights))
                    pairs["worn"][rest].append((without, with_it))
    return pairs


def _worn(
    person: Seen, usual: Usual, baseline: PersonalBaseline | None, done: int, recipe: Recipe, say: Judge
) -> Judged:
    """From the first window on, anchored at the hop ``done`` as the daemon does it, judged from there on."""
    body = Body(usual, recipe.window_s, recipe.hop_s, recipe.least_quality)
    for hop in person.hops[:done]:
        told = body.tell(hop.worn, hop.raw, hop.start).told
        if told is not None:
            say(told)
    if baseline is not None:
        body.anchor(baseline)
    return judge_on(person.late(done), body, say)


def first_baseline(person: Seen, window_s: float) -> tuple[PersonalBaseline, int] | None:
    """The baseline of a recording's first five quiet minutes, and the first hop after them."""
    baseline = Baseline(window_s, StreamNs(0))
    for hop in person.hops:
        if hop.worn is Wear.ON and baseline.feed(hop.raw) >= 1:
            made = baseline.result()
            later = [k for k, other in enumerate(person.hops) if other.start >= hop.raw.end]
            return (made, later[0]) if made is not None and later else None
    return None


def counted(pairs: Pairs, threshold: float) -> Numbers:
    """(people, 2, 2, 2): each person's confusion without and with, over all networks; people in order of name."""
    names = sorted({without.subject for without, _ in pairs})
    counts = np.zeros((len(names), 2, 2, 2))
    for pair in pairs:
        for k, judged in enumerate(pair):
            guesses = (judged.probability >= threshold).astype(np.int64)
            counts[names.index(judged.subject), k] += metrics.confusion(judged.labels, guesses, 2)
    return counts


def difference(counts: Numbers) -> dict[str, object]:
    """Balanced accuracy without and with, and the interval of their difference, whole people drawn again."""
    everybody = np.arange(len(counts))
    without, with_it = _balanced(counts, everybody)
    drawn = np.random.default_rng(0).integers(len(counts), size=(_DRAWS, len(counts)))
    gains = [b - a for a, b in (_balanced(counts, rows) for rows in drawn)]
    low, high = np.quantile(gains, [0.025, 0.975]).tolist()
    apart = [_balanced(counts, np.array([k])) for k in everybody.tolist()]
    return {
        "people": len(counts),
        "balanced_accuracy_without": round(without, 4),
        "balanced_accuracy_with": round(with_it, 4),
        "difference": round(with_it - without, 4),
        "difference_95": [round(low, 4), round(high, 4)],
        "better": sum(b > a for a, b in apart),
    }


def _left_out(counts: Mapping[float, Numbers]) -> Numbers:
    """Counts of each person at the weight that helped the others most."""
    people = len(next(iter(counts.values())))
    chosen = np.zeros((people, 2, 2, 2))
    for part in np.array_split(np.random.default_rng(0).permutation(people), min(_GROUPS, people)):
        others = np.setdiff1d(np.arange(people), part)
        best = max(counts, key=lambda rest: _balanced(counts[rest], others)[1])
        chosen[part] = counts[best][part]
    return chosen


def _balanced(counts: Numbers, rows: People) -> list[float]:
    both = counts[rows].sum(axis=0)
    return [metrics.balanced_accuracy(c.astype(np.int64)) for c in both]


def quiet(note: str) -> None:
    """JSON is all that is printed."""
    del note


if __name__ == "__main__":
    typer.run(main)

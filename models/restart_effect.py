"""What it is worth to know the wearer over a restart, on people left out: `python -m models.restart_effect --data ...`.

Prints JSON. The daemon is started again half an hour into each recording of Stress-Predict. What follows is judged by
the same networks as of a stranger, and as of the person whom it remembers (edge/acquaintance.py); the network's own
state starts anew both times. Beside it, a daemon that was never stopped against the one that remembers.

Windows and networks are kept in --run, the same as those of `models.baseline_effect`.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from edge.signals.body import Body
from models.baseline_effect import Data, Pairs, Run, Seeds, Threshold, counted, difference, everybody, quiet
from models.learned_store import learned
from models.protocol import of, subject_folds
from models.wrist_run import Learned, walker
from models.wrist_streams import Judge, Judged, Seen, judge_on
from models.wrist_training import Recipe

STOPPED_HOPS = 360
"""Half an hour."""


def main(data: Data, seeds: Seeds = 3, threshold: Threshold = 0.53, run: Run = Path("runs/baseline")) -> None:
    """Train, judge three times, compare."""
    recipe = Recipe()
    people = everybody(data, recipe, run)
    sys.stdout.write(json.dumps(effect(people, recipe, seeds, threshold, run), indent=1) + "\n")


def effect(
    people: Sequence[tuple[str, Seen]], recipe: Recipe, seeds: int, threshold: float, store: Path | None = None
) -> dict[str, object]:
    """Balanced accuracy after the restart: of a stranger against remembered, and remembered against never stopped."""
    strangers, unstopped = Pairs(), Pairs()
    for seed in range(seeds):
        for fold in subject_folds([name for name, _ in people], recipe.folds, seed):
            known = learned(people, fold, recipe, seed, store, quiet)
            for person in of(fold.judge, people):
                stranger, remembered, never = restarted(person, known, recipe)
                strangers.append((stranger, remembered))
                unstopped.append((remembered, never))
    return {
        "stranger_then_remembered": difference(counted(strangers, threshold)),
        "remembered_then_never_stopped": difference(counted(unstopped, threshold)),
    }


def restarted(person: Seen, known: Learned, recipe: Recipe) -> tuple[Judged, Judged, Judged]:
    """What comes after the restart, judged as of a stranger, as remembered, and as if there had been none."""
    before, say = _body(known, recipe), walker(known.weights)
    _live(person, before, say)
    remembering = _body(known, recipe)
    remembering.recall(before.remembered())
    after = person.late(STOPPED_HOPS)
    stranger = judge_on(after, _body(known, recipe), walker(known.weights))
    return stranger, judge_on(after, remembering, walker(known.weights)), judge_on(after, before, say)


def _body(known: Learned, recipe: Recipe) -> Body:
    return Body(known.usual, recipe.window_s, recipe.hop_s, recipe.least_quality)


def _live(person: Seen, body: Body, say: Judge) -> None:
    """The first half hour."""
    for hop in person.hops[:STOPPED_HOPS]:
        told = body.tell(hop.worn, hop.raw, hop.start).told
        if told is not None:
            say(told)


if __name__ == "__main__":
    typer.run(main)

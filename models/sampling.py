"""Recordings in; what each way of sampling costs and what it still notices, out, as figures and a plot."""

from collections.abc import Callable, Sequence
from pathlib import Path

from models.datasets import stress_predict, wesad
from models.learned_store import learned as network_of
from models.protocol import Fold, subject_folds
from models.sampling_figures import figures
from models.sampling_life import POLICIES, Clockwork, Lived, live
from models.sampling_plot import plot
from models.sampling_replay import Person, replay
from models.wrist_figures import fitted
from models.wrist_run import Learned, walker
from models.wrist_training import Recipe

Say = Callable[[str], None]


def compare_sampling(data: Path, store: Path, seed: int, say: Say, picture: Path | None = None) -> dict[str, object]:
    """Replay Stress-Predict, and WESAD where it is, under every policy; the figures of each.

    People of Stress-Predict are judged by networks that never met them, those of WESAD by one that learned from
    Stress-Predict alone. Temperature and threshold are fitted to what full rate says of Stress-Predict, and serve every
    policy. Windows and networks are kept in ``store``, so that a second run takes a minute. Raises DatasetError.
    """
    recipe = Recipe()
    recordings = stress_predict.labelled(stress_predict.load(data))
    people = replay(recordings, recipe.window_s, recipe.hop_s, store, say)
    named = [(person.subject, person.seen) for person in people]
    folds = subject_folds([name for name, _ in named], recipe.folds, seed)
    learned = {name: network for fold in folds for network in [network_of(named, fold, recipe, seed, store, say)]
               for name in fold.judge}  # fmt: skip
    temperature, threshold = _operating_point(people, learned, recipe)
    told, lives = _compare(people, lambda name: learned[name], recipe, temperature, threshold, say)
    figures: dict[str, object] = {
        "seed": seed,
        "temperature": temperature,
        "threshold": threshold,
        "stress_predict": told,
    }
    if (data / wesad.FILE).is_file():
        everybody = Fold(tuple(name for name, _ in named), ())
        final = network_of(named, everybody, recipe, seed, store, say)
        others = replay(wesad.load(data, wesad.Calm.BASELINE), recipe.window_s, recipe.hop_s, store, say)
        figures["wesad"], _ = _compare(others, lambda _: final, recipe, temperature, threshold, say)
    if picture is not None:
        plot(told, lives, picture)
        say(f"wrote {picture}")
    return figures


def _compare(
    people: Sequence[Person],
    network: Callable[[str], Learned],
    recipe: Recipe,
    temperature: float,
    threshold: float,
    say: Say,
) -> tuple[dict[str, dict[str, object]], dict[str, list[Lived]]]:
    """Every policy over everybody: figures by policy, and the lives behind them."""
    clockwork, lives = _clockwork(recipe), dict[str, list[Lived]]()
    for name, make in POLICIES.items():
        lives[name] = [
            live(person, make(), known.usual, walker(known.weights, temperature), clockwork)
            for person in people
            for known in [network(person.subject)]
        ]
        say(f"{name} over {len(people)} people")
    full = next(iter(lives.values()))
    return {name: figures(lived, full, threshold) for name, lived in lives.items()}, lives


def _operating_point(people: Sequence[Person], learned: dict[str, Learned], recipe: Recipe) -> tuple[float, float]:
    """Temperature and threshold, as the wrist's own training fits them (models/wrist_run.py)."""
    full = next(iter(POLICIES.values()))
    judged = [
        live(person, full(), known.usual, walker(known.weights), _clockwork(recipe)).judged
        for person in people
        for known in [learned[person.subject]]
    ]
    known = fitted(judged)
    return known.temperature, known.threshold


def _clockwork(recipe: Recipe) -> Clockwork:
    return Clockwork(recipe.window_s, recipe.hop_s, recipe.least_quality)

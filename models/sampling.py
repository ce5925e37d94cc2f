"""Recordings in; what each way of sampling costs and what it still notices, out, as figures and a plot."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge.signals.features import FEATURE_VERSION
from edge.signals.normalise import Usual
from models import metrics
from models.datasets import stress_predict, wesad
from models.protocol import Fold, of, subject_folds
from models.sampling_figures import figures
from models.sampling_life import POLICIES, Clockwork, Lived, live
from models.sampling_plot import plot
from models.sampling_replay import Person, replay
from models.wrist import Weights
from models.wrist_figures import best_threshold, calibrated, logit, pooled
from models.wrist_run import Learned, learn, walker
from models.wrist_streams import Seen
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
    learned = {name: network for fold in folds for network in [_network(named, fold, recipe, seed, store, say)]
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
        final = _network(named, everybody, recipe, seed, store, say)
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
    chance, labels, _, _ = pooled(judged)
    both = np.stack([-logit(chance) / 2, logit(chance) / 2], axis=1).astype(np.float32)
    temperature = round(metrics.fitted_temperature(both, labels), 4)
    return temperature, best_threshold(calibrated(judged, temperature, 0.0))


def _clockwork(recipe: Recipe) -> Clockwork:
    return Clockwork(recipe.window_s, recipe.hop_s, recipe.least_quality)


def _network(
    people: Sequence[tuple[str, Seen]], fold: Fold, recipe: Recipe, seed: int, store: Path, say: Say
) -> Learned:
    """The network that learned from these people at full rate; from ``store`` if it is there."""
    recipe_id = zlib.crc32(repr((recipe, FEATURE_VERSION)).encode())
    path = store / f"network-{'-'.join(fold.judge) or 'everybody'}-{seed}-{recipe_id:08x}.npz"
    if not path.is_file():
        learned = learn(of(fold.learn, people), recipe, seed, lambda _: None)
        w, usual = learned.weights, learned.usual
        np.savez_compressed(
            path, kernel=w.kernel, recurrent=w.recurrent, bias=w.bias, dense=w.dense, dense_bias=w.dense_bias,
            centre=np.array(usual.centre), scale=np.array(usual.scale),
        )  # fmt: skip
        say(f"learned from all but {', '.join(fold.judge) or 'nobody'}")
    with np.load(path, allow_pickle=False) as kept:
        weights = Weights(kept["kernel"], kept["recurrent"], kept["bias"], kept["dense"], kept["dense_bias"])
        centre, scale = tuple(kept["centre"].tolist()), tuple(kept["scale"].tolist())
    return Learned(Usual(recipe.names, centre, scale, **recipe.constants()), weights)  # pyright: ignore[reportArgumentType]  # memory is a whole number among floats

"""A fold's network, kept in a file between runs."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge.signals.features import FEATURE_VERSION
from edge.signals.normalise import Usual
from models.protocol import Fold, of
from models.wrist import Weights
from models.wrist_run import Learned, learn
from models.wrist_streams import Seen
from models.wrist_training import Recipe


def learned(
    people: Sequence[tuple[str, Seen]], fold: Fold, recipe: Recipe, seed: int, store: Path | None,
    say: Callable[[str], None],
) -> Learned:  # fmt: skip
    """The network that learned from the fold's people; from ``store`` if it is there, else left there."""
    if store is None:
        return learn(of(fold.learn, people), recipe, seed, lambda _: None)
    recipe_id = zlib.crc32(repr((recipe, FEATURE_VERSION)).encode())
    path = store / f"network-{'-'.join(fold.judge) or 'everybody'}-{seed}-{recipe_id:08x}.npz"
    if not path.is_file():
        store.mkdir(parents=True, exist_ok=True)
        made = learn(of(fold.learn, people), recipe, seed, lambda _: None)
        w, usual = made.weights, made.usual
        np.savez_compressed(
            path, kernel=w.kernel, recurrent=w.recurrent, bias=w.bias, dense=w.dense, dense_bias=w.dense_bias,
            centre=np.array(usual.centre), scale=np.array(usual.scale),
        )  # fmt: skip
        say(f"learned from all but {', '.join(fold.judge) or 'nobody'}")
    with np.load(path, allow_pickle=False) as kept:
        weights = Weights(kept["kernel"], kept["recurrent"], kept["bias"], kept["dense"], kept["dense_bias"])
        centre, scale = tuple(kept["centre"].tolist()), tuple(kept["scale"].tolist())
    return Learned(Usual(recipe.names, centre, scale, **recipe.constants()), weights)  # pyright: ignore[reportArgumentType]  # memory is a whole number among floats

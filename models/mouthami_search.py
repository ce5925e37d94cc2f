"""A network of Mouthami et al. 2025 and a share of the data in; what their Table 2 should be set to, out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models import face_augment, plateau_fit, tuning
from models.catalog import TrainingError
from models.face_division import read
from models.face_protocol import clean_split, groups
from models.metrics import Labels
from models.mouthami import mouthami_face, mouthami_fusion
from models.mouthami_data import Fused, fused, learned_from, sources
from models.plateau_fit import PlateauRecipe
from models.projection import fitted, projected
from models.tuning import FOLDS, Choice, Judge

Fold = npt.NDArray[np.int64]


def tune(
    network: str, data: Path, run: Path, *, trials: int, share: float, sampler: str, epochs: int, seed: int,
    seen: Callable[[float, str], None],
) -> dict[str, object]:  # fmt: skip
    """Search and leave search.json; TrainingError for a network or a sampler that there is not."""
    tuning.searchable(network)
    if sampler not in ("random", "tpe"):
        raise TrainingError(f"no sampler is called {sampler}; there are random and tpe")
    judge = _faces(data, share, epochs, seed) if network == "mouthami_face" else _fusion(data, run, share, epochs, seed)
    return tuning.search(
        network, run, judge, sampler=sampler, trials=trials, seed=seed,
        told={
            "share": share, "epochs": epochs, "folds": FOLDS, "seed": seed,
            "data": tuning.checksum(learned_from(network, data, run.parent)),
        },
        ended=lambda done, best: seen(done / trials, f"trial {done}, best {best:.3f}"),
    )  # fmt: skip


def _faces(data: Path, share: float, epochs: int, seed: int) -> Judge:
    """Folds of the learning part; copies of a face are in one fold."""
    faces = read(data)
    rows = clean_split(faces).learning
    few = faces.take(np.random.default_rng(seed).permutation(rows)[: max(FOLDS * 20, round(share * len(rows)))])
    fold = _folds(groups(few.images), seed)
    inputs = face_augment.scaled(few.images)

    def judge(choice: Choice, left: int) -> float:
        build = partial(mouthami_face, choice.filters, choice.kernel, choice.dense, choice.dropout)
        out = fold == left
        judged = (inputs[out], few.labels[out])
        model = plateau_fit.fit(build, (inputs[~out], few.labels[~out]), judged, _recipe(choice, epochs), seed)
        return plateau_fit.accuracy(model, judged)

    return judge


def _fusion(data: Path, run: Path, share: float, epochs: int, seed: int) -> Judge:
    """Folds of the learning people; scaler and projection are fitted anew without the fold."""
    told = sources(data, run.parent)
    made: dict[int, Fused] = {}

    def judge(choice: Choice, left: int) -> float:
        if choice.steps not in made:
            made[choice.steps] = _some(fused(told, 0, choice.steps, seed), share, seed)
        part = made[choice.steps]
        out = _folds(np.unique(np.array(part.people), return_inverse=True)[1], seed) == left
        along = fitted(part.rows[~out], seed)
        learned, judged = ((projected(along, part.rows[which]), part.labels[which]) for which in (~out, out))
        build = partial(mouthami_fusion, choice.steps, choice.units, choice.dense, choice.dropout)
        model = plateau_fit.fit(build, learned, judged, _recipe(choice, epochs), seed)
        return plateau_fit.accuracy(model, judged)

    return judge


def _some(part: Fused, share: float, seed: int) -> Fused:
    """A share of the sequences."""
    few = np.random.default_rng(seed).permutation(len(part.labels))[: max(FOLDS * 20, round(share * len(part.labels)))]
    return Fused(part.rows[few], part.labels[few], tuple(np.array(part.people)[few].tolist()))


def _folds(group: Labels, seed: int) -> Fold:
    """A fold for each row (n,); groups are never divided."""
    names, place = np.unique(group, return_inverse=True)
    return (np.random.default_rng((seed, 4)).permutation(len(names)) % FOLDS)[place]


def _recipe(choice: Choice, epochs: int) -> PlateauRecipe:
    return PlateauRecipe(epochs=epochs, batch=choice.batch, rate=choice.rate, optimizer=choice.optimizer)

"""Fitting a network the same way every time: seeded batches, cosine rate, averaged weights, a checkpoint each epoch."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.catalog import TrainingError
from models.processor import multiplies_bfloat16
from models.put_whole import put_arrays

Batch = tuple[Floats, Floats]
Score = Callable[[keras.Model], dict[str, float]]
"""Judges the averaged weights after an epoch on what may be looked at while training: a tuning part."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast a network learns."""

    epochs: int
    steps: int
    """Batches an epoch."""
    rate: float = 2e-3
    """Highest learning rate; it rises over the first epoch and falls as a cosine to a hundredth."""
    weight_decay: float = 2e-2
    label_smoothing: float = 0.05
    averaging: float = 0.998
    """Momentum of the exponential average of the weights, which is what is kept."""
    bfloat16: bool = field(default_factory=multiplies_bfloat16)
    """Multiply in bfloat16, by default where the processor does so by itself; weights and sums stay float32."""
    patience: int | None = None
    """Epochs without a better first score after which learning stops; the best epoch is kept. None: the last one is."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What was seen after one pass."""

    number: int
    loss: float
    scores: dict[str, float]


def fit(
    build: Callable[[], keras.Model],
    batches: Callable[[int], Iterator[Batch]],
    recipe: Recipe,
    run: Path,
    *,
    of: Mapping[str, object],
    seed: int,
    resume: bool,
    heads: int = 1,
    score: Score,
    seen: Callable[[int, int, float], None],
    ended: Callable[[Epoch], None],
) -> keras.Model:
    """Train; returns the network with its averaged weights. `batches(epoch)` must depend on nothing but the epoch.

    A network with several `heads` gives their logits side by side, and targets lie side by side too: their losses add.
    `seen(epoch, step, loss)` is called after each batch, `ended` after each epoch. With `resume` the last checkpoint
    under `run` is taken up, if there is one; without, the run begins anew. `of` says, so that JSON can hold it, what
    else the weights depend on: protocol, the caller's recipe, a checksum of the data. TrainingError if the checkpoint
    is of anything else, or of another recipe, seed or network, or if there is less than a batch to learn from.
    """
    if recipe.steps < 1:
        raise TrainingError("there is less to learn from than one batch; give more recordings with --data")
    checkpoint = run / "checkpoint"
    _begin(checkpoint, {**of, "fit": asdict(recipe), "seed": seed}, resume=resume)
    keras.utils.set_random_seed(seed)
    model = _compiled(build, recipe, heads)
    average = _Average(model.get_weights(), recipe.averaging)
    begin = _restore(model, average, checkpoint)
    _strike(checkpoint / "epochs.jsonl", begin)
    for epoch in range(begin, recipe.epochs):
        if _stalled(history(run), recipe.patience):
            break
        sow(model, seed, epoch)
        losses: list[float] = []
        with ThreadPoolExecutor(1) as ahead:
            for step, (inputs, targets) in enumerate(_prefetched(ahead, batches(epoch))):
                losses.append(float(model.train_on_batch(inputs, targets)))
                average.take(model.get_weights())
                seen(epoch, step, losses[-1])
        learned = model.get_weights()
        model.set_weights(average.weights)
        result = Epoch(epoch + 1, float(np.mean(losses)), score(model))
        model.set_weights(learned)
        behind = history(run)
        if recipe.patience is not None and _best([*behind, result]) == len(behind):
            put_arrays(checkpoint / "best.npz", *average.weights)
        # the log goes first: what it tells beyond the state is struck out when the run is taken up
        with (checkpoint / "epochs.jsonl").open("a") as log:
            log.write(json.dumps(asdict(result)) + "\n")
        _save(model, average, checkpoint, epoch + 1)
        ended(result)
    model.set_weights(average.weights if recipe.patience is None else _kept(checkpoint))
    return model


def told(epoch: Epoch) -> str:
    """An epoch in one line."""
    scores = ", ".join(f"{name.replace('_', ' ')} {score:.4f}" for name, score in epoch.scores.items())
    return f"epoch {epoch.number}: loss {epoch.loss:.4f}, {scores}"


def history(run: Path) -> list[Epoch]:
    """The epochs that a run has behind it."""
    log = run / "checkpoint" / "epochs.jsonl"
    return [Epoch(**json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


def remember(run: Path, epochs: list[Epoch]) -> None:
    """Give a run that was not trained here the epochs that lie behind its network, and nothing of another training."""
    checkpoint = run / "checkpoint"
    shutil.rmtree(checkpoint, ignore_errors=True)
    checkpoint.mkdir(parents=True)
    (checkpoint / "epochs.jsonl").write_text("".join(json.dumps(asdict(epoch)) + "\n" for epoch in epochs))


def must_hold_none(*runs: Path) -> None:
    """Raise TrainingError where a training left its checkpoint: nobody's is overwritten without a word."""
    for run in runs:
        if (run / "checkpoint" / "state.npz").exists():
            raise TrainingError(f"a training of your own lies in {run}; name another --run, or move that one away")


def checksum(*arrays: npt.NDArray[Any]) -> str:
    """CRC-32 of arrays one after the other: enough to notice that a run was begun with other data."""
    told = 0
    for array in arrays:
        told = zlib.crc32(np.ascontiguousarray(array).data, told)
    return f"{told:08x}"


def _begin(checkpoint: Path, of: dict[str, object], *, resume: bool) -> None:
    """Leave a checkpoint that is to be taken up as it is, or an empty one that says of what it is."""
    file, state = checkpoint / "of.json", checkpoint / "state.npz"
    told = json.dumps(of, indent=1)
    if not (resume and state.exists()):
        shutil.rmtree(checkpoint, ignore_errors=True)
        checkpoint.mkdir(parents=True, exist_ok=True)
        file.write_text(told + "\n", encoding="utf-8")
        return
    instead = "leave out --resume to begin anew, or name another --run"
    try:
        found = dict[str, Any](json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"of what {state} is cannot be read from {file} ({error}); {instead}") from error
    if others := ", ".join(dict.fromkeys(_differing(found, json.loads(told)))):
        raise TrainingError(f"{state} is of another training ({others}); {instead}")


def _differing(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    """In words what two say differently."""
    for name in {**found, **wanted}:
        one, other = found.get(name), wanted.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differing(cast(dict[str, Any], one), cast(dict[str, Any], other))
        elif one != other:
            yield f"{name.replace('_', ' ')} {one} instead of {other}"


def sow(model: keras.Model, seed: int, epoch: int) -> None:
    """Begin what dropout draws anew with each epoch: no checkpoint holds it, and a resumed run must draw the same."""
    rng = np.random.default_rng((seed, epoch, 1))
    for variable in cast(Any, model).variables:
        if variable.name == "seed_generator_state":
            variable.assign(rng.integers(1, 10**9, 2))


def _best(epochs: list[Epoch]) -> int:
    """Index of the first epoch with the highest first score."""
    firsts = [next(iter(epoch.scores.values())) for epoch in epochs]
    return firsts.index(max(firsts))


def _stalled(epochs: list[Epoch], patience: int | None) -> bool:
    return patience is not None and bool(epochs) and len(epochs) - 1 - _best(epochs) >= patience


def _kept(checkpoint: Path) -> list[Floats]:
    """The averaged weights of the best epoch."""
    with np.load(checkpoint / "best.npz") as held:
        return [held[f"arr_{index}"] for index in range(len(held.files))]


class _Average:
    """The exponential average of all weights, those of batch normalisation included: a network needs both alike."""

    def __init__(self, weights: list[Floats], momentum: float) -> None:
        self.weights = [weight.copy() for weight in weights]
        self.taken = 0
        self._momentum = momentum

    def take(self, weights: list[Floats]) -> None:
        """Move towards these; quickly at first, when the average still remembers the beginning."""
        self.taken += 1
        keep = min(self._momentum, (1 + self.taken) / (10 + self.taken))
        for held, weight in zip(self.weights, weights, strict=True):
            held += np.float32(1 - keep) * (weight - held)


def _compiled(build: Callable[[], keras.Model], recipe: Recipe, heads: int) -> keras.Model:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.bfloat16 else "float32")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy(before)
    steps = recipe.epochs * recipe.steps
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 20, max(1, steps - recipe.steps), alpha=0.01, warmup_target=recipe.rate, warmup_steps=recipe.steps
    )
    optimizer = cast(Any, keras.optimizers.AdamW)(rate, weight_decay=recipe.weight_decay, clipnorm=5.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    each = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)

    def loss(targets: Any, logits: Any) -> Any:
        pairs = zip(_split(targets, heads), _split(logits, heads), strict=True)
        losses: list[Any] = [each(target, said) for target, said in pairs]
        return sum(losses) / heads

    model.compile(optimizer, loss)
    optimizer.build(model.trainable_variables)
    return model


def _split(rows: Any, heads: int) -> list[Any]:
    return cast(Any, keras.ops.split)(rows, heads, -1)


def _prefetched(ahead: ThreadPoolExecutor, batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, the next one being made while this one is learned."""
    coming = ahead.submit(next, batches, None)
    while (batch := coming.result()) is not None:
        coming = ahead.submit(next, batches, None)
        yield batch


def _save(model: keras.Model, average: _Average, checkpoint: Path, epochs: int) -> None:
    """Weights, their average and the optimizer's state in one file, put in place at once."""
    arrays = [np.asarray(value) for value in (*model.get_weights(), *average.weights)]
    arrays += [np.asarray(variable) for variable in cast(Any, model.optimizer).variables]
    named = {f"{index:04d}": array for index, array in enumerate(arrays)}
    counts = {"epochs": epochs, "taken": average.taken}
    put_arrays(checkpoint / "state.npz", **named, **{name: np.array(count) for name, count in counts.items()})


def _strike(log: Path, epochs: int) -> None:
    """Leave the lines of so many epochs: a run that was killed may have told of one more, or of half of it."""
    if log.exists():
        kept = log.read_text().splitlines(keepends=True)[:epochs]
        log.write_text("".join(kept))


def _restore(model: keras.Model, average: _Average, checkpoint: Path) -> int:
    """Take up the last checkpoint; the number of epochs behind it, 0 when there is none."""
    state = checkpoint / "state.npz"
    if not state.exists():
        return 0
    try:
        with state.open("rb") as file, np.load(file) as held:
            arrays = [held[name] for name in sorted(held.files) if name.isdigit()]
            epochs, average.taken = int(held["epochs"]), int(held["taken"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise TrainingError(f"{state} cannot be read ({error}); train without --resume") from error
    count, variables = len(average.weights), cast(Any, model.optimizer).variables
    wanted = [weight.shape for weight in (*average.weights, *average.weights)] + [tuple(v.shape) for v in variables]
    if [array.shape for array in arrays] != wanted:
        raise TrainingError(f"{state} is of another network; train without --resume, or into another --run")
    model.set_weights(arrays[:count])
    average.weights = arrays[count : 2 * count]
    for variable, value in zip(variables, arrays[2 * count :], strict=True):
        variable.assign(value)
    return epochs

"""Training the network that follows an expression, on clips of Training faces, beside the frame network it listens to.

Needs the run of a frame network beside its own: runs/face, or runs/face_wide.
Leaves in the run's directory: model.keras, contract.json, calibration.npz, held.npz, card.json.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np

from edge.flow import EMOTIONS, Floats
from edge.inference.arrays import softmax
from models import metrics, training
from models.catalog import Task
from models.datasets.fer2013 import Faces
from models.expression_clips import KINDS, STEPS, Clips, Kind, assembled
from models.face_division import read
from models.face_protocol import clean_split
from models.face_sequences import face_sequence
from models.frame_features import VIEWS, Seen, fingerprint, frame_network, seen
from models.metrics import Labels
from models.sequence_figures import Judged, compared
from models.training import Batch

_HELD = 600


@dataclass(frozen=True, slots=True)
class SequenceRecipe:
    """How many clips, how long."""

    epochs: int = 12
    clips: int = 12_000
    """An epoch, half of each kind"""
    batch: int = 64
    rate: float = 2e-3
    patience: int = 3
    judged: int = _HELD
    """Clips of each kind"""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Faces of one purpose, and what the frame network sees in them."""

    labels: Labels
    seen: Seen

    def clips(self, count: int, kind: Kind, seed: tuple[int, ...]) -> Clips:
        """Put together from these faces."""
        return assembled(self.labels, count, VIEWS, kind, np.random.default_rng((*seed, KINDS.index(kind))))


@dataclass(frozen=True, slots=True, eq=False)
class _Scaling:
    """Features over the learning frames at mean 0 and deviation 1."""

    centre: Floats
    scale: Floats

    def __call__(self, part: _Part, clips: Clips) -> Floats:
        """(n, STEPS, 192) of clips."""
        return ((part.seen.features[clips.rows, clips.views] - self.centre) / self.scale).astype(np.float32)


def train(task: Task, recipe: SequenceRecipe | None = None) -> dict[str, object]:
    """Fit the network and judge it beside the frame network on the same clips of PublicTest; the card's figures."""
    recipe = recipe or SequenceRecipe()
    recipe = recipe if task.epochs is None else replace(recipe, epochs=task.epochs)
    learning, tuning, test, told = _parts(task)
    seen = learning.seen.features
    scaling = _Scaling(seen.mean(axis=(0, 1)), seen.std(axis=(0, 1)) + np.float32(1e-6))
    tried: dict[Kind, Clips] = {kind: tuning.clips(recipe.judged, kind, (task.seed, 1)) for kind in KINDS}
    fitted = _fitted(task, recipe, learning, tuning, tried, scaling)
    rows: dict[str, Any] = {}
    for kind in KINDS:
        last = test.clips(recipe.judged, kind, (task.seed, 2))
        judged = [_judged(fitted, part, c, scaling(part, c)) for part, c in ((tuning, tried[kind]), (test, last))]
        for row, figures in compared(judged[0], judged[1]).items():
            rows[f"{kind}: {row}"] = figures | {"drawn": row in ("frame network", "GRU")}
    temperature = metrics.fitted_temperature(
        np.concatenate([_said(fitted, scaling(tuning, c))[:, -1] for c in tried.values()]),
        np.concatenate([c.labels[:, -1] for c in tried.values()]),
    )
    card: dict[str, object] = {
        "network": task.network, "seed": task.seed, "command": task.command, "recipe": asdict(recipe), **told,
        "about": _ABOUT, "notes": _notes(rows), "rows": rows, "labels": list(EMOTIONS),
        "epochs": [asdict(epoch) for epoch in training.history(task.run)],
    }  # fmt: skip
    held = test.clips(recipe.judged, "people", (task.seed, 2))
    ready = (scaling(learning, learning.clips(512, "people", (task.seed, 3))), scaling(test, held))
    return _leave(fitted, task.run, ready, held.labels[:, -1], (scaling, temperature), card)


def _fitted(
    task: Task, recipe: SequenceRecipe, learning: _Part, tuning: _Part, tried: dict[Kind, Clips], scaling: _Scaling
) -> keras.Model:
    def batches(epoch: int) -> Iterator[Batch]:
        both = [learning.clips(recipe.clips // len(KINDS), kind, (task.seed, 10 + epoch)) for kind in KINDS]
        rows, views, labels = (np.concatenate([getattr(one, name) for one in both]) for name in _FIELDS)
        order = np.random.default_rng((task.seed, epoch)).permutation(len(rows))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            here = order[start : start + recipe.batch]
            targets = np.eye(len(EMOTIONS), dtype=np.float32)[labels[here]]
            yield scaling(learning, Clips(rows[here], views[here], labels[here])), targets.reshape(len(here), -1)

    def score(model: keras.Model) -> dict[str, float]:
        guesses = [(_said(model, scaling(tuning, c)).argmax(axis=2), c.labels) for c in tried.values()]
        return {"tuning_accuracy": float(np.mean([metrics.agreement(*pair) for pair in guesses]))}

    fit = training.Recipe(
        recipe.epochs, recipe.clips // recipe.batch, recipe.rate, bfloat16=False, patience=recipe.patience
    )
    total = recipe.epochs * fit.steps
    faces = [each for part in (learning, tuning) for each in (part.labels, part.seen.features)]
    of = {"network": task.network, "recipe": asdict(recipe), "data_checksum": training.checksum(*faces)}
    return training.fit(
        lambda: _flat(face_sequence(every=True)), batches, fit, task.run, of=of, seed=task.seed, resume=task.resume,
        heads=STEPS, score=score,
        seen=lambda epoch, step, loss: task.seen((epoch * fit.steps + step + 1) / total, f"loss {loss:.3f}"),
        ended=lambda epoch: task.say(training.told(epoch)),
    )  # fmt: skip


_FIELDS = ("rows", "views", "labels")
_ABOUT = (
    "Clips are put together from PublicTest faces, an expression held for 4 to 9 frames, then another; learned from "
    "clips of Training faces alone, stopped by others of them. Nobody's identity is kept from frame to frame. In "
    "`people` every frame is another face: errors are independent, which flatters whatever averages. In `held` one "
    "face, moved a little, stands for an expression: errors persist. A real clip lies between. Every frame is judged, "
    "by itself and those before it. Not a medical device."
)


def _notes(rows: dict[str, Any]) -> list[str]:
    """By how much the sequence network is better, for each row beside it."""
    return [
        f"GRU minus {name}, accuracy: {row['gru_better_by']:+.3f} "
        f"({row['gru_better_by_95'][0]:+.3f} to {row['gru_better_by_95'][1]:+.3f}; clips drawn again)"
        for name, row in rows.items()
        if "gru_better_by" in row
    ]


def _parts(task: Task) -> tuple[_Part, _Part, _Part, dict[str, object]]:
    """Learning faces roughened, tuning and test faces as they are; every face in several slightly moved pictures."""
    faces = read(task.data)
    split = clean_split(faces)
    path = frame_network(task.run.parent)
    parts: list[_Part] = []
    for number, rows in enumerate((split.learning, split.tuning, split.test)):
        those: Faces = faces.take(rows)
        cache = task.run / f"seen{number}.npz"
        parts.append(_Part(those.labels, seen(path, those, cache, seed=number, rough=number == 0)))
        task.say(f"the frame network has seen {len(those)} faces")
    learning, tuning, test = parts
    told: dict[str, object] = {"frame_network": f"{path.parent.name}/{path.name}"}
    return learning, tuning, test, told | {"frame_network_sha256": fingerprint(path)}


def _flat(model: keras.Model) -> keras.Model:
    """Logits of all frames side by side, as models/training.py wants those of several heads."""
    return keras.Model(model.inputs, keras.layers.Flatten(name="frames")(model.outputs[0]))


def _said(model: keras.Model, features: Floats) -> Floats:
    """Logits (n, STEPS, 7) of clips (n, STEPS, 192)."""
    said = np.asarray(cast(Any, model).predict(features, batch_size=256, verbose="0"), np.float32)
    return said.reshape(len(features), STEPS, -1)


def _judged(model: keras.Model, part: _Part, clips: Clips, features: Floats) -> Judged:
    frames = part.seen.logits[clips.rows, clips.views]
    return Judged(clips.labels, softmax(frames), softmax(_said(model, features)))


def _leave(
    fitted: keras.Model, run: Path, ready: tuple[Floats, Floats], labels: Labels,
    scaling: tuple[_Scaling, float], card: dict[str, object],
) -> dict[str, object]:  # fmt: skip
    """Write the run's files: the same weights, which say the last frame's logits."""
    model = face_sequence()
    model.set_weights(fitted.get_weights())
    card["parameters"] = int(model.count_params())
    model.save(run / "model.keras")
    np.savez_compressed(run / "calibration.npz", features=ready[0])
    np.savez_compressed(run / "held.npz", features=ready[1], labels=labels)
    (centre, scale), temperature = (scaling[0].centre, scaling[0].scale), scaling[1]
    piece = {
        "labels": list(EMOTIONS), "steps": STEPS, "centre": centre.tolist(), "scale": scale.tolist(),
        "temperature": temperature, "frame_network_sha256": card["frame_network_sha256"],
    }  # fmt: skip
    (run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")
    (run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card

"""Training the fusion head from what both networks said of people they never learned.

Needs runs/face/tuning.npz (what the device would believe of the face network's tuning part) and runs/wrist/oof.npz (the
wrist network's probabilities on its left-out subjects). People of one half train the head, those of the other half
judge it.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast
from zipfile import BadZipFile

import keras
import msgspec
import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS, Floats
from edge.inference.arrays import softmax
from edge.inference.late import LateFusion
from models import metrics
from models.catalog import Task
from models.datasets import DatasetError
from models.fusion import TENSE, Labels, Pairs, fusion_head, label_matched, with_dropout


@dataclass(frozen=True, slots=True)
class FusionRecipe:
    """How the head learns."""

    agreement: float = 0.6
    """How often a face shows the state that the body is in: an assumption, no paired recordings exist to measure it.

    Faces tell inner states little better than chance (Barrett et al., Psychological Science in the Public Interest
    20(1), 2019), so a face may lean on the wrist's word, not overrule it.
    """
    pairs: int = 40_000
    held: int = 8_000
    epochs: int = 12
    batch: int = 256
    rate: float = 3e-3


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the two networks said of people they never learned."""

    faces: Floats
    """(n, 7) calibrated probabilities"""
    emotions: Labels
    wrist: Floats
    """(m,) calibrated logits of stress"""
    stress: Labels
    people: Labels
    """(m,) whose wrist"""
    alike: Labels
    """(n,) the same for faces that are copies of one picture"""


def train(task: Task) -> dict[str, object]:
    """Fit the head from the runs beside its own and leave its files; returns the card's figures, or DatasetError."""
    recipe = FusionRecipe() if task.epochs is None else FusionRecipe(epochs=task.epochs)
    said = read(task.run.parent / "face", task.run.parent / "wrist")
    learn, judge = halves(said, task.seed)
    rng = np.random.default_rng(task.seed)
    keras.utils.set_random_seed(task.seed)
    head = fusion_head()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    cast(Any, head).compile(keras.optimizers.Adam(cast(Any, _falling(recipe))), loss)
    for epoch in range(recipe.epochs):
        losses = [
            float(head.train_on_batch(_feeds(batch), batch.labels[:, np.newaxis].astype(np.float32)))
            for batch in _batches(_paired(learn, recipe.pairs, recipe, rng), recipe.batch, rng)
        ]
        task.seen((epoch + 1) / recipe.epochs, f"loss {np.mean(losses):.3f}")
    held = _paired(judge, recipe.held, recipe, rng)
    experts = LateFusion(TENSE, _tense_share(learn), recipe.agreement)
    choice = chosen(logits(head, held), experts.logits(held.face, held.wrist, held.present), held)
    card: dict[str, object] = {
        "network": task.network,
        "command": task.command,
        "seed": task.seed,
        "parameters": int(head.count_params()),
        "recipe": asdict(recipe),
        "tense_emotions": list(TENSE),
        "pairing": "label-matched: no recordings of face and wrist together exist; see agreement",
        "chosen": asdict(choice),
        "held": _figures(head, held, experts),
        "examples": _examples(head),
    }
    piece = {"kind": "late", "late": msgspec.to_builtins(experts)} if choice.kind == "late" else {}
    _leave(head, task.run, _paired(learn, 2048, recipe, rng), held, card, piece)
    return card


def read(face_run: Path, wrist_run: Path) -> Said:
    """Collect what both networks said; raise DatasetError naming the command that would make what is missing."""
    tuned, oof = face_run / "tuning.npz", wrist_run / "oof.npz"
    for path, name in ((tuned, "face"), (oof, "wrist")):
        if not path.exists():
            raise DatasetError(f"{path} is not there; run `python -m models train {name} --data DIR` first", path)
    try:
        face_contract = json.loads((face_run / "contract.json").read_text(encoding="utf-8"))
        temperature = float(face_contract.get("votes_temperature") or face_contract["temperature"])
        # NumPy leaves files open that turn out to be no archives, so it is given bytes
        ours, theirs = (io.BytesIO(path.read_bytes()) for path in (tuned, oof))
        with np.load(ours, allow_pickle=False) as face, np.load(theirs, allow_pickle=False) as wrist:
            chances = np.clip(wrist["probability"].astype(np.float64), 1e-4, 1 - 1e-4)
            _, people = np.unique(wrist["subject"], return_inverse=True)
            # a run of before copies were told says the same of each copy, to the bit
            _, alike = np.unique(face["logits"], axis=0, return_inverse=True)
            return Said(
                faces=softmax(face["logits"], temperature),
                emotions=face["labels"].astype(np.int64),
                wrist=np.log(chances / (1 - chances)).astype(np.float32),
                stress=wrist["label"].astype(np.int64),
                people=people.astype(np.int64),
                alike=face["alike"] if "alike" in face.files else alike.reshape(-1).astype(np.int64),
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        cure = "train both networks again"
        raise DatasetError(f"{face_run} or {wrist_run} holds no whole run ({error}); {cure}", tuned) from error


def logits(head: keras.Model, pairs: Pairs) -> Floats:
    """The head's logits (n,)."""
    return np.asarray(head.predict(_feeds(pairs), batch_size=4096, verbose="0"), np.float32)[:, 0]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which fusion the bundle is to hold."""

    kind: Literal["head", "late"]
    late_gain: float
    """By how much the experts' accuracy on the held pairs lies above the head's."""
    interval: tuple[float, float]
    """Of that gain, 95 %, people drawn anew."""
    why: str


def chosen(head: Floats, late: Floats, held: Pairs) -> Chosen:
    """The one whose logits (n,) are right more often, if that is more than chance: else the head, as it was before."""
    right = [((said > 0) == (held.labels == 1)).astype(np.float64) for said in (head, late)]
    gain = right[1] - right[0]
    low, high = metrics.bootstrap(lambda rows: float(gain[rows].mean()), len(gain), groups=held.people)
    if low > 0:
        kind, word = "late", "that is more than chance, so the two experts are chosen"
    elif high < 0:
        kind, word = "head", "that is less, beyond chance, so the head is chosen"
    else:
        kind, word = "head", "that may be chance, so the head stays"
    percent = f"{100 * gain.mean():+.2f} points of accuracy ({100 * low:+.2f} to {100 * high:+.2f}, people drawn anew)"
    return Chosen(kind, float(gain.mean()), (low, high), f"late less head: {percent}; {word}")


def _tense_share(said: Said) -> float:
    """Of tense emotions among the faces."""
    return float(np.isin(said.emotions, [EMOTIONS.index(name) for name in TENSE]).mean())


def halves(said: Said, seed: int) -> tuple[Said, Said]:
    """Two sets of people: no face, no copy of one, and no subject is in both."""
    rng = np.random.default_rng((seed, 1))
    subjects = rng.permutation(np.unique(said.people))
    mine = np.isin(said.people, subjects[: len(subjects) // 2])
    pictures, place = np.unique(said.alike, return_inverse=True)
    seen = (rng.random(len(pictures)) < 0.5)[place]
    return _part(said, seen, mine), _part(said, ~seen, ~mine)


def _part(said: Said, faces: npt.NDArray[np.bool_], windows: npt.NDArray[np.bool_]) -> Said:
    return Said(
        said.faces[faces], said.emotions[faces], said.wrist[windows], said.stress[windows], said.people[windows],
        said.alike[faces],
    )  # fmt: skip


def _paired(said: Said, count: int, recipe: FusionRecipe, rng: np.random.Generator) -> Pairs:
    return label_matched(
        said.faces, said.emotions, said.wrist, said.stress, count=count, agreement=recipe.agreement, rng=rng,
        people=said.people,
    )  # fmt: skip


def _falling(recipe: FusionRecipe) -> keras.optimizers.schedules.CosineDecay:
    return keras.optimizers.schedules.CosineDecay(recipe.rate, recipe.epochs * (recipe.pairs // recipe.batch))


def _feeds(pairs: Pairs) -> list[Floats]:
    return [pairs.face, pairs.wrist, pairs.present]


def _batches(pairs: Pairs, size: int, rng: np.random.Generator) -> Iterator[Pairs]:
    shown = with_dropout(pairs, rng)
    for start in range(0, len(shown) - size + 1, size):
        rows = slice(start, start + size)
        yield Pairs(shown.face[rows], shown.wrist[rows], shown.present[rows], shown.labels[rows])


def _figures(head: keras.Model, held: Pairs, experts: LateFusion) -> dict[str, object]:
    """The head and the product of experts, on the same pairs, with both modalities and with either one."""
    told: dict[str, object] = {"n": len(held)}
    for name, face, wrist in (("both", True, True), ("face", True, False), ("wrist", False, True)):
        shown = held.with_only(face=face, wrist=wrist)
        told[name] = {
            "head": judged(logits(head, shown), held.labels),
            "late": judged(experts.logits(shown.face, shown.wrist, shown.present), held.labels),
        }
    told["wrist_itself"] = judged(held.wrist[:, 0], held.labels)
    return told


def judged(said: Floats, labels: Labels) -> dict[str, float]:
    """Figures of logits of stress (n,) against labels (n,)."""
    chance = 1 / (1 + np.exp(-said.astype(np.float64)))
    counts = metrics.confusion(labels, (said > 0).astype(np.int64), 2)
    both = np.stack([1 - chance, chance], axis=1).astype(np.float32)
    return {
        "accuracy": metrics.accuracy(counts),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "auc": metrics.auc(labels == 1, chance),
        "calibration_error": metrics.calibration_error(both, labels),
    }


def _examples(head: keras.Model) -> list[dict[str, object]]:
    """What the head makes of a sure face beside a wrist, so that a reader sees who outweighs whom."""
    told: list[dict[str, object]] = []
    for emotion in ("happy", "neutral", "angry"):
        face = np.full((1, len(EMOTIONS)), 0.02, np.float32)
        face[0, EMOTIONS.index(emotion)] = 0.88
        for chance in (0.1, 0.5, 0.9):
            wrist = np.array([[np.log(chance / (1 - chance))]], np.float32)
            said = logits(head, Pairs(face, wrist, np.ones((1, 2), np.float32), np.zeros(1, np.int64)))[0]
            told.append({"face": emotion, "wrist": chance, "fused": round(float(1 / (1 + np.exp(-said))), 3)})
    return told


def _leave(
    head: keras.Model,
    run: Path,
    calibration: Pairs,
    held: Pairs,
    card: dict[str, object],
    kind: Mapping[str, object],
) -> None:
    """Write the run's files. The threshold is the wrist's: the daemon compares both alone and fused with one number."""
    run.mkdir(parents=True, exist_ok=True)
    head.save(run / "model.keras")
    shown = with_dropout(calibration, np.random.default_rng(0))
    np.savez_compressed(run / "calibration.npz", face=shown.face, wrist=shown.wrist, present=shown.present)
    shown = with_dropout(held, np.random.default_rng(1))
    np.savez_compressed(
        run / "held.npz", face=shown.face, wrist=shown.wrist, present=shown.present, labels=shown.labels
    )
    beside = run.parent / "wrist" / "contract.json"
    wrist = cast(dict[str, float], json.loads(beside.read_text())) if beside.exists() else {}
    piece = {"temperature": 1.0, "bias": 0.0, "threshold": float(wrist.get("threshold", 0.5)), **kind}
    (run / "contract.json").write_text(json.dumps(piece, indent=1))
    (run / "card.json").write_text(json.dumps(card, indent=1))

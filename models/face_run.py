"""A trained network of one face and what it was judged on in; the files of a run, as the exporter reads them, out."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS, Floats
from edge.inference.arrays import softmax
from models import face_augment, metrics, training
from models.catalog import Task
from models.face_division import Division
from models.face_evaluation import figures
from models.faces import DIVISOR, OFFSET
from models.metrics import Labels

_CALIBRATION = 512


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a network said of faces."""

    logits: Floats
    """(n, 7)"""

    @property
    def guesses(self) -> Labels:
        """(n,)"""
        return self.logits.argmax(axis=1).astype(np.int64)


def heard(model: keras.Model, images: npt.NDArray[np.uint8]) -> Heard:
    """Faces (n, 48, 48) as they are, through a network of one output."""
    said = model.predict(face_augment.scaled(images), batch_size=256, verbose="0")
    return Heard(np.asarray(said, np.float32))


def leave(
    model: keras.Model, division: Division, task: Task, told: Mapping[str, object], tuned: Heard | None
) -> dict[str, object]:
    """Write the run's files; the test part is looked at here, once. Returns the card's figures.

    `tuned` is what the network said of the tuning part, to which a temperature is fitted; without one it stays 1.
    """
    run, faces = task.run, division.faces
    run.mkdir(parents=True, exist_ok=True)
    test = faces.take(division.test)
    temperature = 1.0 if tuned is None else metrics.fitted_temperature(tuned.logits, faces.labels[division.watched])
    chances = softmax(heard(model, test.images).logits, temperature)
    # under the paper's protocol a face is judged as often as it was oversampled
    judged = figures(chances, test.labels, division.test)
    card: dict[str, object] = {
        "network": task.network, "protocol": task.protocol, "seed": task.seed, "command": task.command, **told,
        "parameters": int(model.count_params()), "labels": list(EMOTIONS), "temperature": temperature,
        "split": division.told, "test": judged | _reliability(chances, test.labels),
        "epochs": [asdict(epoch) for epoch in training.history(run)],
    }  # fmt: skip
    model.save(run / "model.keras")
    distinct = np.unique(division.learning)
    rows = np.random.default_rng(0).choice(distinct, min(_CALIBRATION, len(distinct)), replace=False)
    np.savez_compressed(run / "calibration.npz", face=face_augment.scaled(faces.images[rows]))
    np.savez_compressed(run / "held.npz", face=face_augment.scaled(test.images), labels=test.labels)
    piece = {"labels": list(EMOTIONS), "offset": OFFSET, "divisor": DIVISOR, "temperature": temperature}
    (run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")
    (run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def _reliability(chances: Floats, labels: Labels) -> dict[str, object]:
    return {"reliability": metrics.reliability(chances, labels)}

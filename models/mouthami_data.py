"""Faces and wrists in; what Mouthami et al. 2025 fuse of both at every step, out, paired by label.

At each step a face is seen by the frame network that ships, followed by the GRU of models/face_sequences.py, and put
beside what the wrist measures. No recordings of a face and a wrist of one person exist here: a wrist under stress is
given faces that are angry, disgusted, afraid or sad, any other the rest. Faces and people are divided apart.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np

from edge.flow import EMOTIONS, Floats
from models import body_steps
from models.body_steps import BodySequences, BodySteps
from models.catalog import TrainingError
from models.datasets import stress_predict
from models.expression_clips import LONGEST, SHORTEST
from models.face_division import FILE
from models.face_division import read as read_faces
from models.face_protocol import clean_split
from models.face_sequences import FEATURES
from models.frame_features import VIEWS, fingerprint, frame_network, seen
from models.fusion import TENSE
from models.metrics import Labels
from models.protocol import subject_folds


@dataclass(frozen=True, slots=True, eq=False)
class FacePool:
    """Faces that may be drawn for one purpose."""

    features: Floats
    """(n, VIEWS, 192), as the GRU wants them"""
    tense: Labels
    """(n,): 1 for a face that goes with stress"""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Everything, divided: to learn from, to stop by, to judge by."""

    faces: tuple[FacePool, FacePool, FacePool]
    people: tuple[list[BodySteps], list[BodySteps], list[BodySteps]]
    follower: list[Floats]
    """Weights of the GRU"""


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """Sequences of concatenated features."""

    rows: Floats
    """(n, steps, 70): 64 of the face, 6 of the wrist"""
    labels: Labels
    """(n,): 1 stress, 0 calm"""
    people: tuple[str, ...]
    """(n,) whose wrist"""


def sources(data: Path, runs: Path) -> Sources:
    """Look at all faces and read all wrists.

    TrainingError without the runs of a frame network and of face_sequence, and where that learned from another one.
    """
    run = runs / "face_sequence"
    if not (run / "model.keras").exists():
        raise TrainingError(f"there is no {run}/model.keras: python -m models train face_sequence --data DIR leaves it")
    contract = json.loads((run / "contract.json").read_text(encoding="utf-8"))
    frames = frame_network(runs)
    if contract.get("frame_network_sha256") != fingerprint(frames):
        raise TrainingError(
            f"{run} did not learn from {frames} as it is now: train face_sequence again "
            "(python -m models train face_sequence --data DIR)"
        )
    centre, scale = (np.array(contract[name], np.float32) for name in ("centre", "scale"))
    follower = cast(keras.Model, keras.models.load_model(run / "model.keras", compile=False))
    faces = read_faces(data)
    split = clean_split(faces)
    pools: list[FacePool] = []
    for number, rows in enumerate((split.learning, split.tuning, split.test)):
        those = faces.take(rows)
        looked = seen(frames, those, run / f"seen{number}.npz", seed=number, rough=number == 0)
        tense = np.isin(those.labels, [EMOTIONS.index(name) for name in TENSE]).astype(np.int64)
        pools.append(FacePool(((looked.features - centre) / scale).astype(np.float32), tense))
    wrists = body_steps.read(data)
    names = [one.subject for one in wrists]
    # the same people whatever the seed: a search by one seed must not have met whom a training by another is judged on
    fold = subject_folds(names, 4, 0)[0]
    tuning = subject_folds(fold.learn, 5, 0)[0].judge
    learning = [name for name in fold.learn if name not in tuning]
    people = tuple([one for one in wrists if one.subject in those] for those in (learning, tuning, fold.judge))
    return Sources(
        (pools[0], pools[1], pools[2]), (people[0], people[1], people[2]), follower.get_layer("gru").get_weights()
    )


def learned_from(network: str, data: Path, runs: Path) -> list[Path]:
    """The files that decide what mouthami_face or mouthami_fusion is taught."""
    faces, wrists = (data / name if data.is_dir() else data for name in (FILE, stress_predict.FILE))
    followed = [wrists, frame_network(runs), runs / "face_sequence" / "model.keras"]
    return [faces] if network == "mouthami_face" else [faces, *followed]


def fused(told: Sources, part: int, steps: int, seed: int) -> Fused:
    """Every sequence of the wrists of a part (0 to learn from, 1 to stop by, 2 to judge by), each with a face's."""
    bodies = body_steps.sequences(told.people[part], steps)
    rng = np.random.default_rng((seed, part, steps))
    shown = np.stack([_shown(told.faces[part], int(label), steps, rng) for label in bodies.labels])
    followed = _followed(told.follower, shown)
    return Fused(np.concatenate([followed, _relative(bodies)], axis=2), bodies.labels, bodies.people)


def _shown(pool: FacePool, state: int, steps: int, rng: np.random.Generator) -> Floats:
    """Features (steps, 192) of faces of this state, each held for some frames and moved a little."""
    those = np.flatnonzero(pool.tense == state)
    frames: list[Floats] = []
    while len(frames) < steps:
        face = int(rng.choice(those))
        views = rng.integers(0, VIEWS, int(rng.integers(SHORTEST, LONGEST + 1)))
        frames.extend(pool.features[face, view] for view in views)
    return np.stack(frames[:steps])


def _followed(weights: list[Floats], shown: Floats) -> Floats:
    """The GRU's state (n, steps, 64) at every step."""
    steps = shown.shape[1]
    features = keras.Input((steps, FEATURES), name="features")
    model = keras.Model(features, keras.layers.GRU(weights[1].shape[0], return_sequences=True, name="gru")(features))
    model.set_weights(weights)
    return np.asarray(cast(Any, model).predict(shown, batch_size=256, verbose="0"), np.float32)


def _relative(bodies: BodySequences) -> Floats:
    """Against the person's own mean and deviation over the whole recording, its future included.

    A device that has known its wearer for an hour would come near to it; one that meets them would not.
    """
    values = bodies.values.copy()
    names = np.array(bodies.people)
    for name in np.unique(names):
        rows = names == name
        mine = values[rows].reshape(-1, values.shape[2])
        values[rows] = (values[rows] - mine.mean(axis=0)) / (mine.std(axis=0) + np.float32(1e-6))
    return values

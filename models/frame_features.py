"""Faces in; what the frame network sees in each of several slightly moved pictures of them, out."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import cv2
import keras
import numpy as np

from edge.flow import Floats
from models import face_augment
from models.catalog import TrainingError
from models.datasets.fer2013 import Faces
from models.face_augment import Roughness
from models.faces import GLANCE, SIDE, face_wide
from models.put_whole import put_arrays

VIEWS = 2
_STRONG = replace(Roughness(), mixed=0.0)
_BLOCK = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Of m faces in VIEWS pictures each."""

    features: Floats
    """(m, VIEWS, 192)"""
    logits: Floats
    """(m, VIEWS, 7) of the head that answers the contest's question"""


def frame_network(runs: Path) -> Path:
    """The frame network that was trained beside; TrainingError when there is none."""
    for name in ("face", "face_wide"):
        if (path := runs / name / "model.keras").exists():
            return path
    raise TrainingError(f"there is no frame network in {runs}: python -m models train face --data DIR leaves one there")


def fingerprint(network: Path) -> str:
    """SHA-256 of a network's file: what was taught on its features is worth nothing on another's."""
    return hashlib.sha256(network.read_bytes()).hexdigest()


def seen(network: Path, faces: Faces, cache: Path, *, seed: int, rough: bool) -> Seen:
    """Look at all faces, or take what was seen before from `cache`.

    Faces that the frame network learned from are roughened first (`rough`): as they are, it knows them too well for
    anything to be learned from its mistakes.
    """
    key = hashlib.sha256(network.read_bytes() + faces.images.tobytes() + bytes([seed, rough, VIEWS])).hexdigest()
    if (before := _cached(cache, key)) is not None:
        return before
    eye = _eye(cast(keras.Model, keras.models.load_model(network, compile=False)))
    rng = np.random.default_rng((seed, 5))
    features, logits = list[Floats](), list[Floats]()
    for start in range(0, len(faces), _BLOCK):
        here = faces.images[start : start + _BLOCK]
        base = face_augment.scaled(here)
        if rough:
            base, _ = face_augment.batch(here, np.zeros((len(here), 7), np.float32), rng, SIDE, _STRONG)
        pictures = np.stack([moved(face[:, :, 0], rng) for face in base for _ in range(VIEWS)])[..., np.newaxis]
        pooled, said = cast(Any, eye).predict(pictures, batch_size=256, verbose="0")
        features.append(np.asarray(pooled, np.float32).reshape(len(here), VIEWS, -1))
        logits.append(np.asarray(said, np.float32).reshape(len(here), VIEWS, -1))
    told = Seen(np.concatenate(features), np.concatenate(logits))
    put_arrays(cache, key=np.array(key), features=told.features, logits=told.logits)
    return told


def moved(face: Floats, rng: np.random.Generator) -> Floats:
    """The face (48, 48) as the next frame would show it: turned by up to 4 degrees, shifted, nearer, lit anew."""
    middle = (SIDE - 1) / 2
    place = cv2.getRotationMatrix2D((middle, middle), float(rng.uniform(-4, 4)), float(rng.uniform(0.96, 1.04)))
    place[:, 2] += rng.uniform(-1.5, 1.5, 2)
    turned = np.asarray(cv2.warpAffine(face, place, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE))
    return np.clip(turned * rng.uniform(0.95, 1.05) + rng.uniform(-0.05, 0.05), -1, 1).astype(np.float32)


def _cached(cache: Path, key: str) -> Seen | None:
    """What was seen before, if it is of the same network and faces; a cache that cannot be read is none."""
    if not cache.exists():
        return None
    try:
        with cache.open("rb") as file, np.load(file) as held:
            return Seen(held["features"], held["logits"]) if str(held["key"]) == key else None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _eye(network: keras.Model) -> keras.Model:
    """From faces (n, 48, 48, 1) to pooled features and the contest's logits; of two trunks, the wide one speaks."""
    names = [layer.name for layer in network.layers]
    if "pool" in names:
        return keras.Model(network.inputs, [network.get_layer("pool").output, network.get_layer("logits").output])
    trunk = face_wide(GLANCE)
    trunk.set_weights(network.get_layer("face_wide").get_weights())
    face = keras.Input((SIDE, SIDE, 1), name="face")
    glance = keras.layers.Cropping2D((SIDE - GLANCE) // 2, name="glance")(face)
    both = keras.Model(trunk.inputs, [trunk.get_layer("pool").output, trunk.get_layer("logits").output])
    return keras.Model(face, both(glance))

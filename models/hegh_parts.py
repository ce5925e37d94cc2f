"""The data directory in; what each network of Hegh et al. 2025 learns from and is judged by, generated examples too."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.flow import EMOTIONS, Floats
from models import gan, heart_windows
from models.catalog import Task
from models.datasets import stress_predict
from models.face_division import read
from models.gan_pictures import draw_faces, draw_hearts
from models.gan_training import Adversaries, GanRecipe, made
from models.gan_training import train as train_gan
from models.hegh import STATES
from models.hegh_data import (
    Examples,
    Labels,
    Parts,
    Rows,
    at_random,
    divided_faces,
    divided_people,
    faces_of,
    hearts_of,
    joined,
    lacking,
    paired,
)

Division = tuple[Rows, Rows, Rows]
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Both kinds of examples, real and generated, and how they are divided."""

    faces: Examples
    hearts: Examples
    generated_faces: Examples
    generated_hearts: Examples
    protocol: str
    seed: int
    face_rows: Division
    heart_rows: Division
    copies: int
    """Generated faces that look like one that the generator saw"""

    def parts(self, network: str, *, generated: bool) -> Parts:
        """What this network learns from and is judged by, with what was generated or without."""
        if network == "hegh_heart":
            return _standardised(self._hearts(generated=generated))
        faces = self._faces(generated=generated)
        if network == "hegh_face":
            return faces
        hearts = _standardised(self._hearts(generated=generated))
        each = zip(_listed(faces), _listed(hearts), strict=True)
        return Parts(*(paired(face, heart, self.seed + n) for n, (face, heart) in enumerate(each)))

    def _faces(self, *, generated: bool) -> Parts:
        return self._divided(self.faces, self.generated_faces, self.face_rows, generated=generated)

    def _hearts(self, *, generated: bool) -> Parts:
        return self._divided(self.hearts, self.generated_hearts, self.heart_rows, generated=generated)

    def _divided(self, real: Examples, more: Examples, rows: Division, *, generated: bool) -> Parts:
        if self.protocol == "paper":
            everything = joined(real, more) if generated else real
            return Parts(*(everything.take(part) for part in at_random(len(everything), self.seed)))
        learning, tuning, test = (real.take(part) for part in rows)
        return Parts(joined(learning, more) if generated else learning, tuning, test)


def material(task: Task, gan_epochs: int) -> Material:
    """Read everything, train those generators that are needed and not trained yet, let them make what is lacking."""
    faces = faces_of(read(task.data))
    hearts = hearts_of(heart_windows.windows(stress_predict.heart_rates(task.data)))
    clean = task.protocol != "paper"
    face_rows = divided_faces(read(task.data)) if clean else at_random(len(faces), task.seed)
    heart_rows = divided_people(hearts.people, task.seed) if clean else at_random(len(hearts), task.seed)
    # the paper's generators see all that there is, the clean ones only what may be learned from
    seen_faces, seen_hearts = (faces.take(face_rows[0]), hearts.take(heart_rows[0])) if clean else (faces, hearts)
    recipe = GanRecipe(gan_epochs)
    # a network of one kind needs no generator of the other
    beats = hearts.take(_NONE) if task.network == "hegh_face" else _hearts_made(seen_hearts, task, recipe)
    more = faces.take(_NONE) if task.network == "hegh_heart" else _faces_made(seen_faces, task, recipe)
    copies = (
        draw_faces(more.inputs[0], more.labels, seen_faces.inputs[0], _place(task) / "faces.png") if len(more) else 0
    )
    if len(beats):
        real, made = (one.inputs[0][one.labels == beats.labels[0]][..., 0] for one in (seen_hearts, beats))
        draw_hearts(real, made, ("real", "generated"), _place(task) / "hearts.svg")
    return Material(faces, hearts, more, beats, task.protocol, task.seed, face_rows, heart_rows, copies)


def _faces_made(seen: Examples, task: Task, recipe: GanRecipe) -> Examples:
    """Faces of the scarce classes, by a generator that saw those classes alone."""
    wanted = lacking(seen.labels)
    scarce = seen.take(np.flatnonzero(np.isin(seen.labels, wanted)))
    kinds = len(EMOTIONS)
    both = Adversaries(gan.face_generator(kinds), gan.face_judge(kinds), (gan.LATENT,), kinds)
    real = ((scarce.inputs[0].astype(np.float32) - 127.5) / 127.5)[..., np.newaxis]
    shown = _generated(both, real, scarce.labels, wanted, replace(task, run=_place(task) / "faces"), recipe)
    grey = np.clip(np.rint(shown[..., 0] * 127.5 + 127.5), 0, 255).astype(np.uint8)
    return Examples((grey,), wanted, tuple(f"made {n}" for n in range(len(wanted))))


def _hearts_made(seen: Examples, task: Task, recipe: GanRecipe) -> Examples:
    """Heart rates of the scarcer state; their mean and variance are those of a real window of that state."""
    wanted = lacking(seen.labels)
    kinds = len(STATES)
    both = Adversaries(gan.heart_generator(kinds), gan.heart_judge(kinds), (heart_windows.STEPS, gan.DRIFT), kinds)
    real = seen.inputs[0].astype(np.float32)
    shown = _generated(both, real, seen.labels, wanted, replace(task, run=_place(task) / "hearts"), recipe)
    rng = np.random.default_rng((task.seed, 7))
    sequences = np.stack([heart_windows.scaled(one) for one in shown[..., 0]])
    like = np.array([rng.choice(np.flatnonzero(seen.labels == state)) for state in wanted])
    told = np.stack([heart_windows.told(one, one) for one in sequences])
    told[:, :2] = seen.inputs[1][like, :2]
    return Examples((sequences[..., np.newaxis], told), wanted, tuple("made" for _ in wanted))


def _generated(
    both: Adversaries, real: Floats, labels: Labels, wanted: Labels, task: Task, recipe: GanRecipe
) -> Floats:
    named = np.eye(both.classes, dtype=np.float32)
    # a generator is taken up again only by the same examples and the same recipe
    key = zlib.crc32(repr(recipe).encode() + real.tobytes() + labels.tobytes())
    generator = train_gan(both, real, named[labels], recipe, task.run / f"{key:08x}", task.seed, _told(task))
    return made(generator, both.noise, named[wanted], task.seed)


def _told(task: Task) -> Callable[[float], None]:
    return lambda done: task.seen(done, f"generator of {task.run.name}")


def _place(task: Task) -> Path:
    return task.run.parent / f"hegh_gan_{task.protocol or 'clean'}_{task.seed}"


def _standardised(parts: Parts) -> Parts:
    """Statistics at mean 0 and deviation 1 over the learning part."""
    told = parts.learning.inputs[1]
    centre, scale = told.mean(axis=0), told.std(axis=0) + np.float32(1e-6)
    several = (
        Examples((one.inputs[0], ((one.inputs[1] - centre) / scale).astype(np.float32)), one.labels, one.people)
        for one in _listed(parts)
    )
    return Parts(*several)


def _listed(parts: Parts) -> tuple[Examples, Examples, Examples]:
    return parts.learning, parts.tuning, parts.test

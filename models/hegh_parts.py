"""The data directory in; what each network of Hegh et al. 2025 learns from and is judged by, generated examples too.

Generators lie in hegh_gan_PROTOCOL_SEED beside the run, each in a directory of its own origin (origin.json says which),
because the three networks share them; pictures of what they made are the run's.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.flow import EMOTIONS, Floats
from models import gan, heart_windows
from models.catalog import Task, TrainingError
from models.datasets import stress_predict
from models.face_division import read
from models.gan_pictures import draw_faces, draw_hearts
from models.gan_training import Adversaries, GanRecipe, Origin, made
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
_NOTHING, _NOWHERE = Examples((), _NONE, ()), (_NONE, _NONE, _NONE)


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
    """Read what the network needs, train those of its generators that are not there, let them make what is lacking.

    TrainingError, before a generator learns, when a class is absent.
    """
    recipe, clean = GanRecipe(gan_epochs), task.protocol != "paper"
    with_hearts, with_faces = task.network != "hegh_face", task.network != "hegh_heart"
    hearts, heart_rows = _hearts(task) if with_hearts else (_NOTHING, _NOWHERE)
    faces, face_rows = _faces(task) if with_faces else (_NOTHING, _NOWHERE)
    beats, more, copies = _NOTHING, _NOTHING, 0
    # the paper's generators see all that there is, the clean ones only what may be learned from
    if with_hearts:
        seen = hearts.take(heart_rows[0]) if clean else hearts
        beats = _hearts_made(seen, part(task, "", 0.0, 0.5 if with_faces else 1.0), recipe)
        real, drawn = (one.inputs[0][one.labels == beats.labels[0]][..., 0] for one in (seen, beats))
        draw_hearts(real, drawn, ("real", "generated"), task.run / "hearts.svg")
    if with_faces:
        seen = faces.take(face_rows[0]) if clean else faces
        more = _faces_made(seen, part(task, "", 0.5 if with_hearts else 0.0, 1.0), recipe)
        copies = draw_faces(more.inputs[0], more.labels, seen.inputs[0], task.run / "faces.png")
    return Material(faces, hearts, more, beats, task.protocol, task.seed, face_rows, heart_rows, copies)


def part(task: Task, name: str, start: float, end: float) -> Task:
    """A share of a task, from `start` to `end` of the whole, in a directory of its own if it has a name."""

    def seen(done: float, note: str) -> None:
        task.seen(start + done * (end - start), f"{name} {note}".strip())

    return replace(task, run=task.run / name if name else task.run, seen=seen)


def _hearts(task: Task) -> tuple[Examples, Division]:
    """All windows and their division; each part shows both states, for pairs are made of each."""
    hearts = hearts_of(heart_windows.windows(stress_predict.heart_rates(task.data)))
    paper = task.protocol == "paper"
    rows = at_random(len(hearts), task.seed) if paper else divided_people(hearts.people, task.seed)
    for what, here in zip(("learn from", "stop by", "judge by"), rows, strict=True):
        _must_show(hearts.labels[here], STATES, f"windows of heart rate to {what}")
    return hearts, rows


def _faces(task: Task) -> tuple[Examples, Division]:
    """All faces and their division; each emotion is there to be learned."""
    held = read(task.data)
    faces = faces_of(held)
    rows = at_random(len(faces), task.seed) if task.protocol == "paper" else divided_faces(held)
    _must_show(faces.labels[rows[0]], EMOTIONS, "faces to learn from")
    return faces, rows


def _must_show(labels: Labels, names: Sequence[str], what: str) -> None:
    if absent := [name for k, name in enumerate(names) if not (labels == k).any()]:
        raise TrainingError(f"of {len(labels)} {what} none is {' or '.join(absent)}; give recordings of every class")


def _faces_made(seen: Examples, task: Task, recipe: GanRecipe) -> Examples:
    """Faces of the scarce classes, by a generator that saw those classes alone."""
    wanted = lacking(seen.labels)
    scarce = seen.take(np.flatnonzero(np.isin(seen.labels, wanted)))
    kinds = len(EMOTIONS)
    both = Adversaries(gan.face_generator, gan.face_judge, (gan.LATENT,), kinds)
    real = ((scarce.inputs[0].astype(np.float32) - 127.5) / 127.5)[..., np.newaxis]
    shown = _generated(both, real, scarce.labels, wanted, task, recipe, "faces")
    grey = np.clip(np.rint(shown[..., 0] * 127.5 + 127.5), 0, 255).astype(np.uint8)
    return Examples((grey,), wanted, tuple(f"made {n}" for n in range(len(wanted))))


def _hearts_made(seen: Examples, task: Task, recipe: GanRecipe) -> Examples:
    """Heart rates of the scarcer state; their mean and variance are those of a real window of that state."""
    wanted = lacking(seen.labels)
    kinds = len(STATES)
    both = Adversaries(gan.heart_generator, gan.heart_judge, (heart_windows.STEPS, gan.DRIFT), kinds)
    real = seen.inputs[0].astype(np.float32)
    shown = _generated(both, real, seen.labels, wanted, task, recipe, "hearts")
    rng = np.random.default_rng((task.seed, 7))
    sequences = np.stack([heart_windows.scaled(one) for one in shown[..., 0]])
    like = np.array([rng.choice(np.flatnonzero(seen.labels == state)) for state in wanted])
    told = np.stack([heart_windows.told(one, one) for one in sequences])
    told[:, :2] = seen.inputs[1][like, :2]
    return Examples((sequences[..., np.newaxis], told), wanted, tuple("made" for _ in wanted))


def _generated(
    both: Adversaries, real: Floats, labels: Labels, wanted: Labels, task: Task, recipe: GanRecipe, kind: str
) -> Floats:
    named = np.eye(both.classes, dtype=np.float32)
    protocol, checksum = task.protocol or "clean", f"{zlib.crc32(real.tobytes() + labels.tobytes()):08x}"
    origin = Origin(protocol, task.seed, recipe, len(real), checksum)
    # each origin has a place of its own, so that a try takes nothing from a run
    place = task.run.parent / f"hegh_gan_{protocol}_{task.seed}" / kind / f"{zlib.crc32(repr(origin).encode()):08x}"
    generator = train_gan(
        both, real, named[labels], origin, place, lambda done: task.seen(done, f"generator of {kind}"),
        network=task.network, resume=task.resume,
    )  # fmt: skip
    return made(generator, both.noise, named[wanted], task.seed)


def _standardised(parts: Parts) -> Parts:
    """Statistics at mean 0 and deviation 1 over the learning part."""
    told = parts.learning.inputs[1]
    centre, scale = told.mean(axis=0), told.std(axis=0) + np.float32(1e-6)
    several = (
        replace(one, inputs=(one.inputs[0], ((one.inputs[1] - centre) / scale).astype(np.float32)))
        for one in _listed(parts)
    )
    return Parts(*several)


def _listed(parts: Parts) -> tuple[Examples, Examples, Examples]:
    return parts.learning, parts.tuning, parts.test

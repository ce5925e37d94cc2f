"""Probabilities over whole recordings in; what a person would live with, alerts seen and alerts for nothing, out.

What a person feels is the alert, not the window, so the daemon's own decision room is run over each recording.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
import numpy.typing as npt

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Modality, Prediction, State
from edge.inference.decision import Decider, DecisionSettings
from models.datasets import DatasetError
from models.wrist_streams import Judged, judged

GRACE_S = 60.0
"""An alert this long after an episode still speaks of it: the windows reach back a minute."""
_UNREADABLE = (
    OSError, ValueError, KeyError, IndexError, AttributeError, TypeError, NotImplementedError, BadZipFile, EOFError,
    zlib.error,
)  # fmt: skip
"""What NumPy raises for a file that is no archive of the arrays it should hold."""
THRESHOLDS = tuple(round(0.4 + 0.05 * k, 2) for k in range(10))


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of windows labelled stress, in seconds of the recording."""

    start_s: float
    end_s: float

    def covers(self, at_s: float) -> bool:
        return self.start_s <= at_s <= self.end_s + GRACE_S


def alerts(people: Sequence[Judged], settings: DecisionSettings) -> dict[str, object]:
    """Episodes noticed, false alerts an hour, and the median delay, over everybody's recording.

    An episode that begins while the person is held to be stressed already raises no alert of its own: of those that
    were not noticed, `told_before` were told of by one that still stood, `told_before_s_median` before they began.
    """
    episodes = noticed = false = between = 0
    hours, delays, leads = 0.0, list[float](), list[float]()
    for person in people:
        found, heard = list(stress_episodes(person)), _decided(person, settings)
        raised = [step.at_s for step in heard if step.alert]
        at = _spoken_of(person, raised)
        between += len(raised) - len(at)
        episodes += len(found)
        hours += judged_hours(person)
        first = [min((a for a in at if episode.covers(a)), default=None) for episode in found]
        delays += [a - episode.start_s for a, episode in zip(first, found, strict=True) if a is not None]
        noticed += sum(a is not None for a in first)
        missed = [episode for a, episode in zip(first, found, strict=True) if a is None]
        leads += [lead for episode in missed if (lead := _told_before(episode, heard)) is not None]
        false += sum(not any(episode.covers(a) for episode in found) for a in at)
    return {
        "episodes": episodes,
        "noticed": noticed,
        "noticed_share": round(noticed / episodes, 4) if episodes else None,
        "false_alerts": false,
        "false_alerts_per_hour": round(false / hours, 3) if hours else None,
        "alerts_without_label": between,
        "delay_s_median": round(float(np.median(delays)), 1) if delays else None,
        "told_before": len(leads),
        "told_before_s_median": round(float(np.median(leads)), 1) if leads else None,
        "hours": round(hours, 2),
        "settings": msgspec.to_builtins(settings),
    }


def lived_through(found: Mapping[str, object]) -> str:
    """What `alerts` counted, as a sentence."""
    told = (
        f"At the daemon's default settings, over whole recordings: {found['noticed']} of {found['episodes']} episodes "
        f"noticed, {found['false_alerts_per_hour']} false alerts an hour"
    )
    if found["delay_s_median"] is not None:
        told += f", median delay {found['delay_s_median']} s"
    if found.get("told_before"):
        told += (
            f"; {found['told_before']} of the others began under an alert that still stood, raised "
            f"{found['told_before_s_median']} s before (median)"
        )
    between = found["alerts_without_label"]
    return told + (f"; {between} alerts in stretches without a label." if between else ".")


def judged_hours(person: Judged) -> float:
    """Time that was judged; what lies between stretches without a label is none of it."""
    steps = np.diff(person.ends_s)
    return float(steps[steps <= DecisionSettings().stale_s].sum()) / 3600


def counted(person: Judged, raised: Sequence[float]) -> tuple[int, int]:
    """Episodes noticed and alerts for nothing, of one person's alerts at these seconds."""
    found, at = list(stress_episodes(person)), _spoken_of(person, raised)
    noticed = sum(any(episode.covers(a) for a in at) for episode in found)
    return noticed, sum(not any(episode.covers(a) for episode in found) for a in at)


def read_people(path: Path) -> list[Judged]:
    """The people of an `oof.npz`: chances of classes, stress the second, or the probability of stress alone.

    Windows of label -1 have none: the decision room hears them. Raises DatasetError for a file that is no such record.
    """
    cure = "give one that python -m models train wrist left"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            stress = held["probability"] if "probability" in held.files else held["chances"][:, 1]
            stress, ends = stress.astype(np.float64), held["time_s"].astype(np.float64)
            subject, labels = held["subject"], held["label"].astype(np.int64)
    except _UNREADABLE as error:
        raise DatasetError(f"cannot read {path} as judged windows ({error}); {cure}", path) from error
    if wrong := _wrong(stress, labels, ends, subject):
        raise DatasetError(f"{path} holds no judged windows: {wrong}; {cure}", path)
    return [
        judged(str(name), stress[rows].tolist(), labels[rows], ends[rows])
        for name in dict.fromkeys(subject.tolist())
        for rows in [subject == name]
    ]


def _wrong(
    stress: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    ends: npt.NDArray[np.float64],
    subject: npt.NDArray[np.str_],
) -> str | None:
    shapes = {each.shape for each in (stress, labels, ends, subject)}
    if len(shapes) > 1 or stress.ndim != 1 or not len(stress):
        return f"its arrays are {', '.join(map(str, sorted(shapes)))}, where all should be rows of one length"
    if not (np.isfinite(ends).all() and ((stress >= 0) & (stress <= 1)).all()):
        return "some of its times are no numbers, or its probabilities do not lie between 0 and 1"
    return None


def save_people(people: Sequence[Judged], path: Path) -> None:
    """Leave every window, for `read_people`; those without a label have -1."""
    ends = [np.concatenate([p.ends_s, p.passing[:, 0]]) for p in people]
    order = [np.argsort(end, kind="stable") for end in ends]
    chance = [np.concatenate([p.probability, p.passing[:, 1]]) for p in people]
    label = [np.concatenate([p.labels, np.full(len(p.passing), -1)]) for p in people]
    np.savez_compressed(
        path,
        probability=np.concatenate([c[o] for c, o in zip(chance, order, strict=True)]).astype(np.float32),
        label=np.concatenate([k[o] for k, o in zip(label, order, strict=True)]).astype(np.int64),
        time_s=np.concatenate([e[o] for e, o in zip(ends, order, strict=True)]),
        subject=np.array([p.subject for p, o in zip(people, order, strict=True) for _ in o]),
    )


def curve(people: Sequence[Judged]) -> list[dict[str, object]]:
    """The operating curve: `alerts` at each threshold, stress ending .1 lower, the rest as the daemon's defaults."""
    return [alerts(people, DecisionSettings(on=on, off=round(max(on - 0.1, 0.05), 2))) for on in THRESHOLDS]


def alerts_at(person: Judged, settings: DecisionSettings) -> list[float]:
    """When the daemon would have raised an alert, in seconds of the recording, windows without a label among them."""
    return [step.at_s for step in _decided(person, settings) if step.alert]


class _Step(NamedTuple):
    at_s: float
    state: State
    alert: bool


def _decided(person: Judged, settings: DecisionSettings) -> list[_Step]:
    """What the daemon's decision room says at each window, with a label or without."""
    decider, steps = Decider(settings), list[_Step]()
    heard = np.concatenate([np.stack([person.ends_s, person.probability], axis=1), person.passing])
    for end_s, stress in heard[np.argsort(heard[:, 0], kind="stable")].tolist():
        now = StreamNs(nanoseconds(float(end_s)))
        wrist = frozenset({Modality.WRIST})
        said = Prediction(now, wrist, float(stress), None, float(stress), None, HostNs(now), HostNs(now))
        decision = decider.step(said)
        steps.append(_Step(float(end_s), decision.state, decision.alert))
    return steps


def _told_before(episode: Episode, heard: Sequence[_Step]) -> float | None:
    """How long before an episode the alert was raised that still stands as it begins, in seconds; None without one."""
    past = [step for step in heard if step.at_s <= episode.start_s]
    raised = [step.at_s for step in past if step.alert]
    return episode.start_s - raised[-1] if raised and past[-1].state is State.STRESS else None


def _spoken_of(person: Judged, raised: Sequence[float]) -> list[float]:
    """The alerts that can be called right or wrong: at a labelled window, or soon enough after an episode."""
    labelled, found = set(person.ends_s.tolist()), list(stress_episodes(person))
    return [a for a in raised if a in labelled or any(episode.covers(a) for episode in found)]


def stress_episodes(person: Judged) -> Iterator[Episode]:
    """Runs of windows labelled stress."""
    tense = np.concatenate([[0], (person.labels == 1).astype(np.int8), [0]])
    starts, ends = np.flatnonzero(np.diff(tense) == 1), np.flatnonzero(np.diff(tense) == -1) - 1
    for start, end in zip(starts, ends, strict=True):
        yield Episode(float(person.ends_s[start]), float(person.ends_s[end]))

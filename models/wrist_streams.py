"""Recordings through the device's own windows, features and normaliser; no Keras here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from edge.clock import StreamNs, seconds
from edge.flow import Features, Floats
from edge.signals.body import Body
from edge.signals.features import NAMES, extract
from edge.signals.normalise import TREND, Usual, logarithmic, quartiles
from edge.signals.wear import Wear, wear
from edge.signals.windows import Windows
from models.datasets.recordings import Labels, Recording, label_at, samples

LABELS = ("calm", "stress")
"""The wrist network's classes, in the order of its logits."""
Judge = Callable[[Features], float | None]
"""Takes normalised features in order of time (``gap`` starts anew); gives a probability of stress, or None."""


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """One window, seen but not yet told from anybody's usual."""

    start: StreamNs
    worn: Wear
    raw: Features


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A recording, window by window."""

    dataset: str
    subject: str
    hops: tuple[Hop, ...]
    ends_s: npt.NDArray[np.float64]
    """End of each window in seconds of the recording, (n,)"""
    labels: Labels
    """(n,): 1 stress, 0 calm, -1 not to be judged"""

    def late(self, hops: int) -> "Seen":
        """The same person, with a watch put on so many hops later."""
        return Seen(self.dataset, self.subject, self.hops[hops:], self.ends_s[hops:], self.labels[hops:])


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A recording as a network gets it."""

    subject: str
    features: Floats
    """(n, names), 0 where nothing may be said"""
    usable: npt.NDArray[np.bool_]
    """(n,) a prediction may be made"""
    fresh: npt.NDArray[np.bool_]
    """(n,) the state starts anew here"""
    labels: Labels
    ends_s: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What was said of one person, at the windows that have a label."""

    subject: str
    probability: npt.NDArray[np.float64]
    """(n,), of stress"""
    labels: npt.NDArray[np.int64]
    """(n,)"""
    ends_s: npt.NDArray[np.float64]
    unjudged: int
    """Labelled windows without a prediction: off the wrist, or too little to go by"""
    passing: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    """(m, 2): end in seconds and probability of the windows without a label; the decision room hears them, no figure
    counts them"""


def see(recording: Recording, window_s: float, hop_s: float) -> Seen:
    """Send a recording through the stream's steps, the windows and the features."""
    windows, hops = Windows(window_s, hop_s), list[Hop]()
    for packet in samples(recording):
        hops += [Hop(window.start, wear(window), extract(window)) for window in windows.feed(packet)]
    ends = np.array([seconds(hop.raw.end) for hop in hops])
    return Seen(recording.dataset, recording.subject, tuple(hops), ends, label_at(recording, ends))


def labelled_as(seen: Seen, recording: Recording) -> Seen:
    """The same windows under another reading of the recording's labels."""
    return replace(seen, labels=label_at(recording, seen.ends_s))


def tell(seen: Seen, usual: Usual, least_quality: float) -> Told:
    """Normalise a recording from its first window on, causally, as the device does."""
    body = Body(usual, 1.0, 1.0, least_quality)
    told = [body.tell(hop.worn, hop.raw, hop.start).told for hop in seen.hops]
    nothing = np.zeros(len(usual.names), np.float32)
    return Told(
        seen.subject,
        np.stack([nothing if f is None else f.values for f in told]),
        np.array([f is not None for f in told]),
        np.array([f is not None and f.gap for f in told]),
        seen.labels,
        seen.ends_s,
    )


def judge(seen: Seen, usual: Usual, least_quality: float, say: Judge) -> Judged:
    """Run a recording past any network, window by window, state carried, and keep what has a label."""
    return judge_on(seen, Body(usual, 1.0, 1.0, least_quality), say)


def judge_on(seen: Seen, body: Body, say: Judge) -> Judged:
    """The same by a body that may have seen this person before."""
    told = [body.tell(hop.worn, hop.raw, hop.start).told for hop in seen.hops]
    return judged(seen.subject, [None if f is None else say(f) for f in told], seen.labels, seen.ends_s)


def judged(subject: str, said: Sequence[float | None], labels: Labels, ends_s: npt.NDArray[np.float64]) -> Judged:
    """What was said of every window of a recording, None where nothing was, parted by whether it has a label."""
    spoken = np.array([s is not None for s in said], np.bool_)
    chance = np.array([np.nan if s is None else s for s in said], np.float64)
    known = labels >= 0
    counted, passing = spoken & known, spoken & ~known
    return Judged(
        subject, chance[counted], labels[counted].astype(np.int64), ends_s[counted], int((known & ~spoken).sum()),
        np.stack([ends_s[passing], chance[passing]], axis=1),
    )  # fmt: skip


def fit_usual(people: Sequence[Seen], names: Sequence[str], **constants: float) -> Usual:
    """The population's centre and scale of each feature: medians over people, so that nobody outweighs another."""
    centres, scales = list[Floats](), list[Floats]()
    for seen in people:
        rows = logarithmic(np.stack([hop.raw.values for hop in seen.hops]).astype(np.float64), NAMES)
        _, low, middle, high = quartiles(rows)
        centres.append(middle.astype(np.float32))
        scales.append(((high - low) / 1.349).astype(np.float32))
    centre, scale = quartiles(np.stack(centres))[2], quartiles(np.stack(scales))[2]
    at = [NAMES.index(name.removesuffix(TREND)) for name in names]
    return Usual(
        tuple(names),
        tuple(round(float(centre[i]), 6) for i in at),
        tuple(round(max(float(scale[i]), 1e-3), 6) for i in at),
        **constants,  # pyright: ignore[reportArgumentType]  # memory is a whole number among floats
    )


def runs(told: Told) -> Iterator[slice]:
    """Stretches over which a state is carried: usable windows without a fresh start between."""
    start: int | None = None
    for k, (usable, fresh) in enumerate(zip(told.usable.tolist(), told.fresh.tolist(), strict=True)):
        if start is not None and (fresh or not usable):
            yield slice(start, k)
            start = None
        if usable and start is None:
            start = k
    if start is not None:
        yield slice(start, len(told.usable))

"""Every form that applies to a network: built, checked against the float parent, timed; the fastest sound one kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from edge.flow import Floats
from edge.inference.ports import NetworkError
from edge.inference.runtime import Network, load_network
from export.apart import examine, lower
from export.calibration import representative
from export.errors import BarError, LoweringError
from export.forms import Form, Lowered, Parent
from export.operators import fully_integer, operators
from export.trained import Labels, Trained
from export.verify import Latency, Measured, compare, logits_of, timed

BUDGET_S = 8.0
"""Seconds that judging one candidate may take; slow forms are judged on fewer held rows."""
_TOO_SLOW_MS = 500.0
"""A whole prediction has 150 ms on a device; what takes so long even where it is exported is not judged."""
_TWIN_ROWS = 64
_TWIN_DRIFT = 1e-3
"""The float twin is the parent but for the order of additions; a larger difference of probability is a bug."""

Rows = Mapping[str, Floats]


class Candidate(Struct, frozen=True):
    """One form of a network, as the report shows it."""

    form: str
    bytes: int = 0
    latency_ms: Latency | None = None
    """Of one run: a stepwise form's run is one new moment, the others' the whole window."""
    measured: Measured | None = None
    fully_integer: bool = False
    refused: str | None = None
    """Why it was not eligible; None when it was."""
    chosen: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The form that a bundle carries, its float twin, and what else was tried."""

    lowered: Lowered
    twin: Lowered
    parent: Parent
    measured: Measured
    latency: Latency
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Tiers:
    """Which forms may be taken, better groups first; within a group the fastest wins. Others are only shown."""

    eligible: tuple[tuple[Form, ...], ...]
    shown: tuple[Form, ...]

    def __iter__(self) -> Iterator[Form]:
        yield from (form for group in self.eligible for form in group)
        yield from self.shown


def tiers(parent: Parent, sequence: bool, *, full_int8: bool = False) -> Tiers:
    """The forms of a network.

    Convolutions must come out in integers, whatever else is faster: the device's budget is made for that. A cell state
    reached 47 on long streams, where one step of 8 bits would be 0.4: a carried state stays in float or 16 bits, and
    the stepwise form in 8 bits is shown, but taken only when everything must be int8.
    """
    whole, unrolled, fused, stepwise = (
        {weights: Form(shape, weights) for weights in ("float", "dynamic", "int8", "16x8")}
        for shape in ("whole", "unrolled", "fused", "stepwise")
    )
    if not parent.recurrent:
        groups = ((whole["int8"],), (whole["16x8"],), (whole["dynamic"],), (whole["float"],))
        bounded = groups[:1] if parent.convolutional else groups
    elif sequence:
        groups = (
            (stepwise["dynamic"], stepwise["16x8"]),
            (stepwise["float"],),
            (unrolled["dynamic"], unrolled["int8"], unrolled["16x8"], fused["dynamic"], fused["int8"]),
            (stepwise["int8"], unrolled["float"], fused["float"], fused["16x8"]),
            (whole["dynamic"], whole["int8"], whole["float"]),
        )
        bounded = groups[:3]
    else:
        groups = (
            (unrolled["int8"], fused["int8"]),
            (unrolled["16x8"], fused["16x8"]),
            (unrolled["dynamic"], fused["dynamic"], whole["dynamic"], whole["int8"]),
            (unrolled["float"], fused["float"], whole["float"]),
        )
        bounded = groups[:2]
    if full_int8:
        bounded = (tuple(form for group in groups for form in group if form.weights == "int8"),)
    taken = {form for group in bounded for form in group}
    return Tiers(bounded, tuple(form for group in groups for form in group if form not in taken))


def choose(
    run: Trained,
    *,
    max_loss: float,
    full_int8: bool = False,
    only: Sequence[Form] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Choice:
    """Try every form of a run's network; raise BarError when none is sound, ExportError for unusable input.

    A network that no form can be made of is unusable input. ``only`` these forms are tried, the fastest sound one wins.
    """
    calibration = representative(run)
    sample = {name: values[:_TWIN_ROWS] for name, values in run.held.items()}
    parent = examine(run.parent, sample)
    sequence = len(run.calibration) == 1 and next(iter(run.calibration.values())).ndim == 3
    forms = tiers(parent, sequence, full_int8=full_int8) if only is None else Tiers((tuple(only),), ())
    judge = _Judge(run, parent, calibration)
    tried: dict[Form, Candidate] = {}
    for form in forms:
        say(f"{run.name}: {form.name}")
        tried[form] = judge.candidate(form, max_loss)
    for group in forms.eligible:
        sound = [form for form in group if tried[form].refused is None]
        if sound:
            best = min(sound, key=lambda form: _p50(tried[form]))
            return judge.choice(best, tried, max_loss)
    if not any(tried[form].measured for group in forms.eligible for form in group):
        first = forms.eligible[0][0]
        raise LoweringError(f"{run.name}: no form of the network can be made; {first.name}: {tried[first].refused}")
    reasons = "; ".join(f"{form.name}: {tried[form].refused}" for group in forms.eligible for form in group)
    raise BarError(f"{run.name}: no form of the network is sound ({reasons})")


class _Judge:
    """Builds and measures the candidates of one network against its float twins."""

    def __init__(self, run: Trained, parent: Parent, calibration: Rows) -> None:
        self._run = run
        self._parent = parent
        self._calibration = calibration
        self._lowered: dict[Form, Lowered] = {}
        self._float: dict[bool, Floats] = {}

    def candidate(self, form: Form, max_loss: float) -> Candidate:
        made = Candidate(form.name)
        try:
            lowered, network = self._load(form)
            operators(lowered.content)
            made = replace(made, bytes=len(lowered.content), fully_integer=fully_integer(lowered.content))
            latency = timed(network)
            made = replace(made, latency_ms=latency)
            if latency.p50 > _TOO_SLOW_MS:
                raise BarError(
                    f"{self._run.name} as {form.name} takes {latency.p50:.0f} ms; at most {_TOO_SLOW_MS:.0f} are of use"
                )
            rows = self._rows(latency, len(lowered.states) > 0)
            made = replace(made, measured=self._measure(lowered, network, rows))
            if made.measured is not None:
                made.measured.bar(f"{self._run.name} as {form.name}", max_loss)
        except (LoweringError, NetworkError, BarError) as error:
            return replace(made, refused=str(error))
        return made

    def choice(self, form: Form, tried: Mapping[Form, Candidate], max_loss: float) -> Choice:
        """The chosen form, judged once more on every held row."""
        lowered, network = self._load(form)
        twin, _ = self._load(Form(form.shape, "float"))
        everything = np.arange(_length(self._run.held))
        measured = self._measure(lowered, network, everything)
        measured.bar(f"{self._run.name} as {form.name}", max_loss)
        candidates = tuple(replace(candidate, chosen=other == form) for other, candidate in tried.items())
        return Choice(lowered, twin, self._parent, measured, timed(network), candidates)

    def _load(self, form: Form) -> tuple[Lowered, Network]:
        if form not in self._lowered:
            self._lowered[form] = lower(self._run.parent, form, self._calibration)
        lowered = self._lowered[form]
        name = f"{self._run.name}-{form.name}.tflite"
        return lowered, load_network(lowered.content, name=name, carries_state=lowered.carries_state)

    def _measure(self, lowered: Lowered, network: Network, rows: Labels) -> Measured:
        held = {name: values[rows] for name, values in self._run.held.items()}
        labels = None if self._run.labels is None else self._run.labels[rows]
        return compare(logits_of(network, held, lowered.states), self._reference(bool(lowered.states))[rows], labels)

    def _reference(self, stepwise: bool) -> Floats:
        """The float twin's logits on every held row, once it is known to say what the parent says."""
        if stepwise not in self._float:
            shape = "stepwise" if stepwise else "unrolled" if self._parent.recurrent else "whole"
            lowered, network = self._load(Form(shape, "float"))
            logits = logits_of(network, self._run.held, lowered.states)
            said = self._parent.answers["logits"]
            if (drift := compare(logits[: len(said)], said, None).drift) > _TWIN_DRIFT:
                raise LoweringError(
                    f"{self._run.name}: the float twin ({shape}) is off its Keras parent by {drift:.2g}; "
                    "the network has a layer that means another thing in this form"
                )
            self._float[stepwise] = logits
        return self._float[stepwise]

    def _rows(self, latency: Latency, stepwise: bool) -> Labels:
        """Held rows that the budget allows, spread evenly."""
        length = _length(self._run.held)
        moments = next(iter(self._run.held.values())).shape[1] if stepwise else 1
        affordable = int(BUDGET_S / (max(latency.p50, 1e-3) * moments / 1000))
        return np.unique(np.linspace(0, length - 1, min(length, max(affordable, 100))).astype(np.int64))


def table(candidates: tuple[Candidate, ...]) -> Iterator[tuple[str, ...]]:
    """The candidates as rows of words: form, size, p50, p99, held rows, agreement, drift, accuracy, verdict."""
    for candidate in candidates:
        measured, latency = candidate.measured, candidate.latency_ms
        yield (
            candidate.form,
            f"{candidate.bytes / 1000:.0f} kB" if candidate.bytes else "-",
            f"{latency.p50:.3f}" if latency else "-",
            f"{latency.p99:.3f}" if latency else "-",
            f"{measured.n}" if measured else "-",
            f"{measured.agreement:.3f}" if measured else "-",
            f"{measured.drift:.3f}" if measured else "-",
            f"{measured.accuracy:.3f}" if measured and measured.accuracy is not None else "-",
            "chosen" if candidate.chosen else "refused" if candidate.refused else "sound",
        )


def _p50(candidate: Candidate) -> float:
    return candidate.latency_ms.p50 if candidate.latency_ms is not None else float("inf")


def _length(rows: Rows) -> int:
    return min(len(values) for values in rows.values())

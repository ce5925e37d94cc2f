"""ECG and EEG in the daemon: samples in; what the bundle's networks say of them, or why they say nothing, out."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from edge.bundle import BundleError
from edge.bundle_contract import LeadModel
from edge.clock import StreamNs
from edge.flow import Modality, Samples, Window
from edge.health import Health
from edge.inference.classifier import Classifier
from edge.inference.lead import LeadEstimate
from edge.inference.ports import NetworkError
from edge.judges import Judges
from edge.lanes import Lane
from edge.lead_streams import Stream, stream
from edge.signals.told import Why
from edge.watchdog import INFERENCE_S, Watchdog
from edge.worker import StuckError, Worker

log = logging.getLogger("vagus")

_WORDS: Mapping[Why, str] = {
    "": "judged",
    "quiet": "waiting for the quiet minute that the person is told from",
    "gathering": "a sequence of epochs is being gathered",
    "poor": "the signal is too poor to judge; see that the electrodes are moist and sit close",
    "spoilt": "eyes, jaw or a loose electrode are in too much of it",
}

_SILENT = "nothing heard yet"


@dataclass(slots=True, eq=False)
class _Line:
    """One channel's way from samples to windows."""

    model: LeadModel
    stream: Stream
    word: str = _SILENT


class Leads:
    """Both channels of electrodes, as far as the bundle has models for them. Make it, `feed` it, await `run`."""

    def __init__(
        self,
        judges: Judges,
        health: Health,
        watchdog: Watchdog,
        heard: Callable[[LeadEstimate], Awaitable[None]],
    ) -> None:
        self._judges, self._health, self._watchdog, self._heard = judges, health, watchdog, heard
        self._told_for: Classifier | None = None
        self._lines: dict[Modality, _Line] = {}
        self._lane: Lane[tuple[Modality, _Line, Window]] = Lane("leads", size=16)
        self._keep_up()

    @property
    def dropped(self) -> int:
        """Windows that came faster than they could be judged."""
        return self._lane.dropped

    @property
    def words(self) -> Mapping[str, str]:
        """How it stands with each channel that the bundle has a model for, in a sentence a person can act on."""
        return {modality.value: line.word for modality, line in self._lines.items()}

    def begin_anew(self) -> None:
        """Another device comes: its signals are told from a quiet minute of their own."""
        self._lines = {m: _Line(line.model, stream(line.model)) for m, line in self._lines.items()}

    def silence(self) -> None:
        """Nothing comes any more: what was said last does not stand for now."""
        for line in self._lines.values():
            line.word = _SILENT

    def rest(self, now: StreamNs) -> None:
        """The person sits quietly from now on: that is the minute that they are told from."""
        for line in self._lines.values():
            line.stream.retake(now)
            line.word = _WORDS["quiet"]

    def feed(self, samples: Samples) -> None:
        """Take any channel's samples; those that no model wants pass by."""
        self._keep_up()
        for modality, line in self._lines.items():
            if modality.value != samples.channel.value:
                continue
            chosen = self._chosen(line, samples)
            for window in [] if chosen is None else line.stream.windows.feed(chosen):
                self._lane.put((modality, line, window))

    async def run(self) -> None:
        """Judge windows until cancelled."""
        with Worker("leads") as worker:
            async for modality, line, window in self._lane:
                asked = self._judges.current
                try:
                    with self._watchdog.hearts.work("leads", 2 * INFERENCE_S):
                        estimate = await worker.do(INFERENCE_S, self._judge, asked, modality, line, window)
                    if estimate is not None and self._lines.get(modality) is line:  # nor left in the meantime
                        await self._heard(estimate)
                except (NetworkError, BundleError, ValueError) as error:
                    if not self._judges.failed(str(error), asked):
                        raise
                except StuckError as error:
                    if self._judges.failed(str(error), asked):
                        continue
                    self._health.dropped["stuck_leads"] += 1
                    log.error("%s: its network is loaded anew", error)
                    self._watchdog.budget.spend("leads", str(error))
                    self._judges.renew(modality)
                    self.begin_anew()  # the thread that was left behind may still come back to the old ones

    def _judge(self, classifier: Classifier, modality: Modality, line: _Line, window: Window) -> LeadEstimate | None:
        """One window to one estimate; None when it must not be judged, or the device was left."""
        if self._lines.get(modality) is not line or classifier.leads.get(modality) != line.model:
            return None
        told = line.stream.read(window)
        if told.values is not None:
            estimate = classifier.lead(modality, told.values, told.end, told.received, told.uncertainty_ns)
            line.word = f"{estimate.label} {estimate.share:.0%}"
            return estimate
        self._health.skipped[f"{modality.value}_{told.why}"] += 1
        word = _slow(line.model, window) if told.why == "slow" else _WORDS[told.why]
        if word != line.word:
            log.info("%s: %s", modality.value, word)
        line.word = word
        return None

    def _chosen(self, line: _Line, samples: Samples) -> Samples | None:
        """The columns that the model learned, in its order; None, with a word, when one is not there."""
        wanted = line.model.electrodes
        if not wanted or samples.axes == wanted:
            return samples
        if lacking := [name for name in wanted if name not in samples.axes]:
            there = ", ".join(samples.axes) or "no names of its electrodes"
            word = f"not judged: this device gives {there}, and the bundle's network wants {', '.join(wanted)}"
            if word != line.word:
                log.warning("%s: %s", samples.channel.value, word)
            line.word = word
            self._health.skipped[f"{samples.channel.value}_electrodes"] += len(lacking) > 0
            return None
        return replace(samples, values=samples.values[:, [samples.axes.index(n) for n in wanted]], axes=wanted)

    def _keep_up(self) -> None:
        """A new bundle's models get streams of their own; those that stay the same keep what they know."""
        if self._told_for is self._judges.current:
            return
        self._told_for = self._judges.current
        before = self._lines
        self._lines = {}
        for modality, model in self._told_for.leads.items():
            kept = before.get(modality)
            if kept is not None and _wants(kept.model) == _wants(model):
                self._lines[modality] = _Line(model, kept.stream, kept.word)
            else:
                self._lines[modality] = _Line(model, stream(model))


def _slow(model: LeadModel, window: Window) -> str:
    rates = {channel.value: signal.rate_hz for channel, signal in window.signals.items()}
    rate_hz = rates.get(model.channel, 0.0)
    return f"not judged: {rate_hz:.0f} samples a second, the network wants {model.least_hz:.0f} at least"


def _wants(model: LeadModel) -> tuple[object, ...]:
    """All of a model that its stream depends on."""
    return (
        model.recipe, model.window_s, model.step_s, model.quiet_s, model.features, model.scale, model.electrodes,
        model.domain, model.steps, model.least_hz, model.min_quality,
    )  # fmt: skip

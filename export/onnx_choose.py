"""Every form of a network for ONNX Runtime: built, checked against float, timed; the fastest sound one kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from msgspec.structs import replace

from edge.flow import Floats
from edge.inference.ports import NetworkError
from edge.inference.runtime import Network, load_network
from export.apart import apart
from export.choose import BUDGET_S, Candidate
from export.errors import BarError, ExportError, LoweringError
from export.onnx_source import OnnxSource, OnnxWeights
from export.trained import Trained
from export.verify import Latency, Measured, compare, logits_of, timed

SAME = 1e-3
"""The float file is its parent but for the order of additions; a larger difference of probability is a bug."""


@dataclass(frozen=True, slots=True, eq=False)
class OnnxChoice:
    """The form for ONNX Runtime that a bundle carries, and what else was tried."""

    weights: OnnxWeights
    content: bytes
    source: OnnxSource
    reach: float
    """From the lowest to the highest held logit."""
    measured: Measured
    latency: Latency
    candidates: tuple[Candidate, ...]

    @property
    def name(self) -> str:
        """As reports and contracts call it."""
        return f"onnx-{self.weights}"


def groups(source: OnnxSource) -> list[list[OnnxWeights]]:
    """The forms of a network, better groups first; within a group the fastest wins.

    Convolutions must come out in integers, as for LiteRT. An LSTM stays in float or has int8 weights: a static scale
    cannot hold its cell. What is neither may have either.
    """
    static: list[OnnxWeights] = ["qdq", "qdq-u8", "qdq-dynamic"] if source.recurrent else ["qdq", "qdq-u8"]
    whole: list[list[OnnxWeights]] = [static, ["dynamic"], ["float"]]
    return whole if source.convolutional else [[*static, "dynamic"], ["float"]]


def choose_onnx(
    run: Trained,
    source: OnnxSource,
    parent: Floats,
    *,
    max_loss: float,
    say: Callable[[str], None] = lambda _: None,
) -> OnnxChoice:
    """Try every form of a float network; ``parent`` is what its own parent says to the first held rows.

    Raises LoweringError when the float file says another thing, BarError when no form is sound.
    """
    judge = _Judge(run, source, parent)
    tried: dict[OnnxWeights, Candidate] = {}
    for group in groups(source):
        for weights in group:
            say(f"{run.name}: onnx-{weights}")
            tried[weights] = judge.candidate(weights, max_loss)
    for group in groups(source):
        sound: list[OnnxWeights] = [weights for weights in group if tried[weights].refused is None]
        if sound:
            best = min(sound, key=lambda weights: cast(Latency, tried[weights].latency_ms).p50)
            return judge.choice(best, tried, max_loss)
    reasons = "; ".join(f"{candidate.form}: {candidate.refused}" for candidate in tried.values())
    raise BarError(f"{run.name}: no form of the network for ONNX Runtime is sound ({reasons})")


class _Judge:
    """Builds and measures the candidates of one network against its float file."""

    def __init__(self, run: Trained, source: OnnxSource, parent: Floats) -> None:
        self._run = run
        self._source = source
        self._made: dict[OnnxWeights, bytes] = {"float": source.content}
        network = self._load("float")
        drift = compare(self._logits(network, np.arange(len(parent))), parent, None).drift
        if drift > SAME:
            raise LoweringError(
                f"{run.name}: the float .onnx file is off its parent by {drift:.2g}; "
                "the network has a layer that means another thing there"
            )
        self._rows = self._affordable(timed(network))
        self._float = self._logits(network, self._rows)

    def candidate(self, weights: OnnxWeights, max_loss: float) -> Candidate:
        made = Candidate(f"onnx-{weights}")
        try:
            network = self._load(weights)
            made = replace(made, bytes=len(self._made[weights]), latency_ms=timed(network))
            made = replace(made, measured=self._measure(network))
            cast(Measured, made.measured).bar(f"{self._run.name} as {made.form}", max_loss)
        except (ExportError, NetworkError) as error:
            return replace(made, refused=str(error))
        return made

    def choice(self, weights: OnnxWeights, tried: dict[OnnxWeights, Candidate], max_loss: float) -> OnnxChoice:
        network = self._load(weights)
        measured = self._measure(network)
        measured.bar(f"{self._run.name} as onnx-{weights}", max_loss)
        candidates = tuple(replace(candidate, chosen=other == weights) for other, candidate in tried.items())
        reach = float(self._float.max() - self._float.min())
        return OnnxChoice(weights, self._made[weights], self._source, reach, measured, timed(network), candidates)

    def _load(self, weights: OnnxWeights) -> Network:
        if weights not in self._made:
            self._made[weights] = cast(bytes, apart("export.onnx_forms", "quantised", self._source, weights))
        return load_network(self._made[weights], name=f"{self._run.name}-{weights}.onnx")

    def _measure(self, network: Network) -> Measured:
        labels = None if self._run.labels is None else self._run.labels[self._rows]
        return compare(self._logits(network, self._rows), self._float, labels)

    def _logits(self, network: Network, rows: np.typing.NDArray[np.int64]) -> Floats:
        held = {name: values[rows] for name, values in self._run.held.items()}
        return logits_of(network, held, self._source.states)

    def _affordable(self, latency: Latency) -> np.typing.NDArray[np.int64]:
        """Held rows that the budget allows, spread evenly."""
        length = min(len(values) for values in self._run.held.values())
        moments = next(iter(self._run.held.values())).shape[1] if self._source.states else 1
        most = int(BUDGET_S / (max(latency.p50, 1e-3) * moments / 1000))
        return np.unique(np.linspace(0, length - 1, min(length, max(most, 100))).astype(np.int64))

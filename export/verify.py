"""int8 against float on held data: agreement, drift, accuracy, size, latency; refused below the bar."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from edge.flow import Floats
from edge.inference.runtime import Network
from export.errors import BarError
from export.forms import CarriedState
from export.trained import Labels

AGREEMENT = 0.97
"""Share of held rows on which the lowered network must choose the class that its float parent chooses."""
DRIFT = 0.02
"""How far a probability may be from the float parent's, on average: thresholds and calibration were made for those."""
MAX_LOSS = 0.5
"""Accuracy that lowering may cost, in percentage points."""
_WARM, _TIMED = 20, 200
_PATIENCE_S = 4.0


class Measured(Struct, frozen=True):
    """What lowering did to a network."""

    n: int
    agreement: float
    """Share of held rows with the parent's choice."""
    drift: float
    """Largest difference of a probability from the parent's."""
    drift_mean: float
    accuracy: float | None
    float_accuracy: float | None
    loss_points: float | None
    """Accuracy lost, in percentage points; None without labels."""

    def bar(
        self, name: str, max_loss: float = MAX_LOSS, agreement: float = AGREEMENT, drift: float | None = DRIFT
    ) -> None:
        """Raise BarError when the network is below the bar; ``drift`` None for what says no probabilities."""
        if self.agreement < agreement:
            raise BarError(
                f"{name} agrees with its float parent on {self.agreement:.1%} of {self.n} held rows, at least "
                f"{agreement:.0%} are asked; calibrate on more windows, or allow another form"
            )
        if drift is not None and self.drift_mean > drift:
            raise BarError(
                f"{name} is off its float parent's probabilities by {self.drift_mean:.3f} on average over {self.n} "
                f"held rows, at most {drift:g} may be; calibrate on more windows, or allow another form"
            )
        if self.loss_points is not None and self.loss_points > max_loss:
            raise BarError(
                f"{name} loses {self.loss_points:.2f} points of accuracy on {self.n} held rows, at most {max_loss:g} "
                "may be; calibrate on more windows, allow another form, or raise --max-loss"
            )


class Latency(Struct, frozen=True):
    """Time of one run on one thread of the machine that exported, in ms."""

    p50: float
    p99: float


def compare(lowered: Floats, parent: Floats, labels: Labels | None) -> Measured:
    """Logits (n, k) of both; one column is the logit of a yes."""
    ours, theirs = _probabilities(lowered), _probabilities(parent)
    choice, wanted = ours.argmax(axis=1), theirs.argmax(axis=1)
    accuracy = None if labels is None else share(choice == labels)
    float_accuracy = None if labels is None else share(wanted == labels)
    off = np.abs(ours - theirs)
    return Measured(
        n=len(ours),
        agreement=share(choice == wanted),
        drift=float(off.max()),
        drift_mean=float(off.mean()),
        accuracy=accuracy,
        float_accuracy=float_accuracy,
        loss_points=lost(accuracy, float_accuracy),
    )


def share(hits: npt.NDArray[np.bool_]) -> float:
    """How many of the rows, 0 to 1."""
    return float(np.count_nonzero(hits)) / len(hits)


def lost(accuracy: float | None, float_accuracy: float | None) -> float | None:
    """Accuracy lost, in percentage points."""
    return None if accuracy is None or float_accuracy is None else round(100 * (float_accuracy - accuracy), 6)


def logits_of(network: Network, rows: Mapping[str, Floats], states: Sequence[CarriedState] = ()) -> Floats:
    """A network's logits (n, k) on held rows; with states, sequences (n, steps, features) go moment by moment."""
    length = min(len(values) for values in rows.values())
    if states:
        return np.concatenate([_stepped(network, rows, row, states) for row in range(length)])
    feeds = ({name: values[row : row + 1] for name, values in rows.items()} for row in range(length))
    return np.concatenate([network.run(feed)["logits"] for feed in feeds])


def timed(network: Network, clock: Callable[[], float] = time.perf_counter) -> Latency:
    """Run the network again and again on zeros in its own dtypes, a slow one less often."""
    feeds = {name: np.zeros(port.shape, port.dtype) for name, port in network.inputs.items()}
    taken: list[float] = []
    until = clock() + _PATIENCE_S
    for turn in range(_WARM + _TIMED):
        began = clock()
        if taken and began > until:
            break
        network.run_raw(feeds)
        if turn >= _WARM or began > until:
            taken.append(1000 * (clock() - began))
    return Latency(round(float(np.percentile(taken, 50)), 4), round(float(np.percentile(taken, 99)), 4))


def _stepped(network: Network, rows: Mapping[str, Floats], row: int, states: Sequence[CarriedState]) -> Floats:
    ((name, windows),) = rows.items()
    held: dict[str, Floats] = {state.input: np.zeros(network.inputs[state.input].shape, np.float32) for state in states}
    logits: Floats = np.zeros((1, 1), np.float32)
    for moment in range(windows.shape[1]):
        outputs = network.run({name: windows[row : row + 1, moment], **held})
        held = {state.input: np.clip(outputs[state.output], -state.clip, state.clip) for state in states}
        logits = outputs["logits"]
    return logits


def _probabilities(logits: Floats) -> Floats:
    """Softmax over the columns; a single column becomes no and yes."""
    whole = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    spread = np.exp(whole - whole.max(axis=1, keepdims=True))
    return (spread / spread.sum(axis=1, keepdims=True)).astype(np.float32)

"""Between the nouns of the journey and the arrays of a network: scaling, calibration, recurrent state."""

from collections.abc import Mapping, Sequence

import numpy as np

from edge.bundle_contract import State
from edge.flow import Floats, Image


def scaled_face(image: Image, offset: float, divisor: float) -> Floats:
    """A grey face (h, w), uint8, as a network's input (1, h, w, 1): (pixel - offset) / divisor."""
    if image.ndim != 2 or image.dtype != np.uint8:
        raise ValueError(f"a face must be grey uint8 (h, w), got {image.dtype} {image.shape}")
    scaled = (image.astype(np.float32) - np.float32(offset)) / np.float32(divisor)
    return scaled[np.newaxis, :, :, np.newaxis]


def standardised(values: Floats, mean: Floats, scale: Floats, clip: float) -> Floats:
    """Features (..., n) as clip((value - mean) / scale); NaN, a feature its window could not support, becomes 0."""
    known = np.where(np.isfinite(values), values, mean)
    return np.clip((known - mean) / scale, -clip, clip).astype(np.float32)


def ordered(names: Sequence[str], values: Floats, wanted: Sequence[str]) -> Floats:
    """Values by name, in the wanted order, NaN where a name is not there."""
    place = {name: index for index, name in enumerate(names)}
    return np.array([values[place[name]] if name in place else np.nan for name in wanted], np.float32)


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Calibrated probabilities over the last axis (Guo et al. 2017, section 4: temperature scaling)."""
    warm = logits / np.float32(temperature)
    spread = np.exp(warm - warm.max(axis=-1, keepdims=True))
    return (spread / spread.sum(axis=-1, keepdims=True)).astype(np.float32)


def logistic(logit: float) -> float:
    """Probability of a logit, without overflow at either end."""
    return float(0.5 * (1.0 + np.tanh(0.5 * logit)))


class Carried:
    """The recurrent state of a stepwise network: zeros at first, each step's outputs clipped into the next's inputs."""

    def __init__(self, states: Sequence[State], shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._states = tuple(states)
        self._held: dict[str, Floats] = {state.input: np.zeros(shapes[state.input], np.float32) for state in states}

    def feeds(self) -> Mapping[str, Floats]:
        """The state inputs of the next step, by name."""
        return self._held

    def take(self, outputs: Mapping[str, Floats]) -> None:
        """Keep a step's outgoing states."""
        for state in self._states:
            self._held[state.input] = np.clip(outputs[state.output], -state.clip, state.clip)

    def reset(self) -> None:
        """Begin anew, as after a gap."""
        for name, held in self._held.items():
            self._held[name] = np.zeros_like(held)

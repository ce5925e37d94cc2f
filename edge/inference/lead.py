"""Rows of one ECG or EEG window in; the probability of stress that its network sees in them, out."""

from dataclasses import dataclass

import numpy as np

from edge.bundle_contract import LeadModel
from edge.clock import HostNs, StreamNs
from edge.flow import Floats, Modality
from edge.inference.arrays import logistic, softmax
from edge.inference.ports import NetworkError
from edge.inference.runtime import Network


@dataclass(frozen=True, slots=True)
class LeadEstimate:
    """What a chest's or a head's electrodes say."""

    modality: Modality
    stress: float
    """Calibrated probability of the label that counts as stress, 0 to 1."""
    logit: float
    label: str
    """The likeliest of the model's own labels."""
    share: float
    """Its probability."""
    weight: float
    """In the pool, by the contract."""
    end: StreamNs
    received: HostNs
    uncertainty_ns: int = 0
    """Of the times of what it heard."""


class Lead:
    """One model and its network. Keeps nothing between calls; not for two threads at once."""

    def __init__(self, model: LeadModel, network: Network) -> None:
        """Raise NetworkError when the network is none for a lead."""
        if len(network.inputs) != 1 or "logits" not in network.outputs:
            ports = f"{', '.join(network.inputs)} to {', '.join(network.outputs)}"
            raise NetworkError(f"{network.name}: goes from {ports}; a lead's network goes from one input to logits")
        self.model = model
        self._network = network
        (self._input,) = network.inputs

    def judge(self, values: Floats, end: StreamNs, received: HostNs, uncertainty_ns: int = 0) -> LeadEstimate:
        """``values`` are the network's input without its batch; NetworkError when it does not fit the contract."""
        model = self.model
        logits = self._network.run({self._input: values[np.newaxis]})["logits"][0]
        if logits.shape != (len(model.labels),):
            raise NetworkError(f"{self._network.name}: says {logits.size} logits for the labels {model.labels}")
        chances = softmax(logits, model.temperature)
        stress = model.labels.index(model.stress)
        others = np.logaddexp.reduce(np.delete(logits, stress) / model.temperature)
        logit = float(logits[stress] / model.temperature - others) + model.bias
        best = int(chances.argmax())
        return LeadEstimate(
            modality=Modality(model.channel),
            stress=logistic(logit),
            logit=logit,
            label=model.labels[best],
            share=float(chances[best]),
            weight=model.weight,
            end=end,
            received=received,
            uncertainty_ns=uncertainty_ns,
        )

"""How active the wearer is: a window in; sedentary, light, moderate or vigorous, out."""

from dataclasses import dataclass

import numpy as np

from edge.bundle import Bundle, BundleError
from edge.clock import StreamNs
from edge.flow import Channel, Window
from edge.inference.arrays import ordered
from edge.signals.activity import NAMES, activity

MODEL = "activity"


@dataclass(frozen=True, slots=True)
class Activity:
    """What the wrist's last seconds of movement look like."""

    at: StreamNs
    level: str
    """One of the bundle's labels: `sedentary`, `light`, `moderate`, `vigorous`."""
    share: float
    """Of the neighbours' vote, 0 to 1."""


class Pace:
    """A bundle's activity judge; says nothing when the bundle has none."""

    def __init__(self, bundle: Bundle) -> None:
        """Raise BundleError when the judge wants features that nobody computes."""
        self._model = bundle.contract.models.tensors.get(MODEL)
        if self._model is not None and (unknown := set(self._model.features) - set(NAMES)):
            raise BundleError(f"{bundle.path}: its activity wants unknown features: {', '.join(sorted(unknown))}")
        self._network = None if self._model is None else bundle.network(MODEL)

    def judge(self, window: Window) -> Activity | None:
        """The window's activity; None without a judge, or with too little acceleration to tell."""
        if self._model is None or self._network is None:
            return None
        values = activity(window.signals.get(Channel.MOTION))
        if not np.isfinite(values).any():
            return None
        row = ordered(NAMES, values, self._model.features)
        (votes,) = self._network.run({"features": row[np.newaxis]}).values()
        best = int(votes[0].argmax())
        return Activity(window.end, self._model.labels[best], float(votes[0, best]))

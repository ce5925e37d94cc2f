"""Predictions in; what stands of the person for now, and how it is told, out."""

from collections.abc import Mapping

from edge.clock import Clock, UnixNs, seconds
from edge.flow import Decision, Modality, Prediction, State
from edge.inference.decision import Decider, DecisionSettings
from edge.relay.alerts import StateMessage, iso_time


class Standing:
    """The newest prediction and the newest decision, until they are too old."""

    def __init__(self, settings: DecisionSettings, clock: Clock) -> None:
        self.prediction: Prediction | None = None
        self.decision: Decision | None = None
        self.decider = Decider(settings)
        self._stale_s = settings.stale_s
        self._clock = clock
        self._inferred = UnixNs(0)

    @property
    def state(self) -> State:
        return self.decider.state

    def take(self, prediction: Prediction) -> None:
        """The newest prediction; it decides nothing by itself."""
        self.prediction = prediction
        # Once, not at each telling: a clock that is set would change the time of what is past.
        self._inferred = UnixNs(self._clock.wall() - (self._clock.now() - prediction.inferred))

    def decide(self, prediction: Prediction, by: str) -> Decision:
        """Take one prediction, of this bundle, into account."""
        self.decision = decision = self.decider.step(prediction, by)
        return decision

    def expire(self) -> bool:
        """Let go of what is too old; True when nothing is known of the person any more that was known till now."""
        now, known = self._clock.stream(self._clock.now()), self.state is not State.UNKNOWN
        # By its own time: the decider knows nothing of what was only noted, such as a face beside the wrist.
        if self.prediction is not None and seconds(now - self.prediction.at) > self._stale_s:
            self.prediction = None
        if not self.decider.expire(now):
            return False
        self.decision = None
        return known

    def forget(self) -> None:
        """What was said came from a sensor that is gone, or is of somebody else."""
        self.prediction = self.decision = None
        self.decider.forget()

    def forget_body(self) -> None:
        """The watch or the strap is gone; what a face alone says stays."""
        if self.prediction is not None and self.prediction.modalities - {Modality.FACE}:
            self.forget()

    def again(self) -> Decision | None:
        """An alert of now in place of those that nobody heard; None unless stress is known to last.

        Where it is not known, stress that is found afterwards is to be told.
        """
        if self.state is not State.STRESS or self.decision is None:
            self.decider.untold()
            return None
        self.decider.alerted(self._clock.stream(self._clock.now()))
        return self.decision

    def message(
        self,
        device: str,
        *,
        seen: bool,
        heart_rate: float | None,
        battery: float | None,
        plan: str,
        sensors: Mapping[str, str],
        bundle: str,
    ) -> StateMessage:
        """All of it as a state; ``seen``: a face was there within the last seconds, so that its emotion may stand."""
        p = self.prediction
        emotion, confidence = (None, None) if p is None or not seen else _likeliest(p)
        return StateMessage(
            device=device,
            state=self.state.value,
            stress=None if p is None else round(p.stress, 4),
            emotion=emotion,
            emotion_confidence=confidence,
            modalities=() if p is None else tuple(sorted(m.value for m in p.modalities)),
            reason="" if self.decision is None else self.decision.reason,
            heart_rate=None if heart_rate is None else round(heart_rate, 1),
            battery=battery,
            plan=plan,
            sensors=sensors,
            bundle=bundle,
            inferred_unix_ns=0 if p is None else self._inferred,
            inferred_time="" if p is None else iso_time(self._inferred),
        )


def _likeliest(prediction: Prediction) -> tuple[str | None, float | None]:
    """The likeliest emotion and its probability; nothing when no face entered."""
    if not prediction.emotion:
        return None, None
    emotion, confidence = max(prediction.emotion.items(), key=lambda item: item[1])
    return emotion, round(confidence, 4)

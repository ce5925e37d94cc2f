"""Who wears the watch: their rest as it was measured, their usual as it was learned; and bodies that know of both."""

from edge.acquaintance import Acquaintance
from edge.bundle_contract import WristModel
from edge.clock import Clock
from edge.inference.decision import Decider
from edge.judges import usual
from edge.resting import Resting
from edge.settings import Settings
from edge.signals.body import Body


class Wearer:
    """One person, over restarts. ``window_s`` is the length of the wrist model's windows; None without one."""

    def __init__(self, settings: Settings, window_s: float | None, clock: Clock) -> None:
        state, watch = settings.state_path, settings.watch.address
        self.resting = Resting(state, window_s, clock)
        self.acquaintance = Acquaintance(state, settings.retention.usual_days, watch, clock)

    def follow(self, watch: str, decider: Decider) -> None:
        """Another watch comes: its wearer may be another person, and no rest that is measured holds both."""
        self.resting.begin_anew()
        self.acquaintance.follow(watch, decider)

    def body(self, wrist: WristModel | None, watch: str) -> Body | None:
        """Windows that hold nothing yet, told from what is known of this person; None without a wrist model."""
        if wrist is None:
            return None
        self.resting.suit(wrist.window_s)
        body = Body(usual(wrist), wrist.window_s, wrist.step_s)
        if self.resting.baseline is not None:
            body.anchor(self.resting.baseline)
        self.acquaintance.introduce(body, watch)
        return body

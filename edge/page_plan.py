"""The daemon's sampling plan in, what the page shows of it out."""

from edge.clock import Clock, seconds
from edge.daemon import Daemon
from edge.panel.snapshot import PlanSeen


def plan_seen(daemon: Daemon, clock: Clock) -> PlanSeen:
    """The plan that holds now."""
    plan = daemon.plan
    since_s = seconds(clock.stream(clock.now()) - plan.since) if plan.since else 0.0
    return PlanSeen(
        mode=plan.mode,
        forced=daemon.steering.word,
        rates_hz={channel.value: hz for channel, hz in plan.rates_hz.items()},
        camera_fps=plan.camera_fps,
        reason=plan.reason,
        for_s=round(max(0.0, since_s), 1),
        battery_hours=daemon.battery_hours,
    )

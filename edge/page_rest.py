"""The person's baseline in the daemon, as the page shows it."""

from edge.daemon import Daemon
from edge.panel.snapshot import RestSeen
from edge.signals.baseline import NEEDED_S

TOLD = ("heart_rate", "pulse_rate", "rmssd", "conductance", "temperature")
"""Features that a person can make sense of, where the baseline holds them."""


def rest_seen(daemon: Daemon) -> RestSeen:
    """What is known of this person at rest, and how a running measurement goes."""
    resting = daemon.resting
    judged = daemon.bundle.contract.models.wrist is not None or bool(daemon.leads.words)
    offered = bool(daemon.watch_address) and judged
    running = RestSeen(offered, resting.progress, NEEDED_S, resting.refused, resting.trouble)
    kept = resting.kept
    if kept is None:
        return running
    usual = {name: value for name in TOLD if (value := kept.baseline.value(name)) is not None}
    return RestSeen(
        offered,
        running.progress,
        NEEDED_S,
        running.refused,
        running.trouble,
        kept.measured_unix_ns // 1_000_000,
        kept.baseline.seconds,
        {name: round(value, 2) for name, value in usual.items()},
    )

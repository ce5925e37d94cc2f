"""The daemon's counters as Prometheus metrics; nothing in them says how the person is."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric

from edge.worker import left_behind

if TYPE_CHECKING:
    from edge.daemon import Daemon

_QUANTILES = ("p50", "p99")


def exposition(daemon: "Daemon") -> bytes:
    """All metrics in the text format of Prometheus (prometheus.io, exposition formats, version 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_Collector(daemon))
    ProcessCollector(registry=registry)  # resident memory, processor time, open files
    return generate_latest(registry)


class _Collector:
    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon

    def collect(self) -> Iterable[Metric]:
        """Every family, read from the rooms that count."""
        daemon = self._daemon
        yield InfoMetricFamily("vagus", "What runs.", {"version": version("vagus"), "bundle": daemon.bundle.label})
        yield from self._flow()
        yield from self._lanes()
        yield _gauge("vagus_outbox_pending", "Messages that the broker has not acknowledged.", daemon.relay.pending)
        yield _gauge("vagus_broker_connected", "1 while there is a connection.", daemon.relay.connected)
        sensors = {name: float(state == "online") for name, state in daemon.sensors().items()}
        yield _by("vagus_sensor_online", "1 while the sensor is heard or seen.", "sensor", sensors, GaugeMetricFamily)
        if daemon.onlooker.battery is not None:
            yield _gauge("vagus_watch_battery_percent", "As the watch said last.", daemon.onlooker.battery)

    def _flow(self) -> Iterable[Metric]:
        health = self._daemon.health
        health.most_lost |= self._daemon.losses()
        yield _by("vagus_samples", "Samples heard.", "channel", health.samples)
        yield _by("vagus_predictions", "Predictions made.", "modalities", health.predictions)
        yield _by("vagus_lost", "What was lost, refused or missing.", "cause", health.most_lost)
        yield _by("vagus_skipped", "Whole windows that must not be judged.", "cause", health.skipped)
        for name, count, says in (
            ("frames", health.frames, "Frames looked at."),
            ("faces", health.faces, "Frames with a face."),
            ("alerts_raised", health.raised, "Alerts raised."),
            ("alerts_acknowledged", health.acked, "Alerts that the broker has acknowledged."),
            ("alerts_snoozed", health.snoozed, "Alerts not raised because somebody had asked for quiet."),
        ):
            yield CounterMetricFamily(f"vagus_{name}", says, count)
        for name, leg in (
            ("sensor_to_puback", health.sensor_to_puback),
            ("frame_to_prediction", health.frame_to_prediction),
        ):
            yield SummaryMetricFamily(f"vagus_{name}_seconds", "How long this leg takes.", leg.n, leg.total_ms / 1e3)
            figures = leg.summary()
            newest = {q: ms / 1e3 for q in _QUANTILES if (ms := figures[q]) is not None}
            says = "Quantiles of the newest of them."
            yield _by(f"vagus_{name}_recent_seconds", says, "quantile", newest, GaugeMetricFamily)

    def _lanes(self) -> Iterable[Metric]:
        watchdog = self._daemon.watchdog
        beats, stuck = watchdog.hearts.beats, watchdog.stuck
        yield _by("vagus_lane_beats", "Signs of progress.", "lane", beats)
        stuck_now = {lane: float(lane in stuck) for lane in beats}
        yield _by("vagus_lane_stuck", "1 while a lane does not move.", "lane", stuck_now, GaugeMetricFamily)
        yield _by("vagus_lane_restarts", "How often it was begun anew.", "lane", watchdog.budget.spent)
        yield _gauge("vagus_threads_left_behind", "Threads that are stuck and cannot be ended.", left_behind())


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, float(value))


def _by(
    name: str,
    says: str,
    label: str,
    values: Mapping[str, float],
    family: type[CounterMetricFamily] | type[GaugeMetricFamily] = CounterMetricFamily,
) -> Metric:
    made = family(name, says, labels=[label])
    for key, value in sorted(values.items()):
        made.add_metric([key], value)
    return made

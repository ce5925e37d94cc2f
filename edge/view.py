"""What the daemon knows, as a terminal shows it."""

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from edge.daemon import Daemon
from edge.flow import State

_COLOURS = {State.UNKNOWN: "bright_black", State.CALM: "green", State.STRESS: "red"}


def render(daemon: Daemon, elapsed_s: float, total_s: float, page: str) -> RenderableType:
    """The live picture: state and reason, what is heard, what is seen, how fast, and the alerts so far."""
    state = daemon.state
    title = Text.assemble(("vagus ", "bold"), (state.value.upper(), f"bold {_COLOURS[state]}"))
    body = Group(
        _now(daemon),
        Text(),
        _signals(daemon),
        Text(),
        _legs(daemon),
        Text(),
        _alerts(daemon),
        Text(_footer(daemon, page)),
    )
    return Panel(body, title=title, subtitle=f"{elapsed_s:.0f} of {total_s:.0f} s", padding=(1, 2))


def _now(daemon: Daemon) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    prediction = daemon.prediction
    if prediction is None:
        grid.add_row("waiting for the first window", Text("the wrist needs about a minute of signal", "bright_black"))
        return grid
    if daemon.decision is not None:
        level = daemon.decision.level
        grid.add_row("stress", Bar(1.0, 0, level, width=30, color="red"), f"{level:.0%} on average, 50% is usual")
    grid.add_row("now", Bar(1.0, 0, prediction.stress, width=30, color="yellow"), f"{prediction.stress:.0%}")
    for name, value in (
        ("wrist", prediction.wrist),
        ("face", prediction.face),
        ("ecg", prediction.ecg),
        ("eeg", prediction.eeg),
    ):
        if value is not None:
            grid.add_row(f"  {name}", Bar(1.0, 0, value, width=30, color="yellow"), f"{value:.0%}")
    if prediction.emotion:
        emotion, p = max(prediction.emotion.items(), key=lambda item: item[1])
        grid.add_row("emotion", Bar(1.0, 0, p, width=30, color="cyan"), f"{emotion} {p:.0%}")
    if daemon.decision is not None:
        grid.add_row("because", Text(daemon.decision.reason, overflow="fold"))
    return grid


def _signals(daemon: Daemon) -> RenderableType:
    table = Table(box=None, padding=(0, 2), header_style="bright_black")
    for column in ("channel", "samples", "predictions", "lost or refused"):
        table.add_column(column)
    samples = [f"{channel} {n:,}" for channel, n in sorted(daemon.health.samples.items())]
    predictions = [f"{by} {n:,}" for by, n in sorted(daemon.health.predictions.items())]
    lost = [f"{what} {n:,}" for what, n in sorted(daemon.losses().items()) if n] or ["nothing"]
    for row in range(max(len(samples), len(predictions), len(lost))):
        cells = [column[row] if row < len(column) else "" for column in (samples, predictions, lost)]
        channel, _, n = cells[0].partition(" ")
        table.add_row(channel, n, cells[1], cells[2])
    return table


def _legs(daemon: Daemon) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for name, leg in (
        ("sensor to broker", daemon.health.sensor_to_puback),
        ("frame to prediction", daemon.health.frame_to_prediction),
    ):
        figures = leg.summary()
        shown = f"p50 {figures['p50']} ms, p99 {figures['p99']} ms, n {figures['n']}" if figures["n"] else "none yet"
        grid.add_row(Text(name, "bright_black"), shown)
    return grid


def _alerts(daemon: Daemon) -> RenderableType:
    if not daemon.alerts:
        return Text("no alerts yet", "bright_black")
    return Text("\n").join(Text(f"alert {alert.sequence}: {alert.reason}", "red") for alert in daemon.alerts)


def _footer(daemon: Daemon, page: str) -> str:
    broker = "connected" if daemon.relay.connected else "not connected, alerts wait in the outbox"
    more = f"; more at {page}" if page else ""
    return f"broker {broker}{more}; not a medical device; nothing raw is stored or sent"

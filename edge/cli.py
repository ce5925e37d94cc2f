"""`edge-daemon`: arguments in, one verb done, one exit code out.

Exit codes: 0 done, 1 ran but did not keep its promise, 2 refused at the start, with the sentence on standard error.
"""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer

from edge.budget import LaneError
from edge.cli_care import add_to
from edge.log_lines import complain, log_to_stderr
from edge.memory import spare
from edge.options import Config, Json, Speed, forgive_letters, report, settings_of, terminal, whole
from edge.refusal import REFUSALS, RefusalError
from edge.rehearsal import rehearse
from edge.verbs import check, record, serve

app = typer.Typer(
    name="edge-daemon",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Tells, from a watch and a camera, when a person is stressed. **Not a medical device.**

Without a verb, `edge-daemon --config FILE` means `edge-daemon run --config FILE`. When something is wrong, ask
`edge-daemon doctor`.

Exit codes: 0 done, 1 ran but did not keep its promise, 2 refused at the start, with the sentence on standard error.""",
)


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"edge-daemon {version('vagus')}")
        raise typer.Exit


@app.callback()
def whole_program(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version, do nothing.")
    ] = False,
) -> None:
    """Options that come before a verb."""


@app.command("run")
def run_verb(config: Config = None, json_file: Json = None) -> None:
    """Read watch and camera, decide, relay alerts, until SIGTERM or Ctrl-C.

    Standard error tells what happens and, with `[panel] enabled = true`, where the page is. Exit code 1: a part failed
    again and again, start it anew. 2: refused; the sentence says what to mend, and `edge-daemon doctor` says more.
    """
    settings = settings_of(config)
    report(json_file, asyncio.run(serve(settings, config=config)))


@app.command("check")
def check_verb(config: Config = None, json_file: Json = None) -> None:
    """Try settings, bundle, camera and addresses; start nothing. Exit 2 with one sentence if a start would fail.

    No watch and no broker is reached: `edge-daemon doctor` does that, and names the cure of all that it finds.
    """
    settings = settings_of(config)
    rehearse(settings)
    result = check(settings)
    report(json_file, result)
    if json_file is None:
        but = f"\n[yellow]but[/]: {result['trouble']}" if "trouble" in result else ""
        terminal().print(f"[green]ready[/]: bundle {result['bundle']}, judging by {result['modalities']}{but}")


@app.command("demo")
def demo_verb(
    seconds: Annotated[float, typer.Option(help="How long, in host seconds.", min=1)] = 60.0,
    headless: Annotated[bool, typer.Option("--headless", help="No live view.")] = False,
    recording: Annotated[Path | None, typer.Option(help="Real recording (.npz) that the virtual watch plays.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose recording, such as S02.")] = None,
    start: Annotated[float, typer.Option(help="Skip so many seconds of the recording.", min=0)] = 0.0,
    speed: Speed = 20.0,
    clip: Annotated[Path | None, typer.Option(help="Video or picture for the camera; default: a portrait.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the wearer when there is no recording.", min=0)] = 1,
    state: Annotated[
        Path | None, typer.Option(help="Where the outbox lives; a killed demo's alerts wait there.")
    ] = None,
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Run the main job on a virtual watch, a face and a broker of its own; end with a summary.

    With `--config` naming a broker (`mqtt.broker`), that broker is used. Real signals:
    `edge-daemon demo --recording stress_predict.npz --subject S02 --speed 20 --clip face.mp4`

    Its page is named at the start. Exit code 1: an alert did not reach its own broker.
    """
    from edge.demo import DemoPlan, run_demo  # a daemon in service needs neither a subscriber nor a live view

    plan = DemoPlan(seconds, speed, headless, recording, subject, start, clip, seed)
    console = terminal(stderr=json_file == "-")
    settings = settings_of(config)
    if state is not None:
        settings = msgspec.structs.replace(settings, state_dir=str(state))
    summary = asyncio.run(run_demo(settings, plan, console))
    report(json_file, summary)
    if json_file != "-":
        console.print_json(data=summary)
    alerts = msgspec.convert(summary["alerts"], dict[str, int])
    if not settings.mqtt.broker and alerts["received"] < alerts["raised"]:
        print(f"edge-daemon: only {alerts['received']} of {alerts['raised']} alerts were received", file=sys.stderr)
        raise typer.Exit(1)


@app.command("replay")
def replay_verb(
    file: Annotated[Path, typer.Argument(help="A file that `record` wrote.")],
    speed: Speed = 1.0,
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Run a recorded watch through the same line; end when the recording ends, with its summary as JSON."""
    settings = settings_of(config)
    watch = msgspec.structs.replace(settings.watch, address=f"replay:{file}")
    report(json_file or "-", asyncio.run(serve(msgspec.structs.replace(settings, watch=watch), speed=speed)))


@app.command("record")
def record_verb(
    out: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    watch: Annotated[str | None, typer.Option(help="Address of the watch; default: the one in the settings.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long; default: on Ctrl-C.", min=0.1)] = None,
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Write what a watch sends, byte for byte, for `replay`. This stores health data: ask the person first."""
    settings = settings_of(config)
    done = record(watch or settings.watch.address, out, seconds, settings.watch.allowed)
    if trouble := done.get("trouble"):
        complain(f"edge-daemon: {trouble}")
    report(json_file, done)
    if trouble:
        raise typer.Exit(1)


@app.command("baseline")
def baseline_verb(
    watch: Annotated[str | None, typer.Option(help="Address of the watch; default: the one in the settings.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the stored baseline instead.")] = False,
    speed: Speed = 1.0,
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Measure how you are at rest: five guided minutes, kept on this machine, used from the next start on.

    While the daemon runs the watch is its own: stop it first, or start a baseline on its page or over MQTT.
    Exit code 1 when no five quiet minutes were found.
    """
    from edge import baseline_verb as baseline

    settings = settings_of(config)
    if forget:
        report(json_file or "-", baseline.forget(settings))
        return
    console = terminal() if json_file is None else None
    outcome = asyncio.run(baseline.measure(settings, watch or settings.watch.address, speed, console))
    report(json_file, outcome)
    if console is not None:
        console.print(baseline.told(outcome))
    if not outcome["measured"]:
        raise typer.Exit(1)


@app.command("devices")
def devices_verb(
    seconds: Annotated[float, typer.Option(help="How long to listen.", min=1)] = 8.0, json_file: Json = None
) -> None:
    """List the watches within reach: signal, family, and what each can give. Exit codes are those of `pair`."""
    from edge.pairing import list_devices, show_devices, with_radio

    devices = with_radio(list_devices(seconds), json_file)
    report(json_file, {"devices": devices})
    if json_file is None:
        show_devices(devices, terminal())


@app.command("pair")
def pair_verb(
    address: Annotated[str | None, typer.Argument(help="Bluetooth address; default: choose from a list.")] = None,
    passkey: Annotated[int | None, typer.Option(help="Six digits, for scripts; default: you are asked.")] = None,
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Pair a watch: choose it, type its passkey, see the first heartbeat; `--config` stores its address.

    Exit codes: 10 lost, 11 out of reach, 12 no adapter, 13 no permission, 14 wrong passkey, 15 not allowed, 16 refused.
    """
    from edge.pairing import pair_watch, with_radio

    console = None if json_file else terminal()
    settings = settings_of(config if config and config.exists() else None)
    paired = with_radio(pair_watch(settings, config, address, passkey, console), json_file)
    report(json_file, paired)
    if console is not None:
        console.print(f"[green]paired[/] with {paired['name'] or paired['address']}: {_heard(paired)}")


@app.command("open")
def open_verb(
    key: Annotated[Path, typer.Option(help="PEM of your X25519 secret key.")],
    file: Annotated[Path | None, typer.Argument(help="A sealed payload; default: standard input.")] = None,
) -> None:
    """Decrypt what a daemon sealed to your key (`mqtt.seal_to_file`): one payload in, its JSON out."""
    from edge.relay.seal import open_sealed, read_secret_key

    try:
        payload = sys.stdin.buffer.read() if file is None else file.read_bytes()
    except OSError as error:
        raise RefusalError(f"{file} cannot be read: {error.strerror}; name a file with a sealed payload") from error
    sys.stdout.buffer.write(open_sealed(payload, read_secret_key(str(key))) + b"\n")


@app.command("bench")
def bench_verb(
    seconds: Annotated[float, typer.Option(help="How long watches are timed, in host seconds.", min=1)] = 120.0,
    watches: Annotated[str, typer.Option(help="How many watches at once, run by run.")] = "1,5,20",
    tries: Annotated[int, typer.Option(help="How often a row is measured until enough was quiet.", min=1)] = 3,
    config: Config = None,
    json_file: Json = "-",
) -> None:
    """Measure this machine: networks, what the daemon adds, the way to the broker, memory; prints JSON.

    Against `mqtt.broker`, else mosquitto where it is installed, else a broker inside the process. Takes ten minutes,
    on a virtual machine up to twenty: 20 s of which its host takes more than 1 % do not count, and are measured again
    (`--tries`); `all` in a row tells of those, too. With fewer `--seconds` the p99 is that of few alerts.
    """
    from rich.console import Console

    from edge.bench import bench

    if not all(word.isdecimal() and 1 <= int(word) <= 100 for word in watches.split(",")):
        raise RefusalError(f"--watches {watches!r} must be numbers from 1 to 100, such as 1,5,20")
    counts = tuple(int(word) for word in watches.split(","))
    with Console(stderr=True).status("this machine") as status:
        told = asyncio.run(bench(settings_of(config), seconds, counts, lambda word: status.update(word), tries))
        report(json_file, told)


add_to(app)


def main() -> None:
    """Entry point; never shows a traceback for something the operator can mend."""
    spare()
    log_to_stderr()
    forgive_letters()
    arguments = whole(sys.argv[1:])
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("--help", "--version")):
        arguments = ["run", *arguments]
    try:
        app(args=arguments, prog_name="edge-daemon")
    except REFUSALS as error:
        _refuse(error)
    except ExceptionGroup as group:
        first = _first(group)
        if isinstance(first, LaneError):
            complain(f"edge-daemon: {first}")
            raise SystemExit(1) from None
        if not isinstance(first, REFUSALS):
            raise
        _refuse(first)


def _refuse(error: Exception) -> None:
    complain(f"edge-daemon: {error}")
    raise SystemExit(2) from None


def _first(error: Exception) -> Exception:
    """The first of what may be nested groups."""
    while isinstance(error, ExceptionGroup):
        error = cast(ExceptionGroup[Exception], error).exceptions[0]
    return error


def _heard(paired: dict[str, object]) -> str:
    if paired["heart_rate_bpm"] is not None:
        return f"first heartbeat {paired['heart_rate_bpm']} bpm after {paired['first_message_s']} s"
    if paired["battery_percent"] is not None:
        return f"battery at {paired['battery_percent']} %"
    return f"it is a {paired['family']}, which speaks once it is started"


if __name__ == "__main__":
    main()

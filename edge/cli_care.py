"""`edge-daemon doctor | export-data | forget | bonds`: arguments in, one act of care for device or person done."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge.check import Check, sentence
from edge.options import Config, Json, plain, report, settings_of, terminal
from edge.settings import SettingsError


def doctor_verb(config: Config = None, json_file: Json = None) -> None:
    """Look at everything a start stands on: adapter, permissions, models, watch, camera, broker, disk, clock.

    Each is tried for real, without a daemon (a running one is not disturbed), and what is wrong comes with its cure.
    Exit code 0: nothing must be mended. 1: something must.
    """
    from edge.doctor import examine, show, told, well

    try:
        checks = asyncio.run(examine(settings_of(config), config))
    except SettingsError as error:
        there = config is None or config.exists()
        cure = "Mend that setting; docs/settings.md has all." if there else "Name the file that the daemon is given."
        checks = (Check("Settings", "bad", sentence(str(error)), cure),)
    if json_file != "-":
        show(checks, terminal())
    report(json_file, told(checks))
    if not well(checks):
        raise typer.Exit(1)


def export_data_verb(
    out: Annotated[Path, typer.Argument(help="The zip to write; it must not exist.")],
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Write everything stored about the person into one zip: waiting alerts, recordings, baseline, settings.

    A README inside says what is what and how long it stays. Stop the daemon first.
    """
    from edge.handover import hand_over

    settings = settings_of(config)
    done = hand_over(settings, out)
    report(json_file, done)
    if json_file is None:
        words = f"{plain(str(out))}, of what lies in {plain(str(settings.state_path))}; it is health data"
        terminal().print(f"[green]written[/]: {words}, readable for you alone", soft_wrap=True)


def forget_verb(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    bonds: Annotated[bool, typer.Option("--bonds", help="Also end the Bluetooth bonds with the set watches.")] = False,
    config: Config = None,
    json_file: Json = None,
) -> None:
    """Delete everything stored about the person, here and at the broker. Stop the daemon first.

    Kept: the settings, the models, the note of the oldest models that may run, and that the camera is paused. Messages
    that the broker has passed on are beyond reach. Exit code 1: something is left, and is named.
    """
    from edge.forgetting import confirmed, forget_all, plan

    settings, console = settings_of(config), terminal(stderr=True)
    if not yes:
        for line in plan(settings, with_bonds=bonds) or [f"nothing is stored in {settings.state_path}"]:
            console.print(f"- {plain(line)}")
        confirmed(typer.prompt("This cannot be undone. Type forget to go on", err=True, default="", show_default=False))
    done = asyncio.run(forget_all(settings, with_bonds=bonds))
    report(json_file, {"forgotten": not done.left, **asdict(done)})
    for each in done.left:
        console.print(f"edge-daemon: {plain(each)}", soft_wrap=True)
    if done.left:
        raise typer.Exit(1)
    if json_file is None:
        counts = [f"{_counted(number, 'file')} of the {kind}" for kind, number in done.deleted.items() if number]
        told = ", ".join(counts) or plain(f"nothing was stored in {settings.state_path}")
        topics = _counted(len(done.topics), "topic")
        console.print(f"[green]forgotten[/]: {told}; {topics} cleared at the broker", soft_wrap=True)


def bonds_verb(
    forget: Annotated[str | None, typer.Option("--forget", help="End the bond with this address.")] = None,
    json_file: Json = None,
) -> None:
    """List the Bluetooth devices this computer is bonded with, or end one bond. Exit codes are those of `pair`."""
    from edge.forgetting import end_bond, list_bonds
    from edge.pairing import with_radio

    console = terminal()
    if forget is not None:
        report(json_file, with_radio(end_bond(forget), json_file))
        if json_file is None:
            console.print(f"no longer bonded with {plain(forget)}; unpair it on the watch, too")
        return
    found = with_radio(list_bonds(), json_file)
    report(json_file, {"bonds": found})
    if json_file is None:
        for bond in found:
            now = "connected" if bond["connected"] else ""
            console.print(f"{bond['address']}  {plain(str(bond['name']))}  [green]{now}[/]")
        if not found:
            console.print("no bonds; `edge-daemon pair` makes one")


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def add_to(app: typer.Typer) -> None:
    """Give the program these verbs."""
    app.command("doctor")(doctor_verb)
    app.command("export-data")(export_data_verb)
    app.command("forget")(forget_verb)
    app.command("bonds")(bonds_verb)

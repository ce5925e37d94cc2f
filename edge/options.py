"""What every verb of `edge-daemon` takes: a settings file in, a report out."""

import json
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.refusal import RefusalError
from edge.settings import Settings, read_settings
from edge.whole_file import PRIVATE, unwritable

if TYPE_CHECKING:
    from rich.console import Console

_SLOWEST, _FASTEST = 0.001, 1_000_000.0


def _place(json_file: str | None) -> str | None:
    """Refuse a place that takes no result before the work for it begins."""
    if json_file not in (None, "-") and (reason := unwritable(Path(json_file))):
        raise RefusalError(_no_result(json_file, reason))
    return json_file


def _no_result(json_file: str, reason: str) -> str:
    return f"--json {json_file} cannot be written: {reason}; name a place that you may write to, or - for the terminal"


def _fast(speed: float) -> float:
    if not _SLOWEST <= speed <= _FASTEST:
        raise RefusalError(
            f"--speed must lie between {_SLOWEST:g} and {_FASTEST:.0f}, got {speed:g}; 1 is real time, "
            "20 is twenty times faster"
        )
    return speed


Config = Annotated[Path | None, typer.Option("--config", help="Settings (TOML); every setting has a safe default.")]
Json = Annotated[
    str | None,
    typer.Option("--json", callback=_place, help="Write the result as one JSON object; `-` is standard output."),
]
Speed = Annotated[
    float, typer.Option("--speed", callback=_fast, help="Watch time runs this many times faster than real time.")
]


def terminal(*, stderr: bool = False) -> "Console":
    """Where people read. Imported when asked for: a daemon in service draws nothing."""
    from rich.console import Console

    return Console(stderr=stderr)


def plain(text: str) -> str:
    """Text for the terminal in which brackets are brackets."""
    from rich.markup import escape

    return escape(text)


def settings_of(config: Path | None) -> Settings:
    """The settings in a file, or the defaults; SettingsError with one sentence."""
    return Settings() if config is None else read_settings(config)


def report(json_file: str | None, result: dict[str, object]) -> None:
    """Write a result where the operator asked for it; RefusalError when it cannot be written there."""
    if json_file is None:
        return
    text = json.dumps(result, indent=2)
    try:
        if json_file == "-":
            print(text, flush=True)
        else:
            _write(Path(json_file), f"{text}\n")
    except OSError as error:
        reason = error.strerror or str(error)
        if json_file != "-":
            raise RefusalError(_no_result(json_file, reason)) from error
        # What is still held would else be tried again at the exit, in a complaint of Python's own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise RefusalError(f"standard output takes no result: {reason}; give --json a file") from error


def _write(file: Path, text: str) -> None:
    """For its owner alone where it is new: a result may say how somebody's heart beats."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w", encoding="utf-8") as written:
        written.write(text)


def forgive_letters() -> None:
    """Show a question mark where a terminal or a file lacks a letter, such as a tick in a locale without UTF-8."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType] - whatever buffer is below


def whole(arguments: list[str]) -> list[str]:
    """Arguments in which a bare `--json` means standard output, as its user expects; others want a value."""
    told: list[str] = []
    for argument, following in zip(arguments, [*arguments, "--"][1:], strict=True):
        told.append(argument)
        if argument == "--json" and following.startswith("--"):
            told.append("-")
    return told

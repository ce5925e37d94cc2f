"""What every verb of `edge-daemon` takes: a settings file in, a report out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.settings import Settings, read_settings

if TYPE_CHECKING:
    from rich.console import Console

Config = Annotated[Path | None, typer.Option("--config", help="Settings (TOML); every setting has a safe default.")]
Json = Annotated[
    str | None, typer.Option("--json", help="Write the result as one JSON object; `-` is standard output.")
]
Speed = Annotated[float, typer.Option("--speed", help="Watch time runs this many times faster than real time.")]


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
    """Write a result where the operator asked for it."""
    if json_file is None:
        return
    text = json.dumps(result, indent=2)
    if json_file == "-":
        print(text)
    else:
        Path(json_file).write_text(text + "\n")


def whole(arguments: list[str]) -> list[str]:
    """Arguments in which a bare `--json` means standard output, as its user expects; others want a value."""
    told: list[str] = []
    for argument, following in zip(arguments, [*arguments[1:], "--"], strict=True):
        told.append(argument)
        if argument == "--json" and following.startswith("--"):
            told.append("-")
    return told

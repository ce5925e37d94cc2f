"""`edge-export --quantize`: trained networks to a signed bundle. Exit 0 done, 1 refused by the bar, 2 bad input."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from edge.bundle import Bundle, BundleError
from edge.bundle_keys import KeyFileError, fingerprint
from export.choose import Choice, table
from export.errors import BarError, ExportError
from export.pack import PackError
from export.release import Order, kept_bytes, release_bundle
from export.signing import SigningError, own_key, read_key
from export.verify import MAX_LOSS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_DONE, _REFUSED, _BAD = 0, 1, 2


def main() -> None:
    """The entry point of `edge-export` and `export`."""
    app(prog_name=Path(sys.argv[0]).name)


@app.command()
def export(
    quantize: Annotated[bool, typer.Option("--quantize", help="Lower every network to int8 and pack them.")] = False,
    network: Annotated[str | None, typer.Option(help="Only this run under --runs.")] = None,
    keras: Annotated[Path | None, typer.Option(help="Only this .keras file, with the data beside it.")] = None,
    runs: Annotated[Path, typer.Option(help="Where training left its runs.")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="The bundle's directory.")] = Path("bundle"),
    sign: Annotated[Path | None, typer.Option(help="Private key; without it, your own key on this machine.")] = None,
    max_loss: Annotated[float, typer.Option(min=0, help="Accuracy that int8 may cost, in points.")] = MAX_LOSS,
    full_int8: Annotated[bool, typer.Option("--full-int8", help="Every part in int8, recurrent ones too.")] = False,
    name: Annotated[str, typer.Option(help="The bundle's name, as alerts carry it.")] = "vagus",
    release: Annotated[str | None, typer.Option(help="Its version; one more than the last when not given.")] = None,
    min_version: Annotated[str | None, typer.Option(help="Least version that may run after this one.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result as JSON; - for standard output.")] = None,
) -> None:
    """Turn training runs into one signed bundle; nothing is written unless every network passes."""
    console = Console(stderr=True)
    if not quantize:
        console.print("[red]refused[/]: say what to do: edge-export --quantize --runs runs --out DIR [--sign KEY]")
        raise typer.Exit(_BAD)
    # What stands in the report must give the same bundle elsewhere, whatever the program was called here.
    command = shlex.join(["export", *sys.argv[1:]])
    order = Order(runs, out, command, network, keras, max_loss, full_int8, name, release, min_version)
    try:
        key = own_key() if sign is None else read_key(sign)
        with console.status("reading the runs") as status:
            bundle, choices = release_bundle(order, key, lambda word: status.update(f"[bold]{word}[/]"))
    except BarError as error:
        _refuse(console, error, _REFUSED, json)
    except (ExportError, PackError, BundleError, SigningError, KeyFileError) as error:
        _refuse(console, error, _BAD, json)
    else:
        _show(console, bundle, choices, fingerprint(key.public_key()))
        _write(json, summary(bundle))


def summary(bundle: Bundle) -> dict[str, object]:
    """What `--json` says of a bundle."""
    return {
        "bundle": bundle.label,
        "path": str(bundle.path),
        "bytes": kept_bytes(bundle),
        "networks": bundle.report["networks"],
        "rc": _DONE,
    }


def _show(console: Console, bundle: Bundle, choices: Mapping[str, Choice], key: str) -> None:
    for name, choice in choices.items():
        rows = Table("form", "size", "p50 ms", "p99 ms", "agree", "drift", "right", "", title=name, box=None)
        for row in table(choice.candidates):
            rows.add_row(*row, style="bold" if row[-1] == "chosen" else "dim" if row[-1] == "refused" else "")
        console.print(rows)
    size = kept_bytes(bundle) / 1e6
    console.print(f"[green]wrote[/] {bundle.path}: {bundle.label}, {size:.1f} MB, signed by {key}", soft_wrap=True)


def _refuse(console: Console, error: Exception, code: int, json: Path | None) -> None:
    console.print(f"[red]refused[/]: {error}", soft_wrap=True, highlight=False)
    _write(json, {"refused": str(error), "rc": code})
    raise typer.Exit(code)


def _write(json: Path | None, result: dict[str, object]) -> None:
    if json is None:
        return
    content = msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"
    if str(json) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    else:
        json.write_bytes(content)

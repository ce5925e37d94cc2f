"""`edge-export`: trained networks to a signed bundle. Exit 0 done, 1 refused by bar or canary, 2 bad input."""

import os
import sys
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.bundle import MANIFEST, Bundle, BundleError, WrongAnswerError
from edge.bundle_keys import KeyFileError, fingerprint, read_keys
from edge.whole_file import unwritable
from export.alone import lower_alone
from export.archive import SUFFIX, archive, unpack
from export.choose import Choice, table
from export.errors import BarError, ExportError
from export.inspection import bench_rows, differences, kept_bytes, network_rows, proven_twins, summary
from export.onnx_choose import OnnxChoice
from export.pack import PackError
from export.places import must_take
from export.release import Order, release_bundle
from export.signing import SigningError, make_key, own_key, own_key_path, read_key, trust
from export.typed import number, retold, until_of
from export.verify import MAX_LOSS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True)
_REFUSED, _BAD = 1, 2


MaxLoss = Annotated[float, typer.Option(min=0, callback=number, help="Accuracy that int8 may cost, in points.")]
Json = Annotated[Path | None, typer.Option(help="Write the result as JSON; - for standard output.")]
Trusted = Annotated[Path | None, typer.Option(help="File of trusted keys; those of this machine when not given.")]
Given = Annotated[Path, typer.Argument(help="A bundle's directory or .vagus file.")]


def main() -> None:
    """The entry point of `edge-export` and `export`."""
    app(prog_name=Path(sys.argv[0]).name)


@app.callback()
def export(
    context: typer.Context,
    quantize: Annotated[bool, typer.Option("--quantize", help="Lower every network to int8 and pack them.")] = False,
    network: Annotated[str | None, typer.Option(help="Only this run under --runs.")] = None,
    keras: Annotated[Path | None, typer.Option(help="Only this .keras file or SavedModel, data beside it.")] = None,
    onnx: Annotated[Path | None, typer.Option(help="Only this .onnx file, with the data beside it.")] = None,
    contract: Annotated[Path | None, typer.Option(help="Contract of --onnx; NAME.json beside it otherwise.")] = None,
    runs: Annotated[Path, typer.Option(help="Where training left its runs.")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="The bundle's directory.")] = Path("bundle"),
    sign: Annotated[Path | None, typer.Option(help="Private key; without it, your own key on this machine.")] = None,
    max_loss: MaxLoss = MAX_LOSS,
    full_int8: Annotated[bool, typer.Option("--full-int8", help="Every part in int8, recurrent ones too.")] = False,
    name: Annotated[str, typer.Option(help="The bundle's name, as alerts carry it.")] = "vagus",
    release: Annotated[str | None, typer.Option(help="Its version; one more than the last when not given.")] = None,
    min_version: Annotated[str | None, typer.Option(help="Least version that may run after this one.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="Day after which the signature counts no more, UTC.")] = None,
    zip: Annotated[Path | None, typer.Option(help="Write the bundle as one .vagus file too.")] = None,
    lead: Annotated[
        list[str] | None, typer.Option(help="Run of an ECG or EEG network to come along, such as ecg; repeatable.")
    ] = None,
    json: Json = None,
) -> None:
    """Turn training runs into one signed bundle; nothing is written unless every network passes."""
    if context.invoked_subcommand is not None:
        return
    console = Console(stderr=True)
    with _sentences(console, json):
        if not quantize:
            raise ExportError("say what to do: edge-export --quantize --runs runs --out DIR [--sign KEY], or --help")
        command = retold(sys.argv[1:])
        until = None if expires is None else until_of(expires)
        order = Order(
            runs, out, command, network, keras, max_loss, full_int8, name, release, min_version, until, onnx, contract,
            tuple(lead or ()),
        )  # fmt: skip
        must_take(out / MANIFEST, "--out")
        if zip is not None:
            must_take(zip, "--zip")
        if contract is not None and onnx is None:
            raise ExportError(
                f"--contract {contract} belongs to --onnx, which is not given; a run has its contract.json"
            )
        if lead and (network or keras or onnx):
            raise ExportError(
                f"--lead {lead[0]} comes along with all of --runs; leave it out, or the network named alone"
            )
        key = own_key() if sign is None else read_key(sign)
        with console.status("reading the runs") as status:
            bundle, choices = release_bundle(order, key, lambda word: status.update(f"[bold]{escape(word)}[/]"))
        if zip is not None:
            archive(bundle, zip)
        _show(console, choices)
        size, signer = kept_bytes(bundle) / 1e6, fingerprint(key.public_key())
        where = escape(f"{out}: {bundle.label}")
        console.print(f"[green]wrote[/] {where}, {size:.1f} MB, signed by {signer}", soft_wrap=True)
        _write(json, summary(bundle))


@app.command()
def keygen(
    out: Annotated[Path | None, typer.Option(help="Where the private key goes; your own key when not given.")] = None,
    comment: Annotated[str, typer.Option(help="Who signs with it.")] = "vagus",
    json: Json = None,
) -> None:
    """Make a signing key; its public half goes beside it, and is trusted on this machine."""
    console = Console(stderr=True)
    with _sentences(console, json):
        path = own_key_path() if out is None else out
        key = make_key(path, comment)
        trust(key)
        mark = fingerprint(key.public_key())
        said = escape(f"{path} ({mark}); keep it secret, give devices {path.with_suffix('.pub')}")
        console.print(f"[green]made[/] {said}", soft_wrap=True)
        _write(json, {"key": str(path), "public": str(path.with_suffix(".pub")), "fingerprint": mark})


@app.command()
def verify(bundle: Given, trusted: Trusted = None, json: Json = None) -> None:
    """Check signature, expiry, every file and the canary as a device does."""
    console = Console(stderr=True)
    with _sentences(console, json), _opened(bundle, trusted) as opened:
        twins = proven_twins(opened)
        _write(json, {**summary(opened), "path": str(bundle), "twins_passed": twins})
        files = len(opened.manifest.files)
        beside = f", by {twins} ONNX twins too" if twins else ""
        if twins is None:
            beside = "; its ONNX twins were not run: install onnxruntime to have them proven"
        said = escape(f"{bundle}: {opened.label}, {files} files, canary passed{beside}")
        console.print(f"[green]sound[/] {said}", soft_wrap=True)


@app.command()
def inspect(bundle: Given, trusted: Trusted = None, json: Json = None) -> None:
    """Tell what a bundle holds."""
    console = Console(stderr=True)
    with _sentences(console, json), _opened(bundle, trusted) as opened:
        size, label, command = kept_bytes(opened) / 1e6, escape(opened.label), escape(opened.contract.command)
        console.print(f"[bold]{label}[/], {size:.1f} MB: {command}", soft_wrap=True)
        _table(console, ("network", "form", "kB", "inputs", "agree", "right"), network_rows(opened))
        _write(json, {**summary(opened), "path": str(bundle)})


@app.command()
def diff(old: Given, new: Given, trusted: Trusted = None, json: Json = None) -> None:
    """Tell what changed between two releases: contract, accuracy, size, speed."""
    console = Console(stderr=True)
    with _sentences(console, json), _opened(old, trusted) as older, _opened(new, trusted) as newer:
        changed = differences(older, newer)
        rows = ((place, _word(before), _word(after)) for place, (before, after) in changed.items())
        _table(console, ("what", str(old), str(new)), rows)
        _write(json, {"changed": changed})


@app.command()
def bench(
    bundle: Given,
    threads: Annotated[int, typer.Option(min=1, max=16, help="Threads of each network.")] = 1,
    trusted: Trusted = None,
    json: Json = None,
) -> None:
    """Time every network on this machine."""
    console = Console(stderr=True)
    with _sentences(console, json), _opened(bundle, trusted) as opened:
        with console.status("timing") as status:
            timed = list(bench_rows(opened, threads, lambda word: status.update(escape(word))))
        _table(console, ("network", "p50 ms", "p99 ms", "float p50", "float p99"), (row for row, _ in timed))
        _write(json, {"bundle": opened.label, "threads": threads, "networks": [told for _, told in timed]})


@app.command()
def lower(
    run: Annotated[Path, typer.Argument(help="A run's directory, such as runs/hegh_heart.")],
    out: Annotated[Path, typer.Option(help="The .tflite file to write.")],
    max_loss: MaxLoss = MAX_LOSS,
    full_int8: Annotated[bool, typer.Option("--full-int8", help="Every part in int8, recurrent ones too.")] = False,
    form: Annotated[
        list[str] | None,
        typer.Option(help="Try this form only, such as unrolled-int8; repeatable, the fastest sound one is taken."),
    ] = None,
    json: Json = None,
) -> None:
    """Lower one network on its own: any that `python -m models train` left, also one that no bundle takes."""
    console = Console(stderr=True)
    with _sentences(console, json):
        with console.status("reading the run") as status:
            told, choice = lower_alone(
                run,
                out,
                max_loss=max_loss,
                full_int8=full_int8,
                only=form or (),
                say=lambda word: status.update(f"[bold]{escape(word)}[/]"),
            )
        _show(console, {run.name: choice})
        where = escape(str(out))
        console.print(f"[green]wrote[/] {where}: {told['lowering']}, {told['bytes']} bytes", soft_wrap=True)
        _write(json, told)


@app.command("unpack")
def unpack_archive(file: Path, out: Path, trusted: Trusted = None, json: Json = None) -> None:
    """Unpack a .vagus file into a new directory, once it is proven."""
    console = Console(stderr=True)
    with _sentences(console, json):
        keys = None if trusted is None else read_keys(trusted)
        _write(json, summary(unpack(file, out, keys, now=datetime.now(UTC))))
        console.print(f"[green]unpacked[/] {escape(str(out))}", soft_wrap=True)


@contextmanager
def _opened(path: Path, trusted: Path | None) -> Generator[Bundle]:
    """A bundle that passed every check, out of its archive if it is in one; what is refused names what was given."""
    keys: Sequence[Ed25519PublicKey] | None = None if trusted is None else read_keys(trusted)
    with tempfile.TemporaryDirectory() as folder:
        place = unpack(path, Path(folder) / "bundle", keys).path if path.suffix == SUFFIX else path
        try:
            yield Bundle.open(place, keys, now=datetime.now(UTC))
        except BundleError as error:
            raise type(error)(str(error).replace(f"{place}", f"{path}")) from error


@contextmanager
def _sentences(console: Console, json: Path | None) -> Generator[None]:
    """Every refusal becomes one sentence, an exit status, and an object where one was asked for."""
    try:
        if json is not None and str(json) != "-" and (reason := unwritable(json)):
            raise _no_result(json, reason)
        yield
    except (ExportError, PackError, BundleError, SigningError, KeyFileError, OSError) as error:
        code = _REFUSED if isinstance(error, (BarError, WrongAnswerError)) else _BAD
        said = str(error)
        if isinstance(error, OSError):  # wherever it was: a name too long, no room for a temporary file
            said = f"{error.filename or 'a file'} cannot be used: {error.strerror or error}; mend that, or name another"
        console.print(f"[red]refused[/]: {escape(said)}", soft_wrap=True, highlight=False)
        with suppress(ExportError):  # what was refused has been said
            _write(json, {"refused": said, "rc": code})
        raise typer.Exit(code) from error


def _show(console: Console, choices: Mapping[str, Choice | OnnxChoice]) -> None:
    for name, choice in choices.items():
        heads = ("form", "size", "p50 ms", "p99 ms", "rows", "agree", "drift", "right", "")
        rows = Table(*heads, title=escape(name), box=None)
        for row in table(choice.candidates):
            rows.add_row(*row, style="bold" if row[-1] == "chosen" else "dim" if row[-1] == "refused" else "")
        console.print(rows)


def _table(console: Console, heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    shown = Table(*map(escape, heads), box=None)
    for row in rows:
        shown.add_row(*map(escape, row))
    console.print(shown)


def _word(thing: object) -> str:
    return "-" if thing is None else f"{thing:.4g}" if isinstance(thing, float) else str(thing)


def _write(json: Path | None, result: Mapping[str, object]) -> None:
    if json is None:
        return
    content = msgspec.json.format(msgspec.json.encode({"rc": 0, **result}), indent=1) + b"\n"
    try:
        if str(json) != "-":
            json.write_bytes(content)
            return
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except OSError as error:
        if str(json) == "-":  # or the interpreter tries again as it ends, and complains
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _no_result(json, error.strerror or str(error)) from error


def _no_result(json: Path, reason: str) -> ExportError:
    return ExportError(f"--json {json} cannot be written: {reason}; name a place that you may write to")

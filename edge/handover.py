"""Everything stored about the person -> one zip that they can read, with a README inside."""

import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from edge.refusal import RefusalError
from edge.relay.alerts import iso_time
from edge.relay.aside import ASIDE
from edge.relay.errors import OutboxError
from edge.relay.settings import OutboxSettings
from edge.relay.store import Store
from edge.settings import Settings
from edge.stored import DEMO, Kind, in_use, kinds
from edge.whole_file import sync_folder

_PAGE = 512
_SECRET = frozenset({"username", "password_file", "key_file", "certificate_file", "ca_file", "seal_to_file"})
"""Settings that say how to log in somewhere: they are not about the person, and a zip is passed on."""
_HEAD = """Everything that vagus {version} stores about the person who wears the watch, on {made}.

Raw signals and pictures are not in it, but for recordings that somebody made on purpose: vagus keeps them in memory
only. What has been sent already is not here either: it is where mqtt.broker leads, and `edge-daemon forget` clears what
the broker retains of this device. vagus is not a medical device.
"""


def hand_over(settings: Settings, out: Path) -> dict[str, object]:
    """Write the zip, readable for its owner alone, whole or not at all; RefusalError when that cannot be.

    Returns how many files of each kind went in.
    """
    if out.exists():
        raise RefusalError(f"{out} exists; name a new file, so that nothing is overwritten")
    refuse_in_use(settings)
    partial = out.with_name(f".{out.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
                counts = _fill(zipped, settings)
            file.flush()
            os.fsync(file.fileno())
        size = partial.stat().st_size
        partial.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise RefusalError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return {"file": str(out), "bytes": size, **counts}


def refuse_in_use(settings: Settings) -> None:
    """RefusalError while a daemon or a demo runs here: what it stores changes under the hand."""
    for state in (settings.state_path, settings.state_path / DEMO):
        if in_use(msgspec.structs.replace(settings, state_dir=str(state))):
            raise RefusalError(
                f"a daemon runs on {state}; stop it first (`systemctl stop vagus`), start it again afterwards"
            )


def _fill(zipped: zipfile.ZipFile, settings: Settings) -> dict[str, int]:
    counts: dict[str, int] = {}
    words = [_HEAD.format(version=version("vagus"), made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")]
    for kind in kinds(settings):
        names: list[str] = []
        for name, content in _contents(kind, settings):
            with zipped.open(name, "w", force_zip64=True) as entry:
                for piece in content:
                    entry.write(piece)
            names.append(name)
        counts[kind.name] = len(names)
        listed = "\n".join(f"  {name}" for name in names) or "  (nothing)"
        words.append(f"{kind.name}: {kind.says}\n{listed}\n")
    zipped.writestr("settings.json", json.dumps(_open_settings(settings), indent=2) + "\n")
    words.append("settings: what this device is told to do, without what logs it in elsewhere.\n  settings.json\n")
    zipped.writestr("README.txt", "\n".join(words))
    return counts


def _contents(kind: Kind, settings: Settings) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and bytes of each file that goes in."""
    if kind.name == "outbox":
        yield from _messages(kind, settings)
    else:
        for held in kind.held():
            yield f"{kind.name}/{held.whose}{held.name}", _bytes(held.file)


def _messages(kind: Kind, settings: Settings) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each readable outbox as lines of JSON; one that cannot be read, as it lies on the disk."""
    for held in kind.held():
        if held.name.endswith(("-wal", "-shm")):
            continue  # part of the database beside it
        if ASIDE not in held.name:
            place = msgspec.structs.replace(settings.outbox, path=str(held.file))
            try:
                yield f"outbox/{held.whose}messages.jsonl", iter(list(_lines(place)))
                continue
            except (OutboxError, sqlite3.Error, ValueError):  # ValueError: a message that is no JSON any more
                pass
        yield f"outbox/{held.whose}{held.name}", _bytes(held.file)


def _lines(outbox: OutboxSettings) -> Iterator[bytes]:
    store, after = Store(outbox), 0
    try:
        while rows := store.page(after, _PAGE):
            for row in rows:
                line = {"id": row.id, "kind": row.kind, "stored_time": iso_time(row.stored_unix_ns)}
                yield json.dumps({**line, "message": json.loads(row.payload)}).encode() + b"\n"
            after = rows[-1].position
    finally:
        store.close()


def _bytes(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(64 * 1024):
            yield piece


def _open_settings(settings: Settings) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(settings)
    return {
        name: {key: value for key, value in section.items() if key not in _SECRET}  # pyright: ignore[reportUnknownVariableType] - plain JSON
        if isinstance(section, dict)
        else section
        for name, section in plain.items()
    }

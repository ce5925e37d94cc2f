"""The bundle, written whole and signed, or not written at all."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import CONTRACT, MANIFEST, SIGNATURE, Bundle, BundleError, Entry, Manifest
from edge.bundle_contract import Contract, Network, Tensor, release
from edge.inference.runtime import load_network

_Row: TypeAlias = tuple[str, tuple[int, ...], Literal["float32", "int8", "uint8", "int16", "int32"]]

FLOAT_TOLERANCE = 1e-3
"""Float networks on another processor: only the order of the additions differs."""
HYBRID_TOLERANCE = 0.05
"""int8 weights on float inputs: the inputs are rounded on the fly, and one may fall on the other side of a step."""


class PackError(ValueError):
    """A bundle that was not written; the sentence says why and what would work."""


def write_bundle(
    out: Path,
    contract: Contract,
    files: Mapping[str, bytes],
    key: Ed25519PrivateKey,
    *,
    expires: datetime | None = None,
) -> Bundle:
    """Write ``files`` (by path inside the bundle) with contract, manifest and signature as directory ``out``.

    Everything is written beside ``out``, flushed to the disk, opened and run as a device would, and only then moved
    into place. Raises PackError when ``out`` holds a newer version, is no bundle, or the disk does not take it, and
    BundleError when the new bundle would be refused; then ``out`` is as it was. Behind a link, its target is replaced.
    """
    check_place(out, contract.version)
    out = out.resolve() if out.is_symlink() else out
    whole = {**files, CONTRACT: pretty(contract)}
    manifest = Manifest(
        schema=1,
        name=contract.name,
        version=contract.version,
        min_version=contract.min_version,
        files={name: Entry(hashlib.sha256(data).hexdigest(), len(data)) for name, data in sorted(whole.items())},
        expires=expires,
    )
    signed = pretty(manifest)
    whole |= {MANIFEST: signed, SIGNATURE: key.sign(signed)}
    partial: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
        _write(partial, whole)
        Bundle.open(partial, [key.public_key()]).check_twins()
        _move(partial, out)
    except BundleError as error:
        raise type(error)(str(error).replace(f"{partial}", f"{out}")) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        size = sum(map(len, whole.values())) / 1e6
        cure = f"free {size:.1f} MB on its disk" if full else "name a place that you may write to"
        raise PackError(f"{out} was not written ({error.strerror}); {cure}") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
    return Bundle(out, manifest, contract)


def describe(
    file: str, content: bytes, lowering: str, *, twin: str | None = None, carries_state: bool = False
) -> Network:
    """A network file's entry in the contract, its inputs and outputs read from the file itself."""
    loaded = load_network(content, name=file, carries_state=carries_state)
    inputs, outputs = (
        msgspec.convert([[port.name, port.shape, port.dtype.name] for port in side.values()], tuple[_Row, ...])
        for side in (loaded.inputs, loaded.outputs)
    )
    integers = all(dtype != "float32" for _, _, dtype in outputs)
    return Network(
        file=file,
        inputs=tuple(Tensor(*row) for row in inputs),
        outputs=tuple(Tensor(*row) for row in outputs),
        lowering=lowering,
        float_file=twin,
        carries_state=carries_state,
        tolerance=0.0 if integers else FLOAT_TOLERANCE if lowering == "float" else HYBRID_TOLERANCE,
    )


def pretty(thing: object) -> bytes:
    """JSON that a person can read and git can compare."""
    return msgspec.json.format(msgspec.json.encode(thing, order="sorted"), indent=1) + b"\n"


def check_place(out: Path, version: str) -> None:
    """Raise PackError unless ``out`` is free, empty, or holds a bundle that one of this version may replace."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        there = msgspec.json.decode((out / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{out} is there and is no bundle; name a new directory") from error
    if release(version) < release(there.version):
        raise PackError(f"{out} holds version {there.version}, newer than {version}; raise the version")


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write every file and flush it, and the directories that hold them, to the disk."""
    for name, content in files.items():
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or place.as_posix() != name:
            raise PackError(f"{name!r} is no path inside a bundle; use forward slashes and no dots")
        path = directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for path in (directory, *(found for found in directory.rglob("*") if found.is_dir())):
        path.chmod(0o755)
        _flush(path)


def _move(partial: Path, out: Path) -> None:
    """Put the new directory in the old one's place; when that fails, the old one comes back."""
    old: Path | None = None
    if out.exists():
        old = partial.with_suffix(".old")
        out.rename(old)
    try:
        partial.rename(out)
    except OSError:
        if old is not None:
            old.rename(out)
        raise
    _flush(out.parent)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)  # the new one is in place


def _flush(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

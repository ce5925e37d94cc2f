"""A bundle as one `.vagus` file, for carrying; unpacked it is the directory again, byte for byte."""

import errno
import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.bundle import Bundle, BundleError
from export.pack import PackError
from export.places import write_anew

SUFFIX = ".vagus"
LARGEST = 256_000_000
"""Bytes that an archive may unpack to: a small file can claim to hold any number."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 1
"""Of the general purpose bits (APPNOTE 4.4.4)."""


def archive(bundle: Bundle, out: Path) -> Path:
    """Write the bundle as one file; the same bundle gives the same bytes. Raises PackError when the disk refuses."""
    content = io.BytesIO()
    try:
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(found for found in bundle.path.rglob("*") if found.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(bundle.path).as_posix(), _EPOCH)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                packed.writestr(entry, path.read_bytes())
        write_anew(out, content.getvalue())
    except OSError as error:
        raise PackError(f"{out} was not written ({error.strerror}); name a place that you may write to") from error
    return out


def unpack(
    file: Path, out: Path, trusted: Sequence[Ed25519PublicKey] | None = None, *, now: datetime | None = None
) -> Bundle:
    """Unpack a `.vagus` file into a new directory, once it is proven as a bundle.

    Raises PackError for what is no archive, is too large, or leads out of it, and BundleError for a bundle that is
    unsound or, where `now` is given, has expired; then nothing is left behind.
    """
    if out.exists():
        raise PackError(f"{out} is there already; name a new directory")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
    except OSError as error:
        raise PackError(f"{out} cannot be made ({error.strerror}); name a place that you may write to") from error
    try:
        with zipfile.ZipFile(file) as packed:
            for entry in _entries(file, packed):
                target = partial / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(entry))
        opened = Bundle.open(partial, trusted, now=now)
        partial.chmod(0o755)
        partial.rename(out)
    except BundleError as error:
        raise type(error)(str(error).replace(f"{partial}", f"{file}")) from error
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = f"free space on the disk of {out}" if full else "fetch it again"
        raise PackError(f"{file} cannot be unpacked ({error}); {cure}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Bundle(out, opened.manifest, opened.contract)


def _entries(file: Path, packed: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = packed.infolist()
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise PackError(f"{file} would unpack to more than {LARGEST / 1e6:.0f} MB; it is no bundle of ours")
    for entry in entries:
        place = PurePosixPath(entry.filename)
        if place.is_absolute() or ".." in place.parts or entry.is_dir() or "\\" in entry.filename:
            raise PackError(f"{file} holds {entry.filename!r}, which leads out of a bundle; do not trust its sender")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise PackError(f"{file} is encrypted or packed otherwise than by edge-export; pack it with --zip")
    return entries

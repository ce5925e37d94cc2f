"""The ground that a daemon stands on (models, disk, wall clock), looked at without one: Checks out."""

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from edge.bundle import Bundle, BundleError
from edge.bundle_floor import read_floor
from edge.check import Check, sentence
from edge.settings import Settings
from edge.signals.features import FEATURE_VERSION
from edge.time_service import Synchronised, synchronised
from edge.whole_file import private_folder

_NEARLY_FULL, _TIGHT = 200 * 2**20, 2**30
_OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
"""This program is younger than that: an earlier wall clock was never set."""


def models(settings: Settings, *, canary: bool = False) -> Check:
    """Signature, checksums, contract and anti-rollback of the bundle; with ``canary`` also every network's answers."""
    name, now = "Models", datetime.now(UTC)
    try:
        floor = read_floor(settings.state_path)
        bundle = Bundle.open(
            settings.bundle_path,
            feature_version=FEATURE_VERSION,
            floor=floor,
            now=now,
            canary=canary,
            runtime=settings.models.runtime,
        )
    except BundleError as error:
        return Check(
            name, "bad", sentence(str(error)), "Install the release again, or name another bundle in models.bundle."
        )
    proven = "signature, checksums and answers are right" if canary else "signature and checksums are right"
    return Check(name, "good", f"{bundle.label}: {proven}.")


def disk(settings: Settings) -> Check:
    """Room for alerts to wait in, on a disk that takes them."""
    place, name = settings.state_path, "Disk"
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(name, "bad", f"{place} cannot be read: {error.strerror}.", "Create it, or set state_dir.")
    says = f"{free / 2**30:.1f} GiB are free."
    if free < _NEARLY_FULL:
        return Check(name, "bad", says, "Delete recordings that you have downloaded; alerts need room to wait in.")
    if free < _TIGHT:
        return Check(name, "warn", says, "Delete recordings that you have downloaded.")
    return Check(name, "good", says)


def writable(place: Path) -> Check | None:
    """What keeps a file from being stored durably below ``place``, which is made if need be; None if nothing does."""
    probe = place / f".probe-{os.getpid()}"
    try:
        private_folder(place)
        with probe.open("xb") as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        cure = f"Let this user write there (`chown`), mount the disk writable, or set state_dir. User: {os.geteuid()}."
        return Check("Disk", "bad", f"{place} takes no file: {error.strerror}.", cure)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def wall_clock(now: datetime, sync: Synchronised | None = None) -> Check:
    """Whether alerts will carry the right time; ``sync`` is asked of the kernel when it is not given."""
    name, says = "Clock of this machine", f"It says {now:%Y-%m-%d %H:%M} UTC."
    if now < _OLDEST:
        return Check(name, "bad", says, "Connect it to the internet once, or set the time: `timedatectl set-time`.")
    sync = synchronised() if sync is None else sync
    if sync is Synchronised.NO:
        cure = "Connect it to a network with a time server and switch that on: `timedatectl set-ntp true`."
        return Check(name, "warn", f"{says} No time server keeps it right.", cure)
    if sync is Synchronised.UNKNOWN:
        return Check(name, "good", f"{says} Whether a time server keeps it right cannot be seen from here.")
    return Check(name, "good", f"{says} A time server keeps it right.")

"""One person's baseline on the disk: a small JSON in the state directory that only its owner may read."""

from datetime import datetime
from pathlib import Path

import msgspec

from edge.clock import UnixNs
from edge.signals.baseline import PersonalBaseline
from edge.signals.features import FEATURE_VERSION
from edge.whole_file import private_folder, sync_folder, write_whole

FILE = "baseline.json"
_MOST_BYTES = 64 * 1024


class BaselineError(ValueError):
    """A baseline that cannot be measured, kept or used; the sentence says why and what would work."""


class KeptBaseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A baseline, and when it was measured."""

    measured_unix_ns: UnixNs
    baseline: PersonalBaseline

    @property
    def measured(self) -> datetime:
        """When, in local time."""
        return datetime.fromtimestamp(self.measured_unix_ns / 1e9).astimezone()


def read_baseline(state: Path, window_s: float | None = None) -> KeptBaseline | None:
    """The stored baseline; None where none was measured.

    Raises BaselineError when the file cannot be read, or was measured with other features or other windows than those
    of ``window_s`` seconds: such numbers do not compare.
    """
    path = state / FILE
    try:
        with path.open("rb") as file:
            kept = msgspec.json.decode(file.read(_MOST_BYTES), type=KeptBaseline)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise BaselineError(f"{path} cannot be used ({error}); measure again: edge-daemon baseline") from error
    baseline = kept.baseline
    if baseline.feature_version != FEATURE_VERSION:
        raise BaselineError(
            f"{path} was measured with features of version {baseline.feature_version}, these are of version "
            f"{FEATURE_VERSION}; measure again: edge-daemon baseline"
        )
    if window_s is not None and baseline.window_s != window_s:
        raise BaselineError(
            f"{path} was measured with windows of {baseline.window_s} s, this bundle's are of {window_s} s; "
            "measure again: edge-daemon baseline"
        )
    return kept


def keep_baseline(state: Path, kept: KeptBaseline) -> Path:
    """Write the baseline whole or not at all, for its owner's eyes (0600); returns the file.

    Raises BaselineError when the disk refuses; the baseline before it then stays.
    """
    path = state / FILE
    try:
        private_folder(state)
        write_whole(path, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    except OSError as error:
        raise BaselineError(f"the baseline cannot be kept at {path} ({error.strerror}); see state_dir") from error
    return path


def forget_baseline(state: Path) -> bool:
    """Remove the stored baseline; False when there was none. Raises BaselineError when the disk refuses."""
    try:
        (state / FILE).unlink()
        sync_folder(state)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise BaselineError(f"{state / FILE} cannot be removed ({error.strerror}); see its permissions") from error
    return True

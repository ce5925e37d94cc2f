"""The floor of versions: what a bundle that ran here once allowed, kept so that no older one comes back."""

import logging
from pathlib import Path

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import release
from edge.whole_file import private_folder, write_whole

log = logging.getLogger("vagus")

FILE = "bundle-floor"


def read_floor(state: Path) -> str | None:
    """The least version that may run, for `Bundle.open`; None where no bundle has run yet.

    Raises BundleError when the file does not hold a version: guessing would undo what it is for.
    """
    try:
        floor = (state / FILE).read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{state / FILE} cannot be read ({error}); check its permissions") from error
    parts = floor.split(".")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise BundleError(
            f"{state / FILE} holds {floor!r}, no version; write the least version that may run, or remove it"
        )
    return floor


def raise_floor(state: Path, bundle: Bundle) -> None:
    """Remember what a bundle that runs asks of those after it; the floor only rises. Raises OSError on a full disk."""
    asked, floor = bundle.contract.min_version, read_floor(state)
    if floor is not None and release(asked) <= release(floor):
        return
    private_folder(state)
    write_whole(state / FILE, f"{asked}\n".encode("ascii"))


def keep_floor(state: Path, bundle: Bundle) -> None:
    """Raise the floor by a bundle that runs; a disk that refuses, or a spoilt file, is told and ends nothing."""
    try:
        raise_floor(state, bundle)
    except (OSError, BundleError) as error:
        log.error("the floor of versions could not be kept (%s); see to the state directory", error)

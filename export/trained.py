"""A training run on disk: the float parent, its piece of the contract, its calibration and held data."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from export.errors import ExportError

FEWEST_CALIBRATION = 32
"""Rows below which the ranges of int8 are a guess."""
FEWEST_HELD = 50
"""Rows below which 97 % cannot be told from 95 %."""

Labels = npt.NDArray[np.int64]
_UNREADABLE = (
    OSError, ValueError, TypeError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy raises for a file that is no archive, or no whole one."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """One network as training left it."""

    name: str
    parent: Path
    piece: Mapping[str, object]
    calibration: Mapping[str, Floats]
    """(n, ...) by input name, from the training fold"""
    strata: tuple[Labels, ...]
    """What calibration rows are to be spread over: classes, people; each (n,)."""
    held: Mapping[str, Floats]
    """(m, ...) by input name, never trained on"""
    labels: Labels | None
    """(m,)"""
    card: Mapping[str, object]
    contract: Path
    """Where the piece was read."""


def read_run(
    folder: Path, *, name: str | None = None, parent: Path | None = None, contract: Path | None = None
) -> Trained:
    """Read `runs/NAME`; ``parent`` is another `.keras` file or SavedModel to be used with its data.

    Raises ExportError naming the file that is missing, unreadable, misshapen, too short, or not finite.
    """
    contract = contract or folder / "contract.json"
    piece = read_object(contract)
    calibration, strata = read_arrays(folder / "calibration.npz", FEWEST_CALIBRATION)
    held, extra = read_arrays(folder / "held.npz", FEWEST_HELD)
    if calibration.keys() != held.keys():
        raise ExportError(
            f"{folder}: calibration.npz has inputs {sorted(calibration)}, held.npz {sorted(held)}; write both anew"
        )
    for key, values in calibration.items():
        if values.shape[1:] != held[key].shape[1:]:
            raise ExportError(
                f"{folder}: {key} is {values.shape[1:]} in calibration.npz and {held[key].shape[1:]} in held.npz; "
                "make both from the same windows"
            )
    model = folder / "model.keras" if parent is None else parent
    if not model.exists():
        raise ExportError(f"{model} is missing; train the network first: python -m models train {folder.name}")
    return Trained(
        name=name or folder.name,
        parent=model,
        piece=piece,
        calibration=calibration,
        strata=tuple(strata.values()),
        held=held,
        labels=extra.get("labels"),
        card=read_object(folder / "card.json") if (folder / "card.json").is_file() else {},
        contract=contract,
    )


def weight_of(model: Path) -> int:
    """Bytes of a model's file, or of all files in its directory."""
    return sum(path.stat().st_size for path in (model.rglob("*") if model.is_dir() else [model]) if path.is_file())


def read_object(path: Path) -> dict[str, object]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except FileNotFoundError:
        raise ExportError(f"{path} is missing; train the network first, or name the directory that it left") from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} is no JSON object ({error}); train the network again") from error


def read_arrays(path: Path, fewest: int) -> tuple[dict[str, Floats], dict[str, Labels]]:
    """Float arrays are inputs, (n, ...); one-dimensional integers are labels or people, (n,)."""
    inputs: dict[str, Floats] = {}
    labels: dict[str, Labels] = {}
    for key, values in read_archive(path).items():
        kind = values.dtype.kind
        if values.ndim == 1 and kind in "iuUS":
            labels[key] = np.unique(values, return_inverse=True)[1] if kind in "US" else values
        elif values.ndim and kind in "biuf":
            with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and refused below
                inputs[key] = values.astype(np.float32)
        else:
            raise ExportError(
                f"{path}: {key} is {values.dtype} {values.shape}, expected numbers, one row a window; write it anew"
            )
    lengths = {len(values) for values in (*inputs.values(), *labels.values())}
    if not inputs or len(lengths) != 1:
        raise ExportError(f"{path} holds arrays of {sorted(lengths)} rows, expected one length for all; write it anew")
    if min(lengths) < fewest:
        raise ExportError(f"{path} holds {min(lengths)} rows, at least {fewest} are needed; add rows of the same fold")
    for key, values in inputs.items():
        if not bool(np.all(np.isfinite(values))):
            raise ExportError(f"{path}: {key} holds NaN or infinity; drop those rows, or fill them as training does")
    return inputs, labels


def read_archive(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Every array of an `.npz` file by name; ExportError for a file that is missing, cut short, or of another kind."""
    try:
        # NumPy leaves a file open that turns out to be no archive, so it is given the bytes.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise ExportError(f"{path} is missing; train the network again, it leaves that file") from None
    except _UNREADABLE as error:
        raise ExportError(f"{path} cannot be read as an .npz archive ({error}); train the network again") from error

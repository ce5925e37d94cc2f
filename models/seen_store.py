"""A recording's windows, kept in a file between runs: what took a minute to see is read in a moment."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Features, Floats
from edge.signals.features import FEATURE_VERSION, NAMES
from edge.signals.wear import Wear
from models.datasets.recordings import Recording, label_at
from models.wrist_streams import Hop, Seen, see


def seen(
    recording: Recording,
    window_s: float,
    hop_s: float,
    store: Path | None,
    look: Callable[[Recording], Recording] | None = None,
    variant: str = "",
) -> Seen:
    """What `see` makes of a recording, or of what ``look`` makes of it first, named by ``variant``.

    Read from ``store`` when it is there, else left there; None keeps nothing.
    """
    if store is None:
        return see(look(recording) if look else recording, window_s, hop_s)
    name = "-".join([recording.dataset, recording.subject, *([variant] if variant else []), f"{window_s:g}-{hop_s:g}"])
    path = store / f"{name}-v{FEATURE_VERSION}.npz"
    if not path.is_file():
        store.mkdir(parents=True, exist_ok=True)
        _keep(see(look(recording) if look else recording, window_s, hop_s), path)
    return _kept(path, recording, window_s)


def _keep(seen: Seen, path: Path) -> None:
    np.savez_compressed(
        path,
        rows=np.stack([hop.raw.values for hop in seen.hops]),
        worn=np.array([hop.worn.value for hop in seen.hops]),
        gap=np.array([hop.raw.gap for hop in seen.hops]),
        ends_s=seen.ends_s,
    )


def _kept(path: Path, recording: Recording, window_s: float) -> Seen:
    with np.load(path, allow_pickle=False) as kept:
        rows: Floats = kept["rows"]
        worn, gap, ends = kept["worn"], kept["gap"], kept["ends_s"]
    hops = tuple(
        Hop(StreamNs(nanoseconds(end - window_s)), Wear(str(on)), _features(row, end, bool(fresh)))
        for row, on, fresh, end in zip(rows, worn, gap, ends.tolist(), strict=True)
    )
    return Seen(recording.dataset, recording.subject, hops, ends, label_at(recording, ends))


def _features(row: Floats, end_s: float, gap: bool) -> Features:
    end = nanoseconds(end_s)
    return Features(StreamNs(end), NAMES, row, float(np.isfinite(row).mean()), HostNs(end), gap)

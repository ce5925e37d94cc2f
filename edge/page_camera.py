"""The daemon's camera, as the page shows it: a face only while somebody looks, and why nobody does."""

from edge.clock import HostNs, seconds
from edge.health import Health
from edge.onlooker import Onlooker
from edge.panel.snapshot import SILENT_S, CameraSeen, FaceSeen

_PLUGGED = ("device:", "picamera2:", "gst:")
"""What is looked for at a connector or cable when it gives nothing; all else is a file."""


def camera_seen(
    source: str,
    seen: Onlooker,
    health: Health,
    now: HostNs,
    *,
    resting: bool,
    paused: bool,
    unused: bool = False,
    quiet_s: float = SILENT_S,
) -> CameraSeen:
    """``source`` as it is set; ``resting`` by the sampling plan, ``paused`` by an order: the device is closed then.

    So it is when it is ``unused``, for the bundle cannot judge by a face. So long as ``quiet_s`` there may be no frame.
    """
    if not source:
        return CameraSeen()
    silent_s = None if seen.saw is None else round(max(0.0, seconds(now - seen.saw)), 2)
    sees = silent_s is not None and silent_s <= quiet_s and not (resting or paused or unused)
    return CameraSeen(
        source="device" if source.startswith(_PLUGGED) else "file",
        frames=health.frames,
        faces=health.faces,
        silent_s=silent_s,
        quiet_s=quiet_s,
        face=_face(seen) if sees else None,
        closed="unused" if unused else "paused" if paused else "resting" if resting else "",
    )


def _face(seen: Onlooker) -> FaceSeen | None:
    mark, (height, width) = seen.face, seen.shape
    return None if mark is None else FaceSeen(mark.box, mark.landmarks, mark.score, mark.tracked, width, height)

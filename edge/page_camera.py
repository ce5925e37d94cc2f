"""The daemon's camera, as the page shows it: a face only while somebody looks, and why nobody does."""

from edge.clock import HostNs, seconds
from edge.health import Health
from edge.onlooker import Onlooker
from edge.panel.snapshot import SILENT_S, CameraSeen, FaceSeen

_PLUGGED = ("device:", "picamera2:", "gst:")
"""What is looked for at a connector or cable when it gives nothing; all else is a file."""


def camera_seen(source: str, seen: Onlooker, health: Health, now: HostNs, *, resting: bool, paused: bool) -> CameraSeen:
    """``source`` as it is set; ``resting`` by the sampling plan, ``paused`` by an order: the device is closed then."""
    if not source:
        return CameraSeen()
    silent_s = None if seen.saw is None else round(max(0.0, seconds(now - seen.saw)), 2)
    sees = silent_s is not None and silent_s <= SILENT_S and not (resting or paused)
    return CameraSeen(
        source="device" if source.startswith(_PLUGGED) else "file",
        frames=health.frames,
        faces=health.faces,
        silent_s=silent_s,
        face=_face(seen) if sees else None,
        closed="paused" if paused else "resting" if resting else "",
    )


def _face(seen: Onlooker) -> FaceSeen | None:
    mark, (height, width) = seen.face, seen.shape
    return None if mark is None else FaceSeen(mark.box, mark.landmarks, mark.score, mark.tracked, width, height)

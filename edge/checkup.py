"""One snapshot in; what is well, what is not, and the cure for each, out."""

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec

from edge.check import Check, sentence
from edge.ground import disk, models, wall_clock
from edge.panel.snapshot import SILENT_S, Snapshot
from edge.settings import Settings

_BEGINS_S = 10.0
"""So young a daemon is still connecting: nothing is wrong yet."""
_LOST_SHARE = 0.05
_SHAKY_MS = 50.0
_MANY_PENDING = 20


def checks(shot: Snapshot, settings: Settings) -> tuple[Check, ...]:
    """Every check, in the order in which a signal travels. Reads the bundle from the disk: not for the event loop."""
    return (
        models(settings),
        _watch(shot, settings.sampling.battery_low),
        *_battery(shot, settings.sampling.battery_low),
        _device_clock(shot),
        _camera(shot),
        _broker(shot),
        *_outbox(shot),
        disk(settings),
        wall_clock(datetime.now(UTC)),
    )


def troubles(shot: Snapshot, settings: Settings) -> tuple[Check, ...]:
    """What keeps it from its work now, or soon will. Nothing is read from a disk, so it may be asked every second."""
    low = settings.sampling.battery_low
    ill = [check for check in (_watch(shot, low), _camera(shot), _broker(shot), *_outbox(shot)) if check.state == "bad"]
    return (*ill, *(check for check in _battery(shot, low) if check.state == "warn"))


def support(shot: Snapshot, found: tuple[Check, ...], settings: Settings) -> Mapping[str, object]:
    """What a maintainer far away needs: versions, checks, counters, settings without names, places or secrets.

    There is nothing in it of how the person is: no prediction, no state, no reason, no alert.
    """
    return {
        "vagus": version("vagus"),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "kind": platform.machine(), "python": sys.version.split()[0]},
        "bundle": shot.bundle,
        "checks": [{"name": check.name, "result": check.state, "cure": check.cure} for check in found],
        "up_s": shot.up_s,
        "memory_mb": shot.memory_mb,
        "cpu_percent": shot.cpu_percent,
        "losses": shot.losses,
        "skipped": shot.skipped,
        "watch": {"link": shot.watch.link, "silent_s": shot.watch.silent_s, "packets": shot.watch.packets}
        | {"clock": msgspec.to_builtins(shot.watch.clock)},
        "camera": {"source": shot.camera.source, "frames": shot.camera.frames, "silent_s": shot.camera.silent_s},
        "broker": {"ours": shot.relay.ours, "connected": shot.relay.connected, "pending": shot.relay.pending},
        "journey": {"publish_p50_ms": shot.journey.publish_p50_ms, "publish_p99_ms": shot.journey.publish_p99_ms},
        "settings": _plain(msgspec.to_builtins(settings)),
    }


def _plain(value: object) -> object:
    """Settings without words: numbers and switches tell of a fault, words may be names, places or addresses."""
    if isinstance(value, Mapping):
        pairs: list[tuple[str, object]] = list(value.items())  # pyright: ignore[reportUnknownArgumentType] - plain JSON
        return {name: _plain(each) for name, each in pairs}
    if isinstance(value, bool | int | float) or value is None:
        return value
    return "set" if value else "not set"


def _watch(shot: Snapshot, low: float) -> Check:
    watch, name = shot.watch, "Watch"
    if not watch.link:
        return Check(name, "off", "No watch is set.", "Set watch.address, or pair one.")
    if watch.silent_s is None:
        if shot.up_s < _BEGINS_S:
            return Check(name, "off", "The daemon has just begun to listen.", "Give it some seconds.")
        return Check(name, "bad", "Nothing was heard yet.", _wake(watch.link))
    if watch.silent_s > SILENT_S:
        says = f"Nothing was heard for {_long(watch.silent_s)}."
        if watch.battery is not None and watch.battery <= low:
            return Check(name, "bad", f"{says} Its battery had {watch.battery:.0f} % left.", "Charge it, and wear it.")
        return Check(name, "bad", says, _wake(watch.link))
    if watch.lost_share is not None and watch.lost_share > _LOST_SHARE:
        says = f"{watch.lost_share:.0%} of the packets of the last minute are lost."
        return Check(name, "warn", says, "Bring the watch nearer; bodies shield it.")
    return Check(name, "good", f"Heard {watch.silent_s:.1f} s ago, {watch.packets:,} packets so far.")


def _wake(link: str) -> str:
    if link == "ble":
        return (
            "Wear it, wake it, switch off Bluetooth on the phone it belongs to, and bring it within 5 m. "
            "The daemon finds it again by itself."
        )
    if link == "serial":
        return "Plug its cable in anew and see that watch.address names the right port."
    if link == "tcp":
        return (
            "See that the board or server runs, in the same network, at the host and port of watch.address. "
            "The daemon connects again by itself."
        )
    return "See that watch.address names a recording that has not ended."


def _lasting(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _long(s: float) -> str:
    return f"{s:.0f} s" if s < 120 else f"{s / 60:.0f} min"


def _battery(shot: Snapshot, low: float) -> tuple[Check, ...]:
    """Nothing where the watch does not tell it, or tells nothing any more."""
    watch, name = shot.watch, "Watch battery"
    if watch.battery is None or watch.silent_s is None or watch.silent_s > SILENT_S:
        return ()
    hours = None if shot.plan is None else shot.plan.battery_hours
    lasts = "" if hours is None else f", about {_lasting(hours)} at this sampling plan"
    says = f"{watch.battery:.0f} % are left{lasts}."
    if watch.battery > low:
        return (Check(name, "good", says),)
    return (Check(name, "warn", says, "Charge it soon; once it is empty, nothing is heard."),)


def _device_clock(shot: Snapshot) -> Check:
    clock, name = shot.watch.clock, "Watch clock"
    if clock is None:
        return Check(name, "off", "Nothing with a time stamp was heard from the watch yet.")
    within = f"{clock.uncertainty_ms:.1f} ms" if clock.uncertainty_ms < 1000 else f"{clock.uncertainty_ms / 1000:.1f} s"
    says = f"Known within {within}, drifting {clock.drift_ppm:+.0f} ppm."
    if clock.uncertainty_ms > _SHAKY_MS:
        return Check(name, "warn", says, "Packets come in bursts: bring the watch nearer, and give it a few minutes.")
    return Check(name, "good", says)


def _camera(shot: Snapshot) -> Check:
    camera, name = shot.camera, "Camera"
    if not camera.source:
        return Check(name, "off", "The camera is off; the watch speaks alone.", "Set camera.source if it is wanted.")
    if camera.closed == "paused":
        cure = "Send `on` to the topic `.../camera/set`, or switch the camera on in Home Assistant."
        return Check(name, "off", "It is paused, as somebody asked, and stays so over restarts.", cure)
    if camera.closed == "unused":
        says = "It stays closed: the bundle in use cannot judge by a face."
        return Check(name, "off", says, "Name a bundle with face, detector and fusion in models.bundle.")
    if camera.closed == "resting":
        says = "It rests: the sampling plan opens it when something changes, so as to look no more than it must."
        return Check(name, "off", says, "For a look through it now, hold to the plan Full on the page Live.")
    if camera.silent_s is None and shot.up_s < _BEGINS_S:
        return Check(name, "off", "The daemon has just begun to look.", "Give it some seconds.")
    if camera.silent_s is None or camera.silent_s > camera.quiet_s:
        says = "Nothing was seen yet." if camera.silent_s is None else f"Nothing was seen for {_long(camera.silent_s)}."
        if camera.source == "file":
            cure = (
                "See that the file or pipe of camera.source goes on; camera.loop = true begins a file anew at its end."
            )
            return Check(name, "bad", says, cure)
        return Check(name, "bad", says, "Plug it in anew, and close other programs that use it.")
    if camera.face is None:
        return Check(name, "warn", "No face in view.", "Turn it to the face, with light from the front, not behind.")
    return Check(name, "good", f"A face in view, found with a score of {camera.face.score:.2f}.")


def _broker(shot: Snapshot) -> Check:
    relay, name = shot.relay, "Broker"
    wait = "1 message waits" if relay.pending == 1 else f"{relay.pending} messages wait"
    if not relay.connected and not relay.trouble and shot.up_s < _BEGINS_S:
        return Check(name, "off", "The daemon has just begun to connect.", "Give it some seconds.")
    if not relay.connected:
        says, cure = _parted(relay.trouble or "not connected yet", "See that it runs and can be reached.")
        return Check(name, "bad", says, f"{cure} Nothing is lost meanwhile: {wait}.")
    if relay.trouble:
        says, cure = _parted(relay.trouble, "Mend its access list.")
        return Check(name, "bad", says, f"{cure} {wait.capitalize()}.")
    if relay.pending > _MANY_PENDING:
        return Check(name, "warn", f"{relay.pending} messages wait to be acknowledged.", "See how busy the broker is.")
    where = "the broker inside this program" if relay.ours else relay.broker
    return Check(name, "good", f"Connected to {where}; {relay.acked} alerts acknowledged, {relay.pending} waiting.")


def _outbox(shot: Snapshot) -> tuple[Check, ...]:
    if shot.relay.durable:
        return ()
    says = "The disk takes nothing: alerts wait in memory alone, and a restart would lose them."
    return (Check("Outbox", "bad", says, "Make room on the disk, or mount it writable; it is tried again by itself."),)


def _parted(trouble: str, usual: str) -> tuple[str, str]:
    """What is wrong, and what the trouble itself says would help; else what usually does."""
    says, mark, cure = trouble.rpartition("; ")
    return (sentence(says), sentence(cure)) if mark else (sentence(trouble), usual)

"""One snapshot in; what is well, what is not, and the cure for each, out."""

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec

from edge.check import Check
from edge.ground import disk, models, wall_clock
from edge.panel.snapshot import Snapshot
from edge.settings import Settings

_SILENT_S = 10.0
_LOST_SHARE = 0.05
_SHAKY_MS = 50.0
_MANY_PENDING = 20


def checks(shot: Snapshot, settings: Settings) -> tuple[Check, ...]:
    """Every check, in the order in which a signal travels. Reads the bundle from the disk: not for the event loop."""
    return (
        models(settings),
        _watch(shot),
        _device_clock(shot),
        _camera(shot),
        _broker(shot),
        disk(settings),
        wall_clock(datetime.now(UTC)),
    )


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


def _watch(shot: Snapshot) -> Check:
    watch, name = shot.watch, "Watch"
    if not watch.link:
        return Check(name, "off", "No watch is set.", "Set watch.address, or pair one.")
    if watch.silent_s is None:
        return Check(name, "bad", "Nothing was heard yet.", _wake(watch.link))
    if watch.silent_s > _SILENT_S:
        return Check(name, "bad", f"Silent for {watch.silent_s:.0f} s.", _wake(watch.link))
    lost = watch.counts.get("lost", 0)
    if lost > _LOST_SHARE * (lost + watch.packets):
        share = lost / (lost + watch.packets)
        return Check(name, "warn", f"{share:.0%} of its packets are lost.", "Bring the watch nearer; bodies shield it.")
    return Check(name, "good", f"Heard {watch.silent_s:.1f} s ago, {watch.packets:,} packets so far.")


def _wake(link: str) -> str:
    if link == "ble":
        return "Wear it, wake it, switch off Bluetooth on the phone it belongs to, and bring it within 5 m."
    if link == "serial":
        return "Plug its cable in anew and see that watch.address names the right port."
    return "See that watch.address names a recording that has not ended."


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
    if camera.silent_s is None or camera.silent_s > _SILENT_S:
        return Check(name, "bad", "No frames come.", "Plug it in anew, and close other programs that use it.")
    if camera.face is None:
        return Check(name, "warn", "No face in view.", "Turn it to the face, with light from the front, not behind.")
    return Check(name, "good", f"A face in view, found with a score of {camera.face.score:.2f}.")


def _broker(shot: Snapshot) -> Check:
    relay, name = shot.relay, "Broker"
    if not relay.connected:
        return Check(
            name,
            "bad",
            relay.trouble or "Not connected yet.",
            f"See that it runs and can be reached. Nothing is lost meanwhile: {relay.pending} messages wait.",
        )
    if relay.trouble:
        return Check(name, "bad", relay.trouble, f"Mend its access list. {relay.pending} messages wait.")
    if relay.pending > _MANY_PENDING:
        return Check(name, "warn", f"{relay.pending} messages wait to be acknowledged.", "See how busy the broker is.")
    where = "inside this program" if relay.ours else "elsewhere"
    return Check(name, "good", f"Connected, {where}; {relay.acked} alerts acknowledged, {relay.pending} waiting.")

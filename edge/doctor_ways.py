"""Settings in; whether the camera gives pictures and the broker takes us, both tried for real, out."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.check import Check, parted, sentence
from edge.clock import SystemClock
from edge.relay.address import parse_broker
from edge.relay.dial import Dialer
from edge.relay.errors import BrokerAddressError, BrokerError
from edge.relay.names import Names
from edge.sensing.pictures import CameraError, Pictures, device_path, open_pictures
from edge.settings import Settings

_CAMERA, _BROKER = "Camera", "Broker"
_PATIENCE_S = 10.0
"""A driver that has not given a picture by then hangs."""
_WARM_UP = 5
"""Pictures thrown away first: a camera begins dark while it measures the light."""
_DARK, _BRIGHT = 20.0, 235.0
"""Mean grey, of 255, beyond which no face can be told."""


@dataclass(slots=True)
class _Look:
    """What a thread of its own saw through the camera."""

    sentence: str = "gave no picture"
    grey: float | None = None
    size: tuple[int, int] = (0, 0)


def camera(settings: Settings, daemon_runs: bool, look: Callable[[str, float], Pictures] = open_pictures) -> Check:
    """Open it and take pictures; they are looked at in memory and forgotten. Its lamp may light for a moment."""
    source = settings.camera.source
    if not source:
        return Check(_CAMERA, "off", "The camera is off; the watch speaks alone.", "Set camera.source if it is wanted.")
    seen = _Look()
    # A driver may hang for ever: the thread is then left behind, and the check says so.
    thread = threading.Thread(target=_see, args=(seen, source, settings.camera.fps, look), daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    if thread.is_alive():
        cure = "Plug it anew, and see `dmesg` for what its driver says."
        return Check(_CAMERA, "bad", f"{source} gave no picture in {_PATIENCE_S:g} s.", cure)
    if seen.grey is None:
        if daemon_runs and source.startswith("device:") and device_path(source).exists():
            says = "It does not open; the daemon that runs here holds it, as it should."
            return Check(_CAMERA, "off", says, "For a look through it, stop the daemon first.")
        if source.startswith("device:") and device_path(source).exists():
            cure = "Plug it in anew, close other programs that use it; its user must be in the group video."
            return Check(_CAMERA, "bad", sentence(seen.sentence), cure)
        says, cure = parted(CameraError(seen.sentence))
        return Check(_CAMERA, "bad", says, cure or "See that camera.source names what gives pictures.")
    says = f"{source} gives {seen.size[1]} x {seen.size[0]} pictures."
    if not _DARK <= seen.grey <= _BRIGHT:
        extreme = "dark" if seen.grey < _DARK else "bright"
        return Check(_CAMERA, "warn", f"{says} They are too {extreme} to see a face.", "Mind cap, lamp and window.")
    return Check(_CAMERA, "good", says)


async def broker(settings: Settings) -> Check:
    """Connect with the configured TLS and password, as a guest, and leave again."""
    mqtt = settings.mqtt
    if not mqtt.broker:
        says = "None is set: the daemon runs one of its own, on loopback, while it runs."
        return Check(_BROKER, "off", says, "Set mqtt.broker if alerts are to leave this machine.")
    try:
        dialer = Dialer(mqtt, parse_broker(mqtt.broker))
        session = await dialer.visit(Names(mqtt, SystemClock()).topics())
    except (BrokerError, BrokerAddressError) as error:
        return Check(_BROKER, "bad", *parted(error))
    version = session.opening.version
    await session.close()
    if dialer.address.tls:
        return Check(_BROKER, "good", f"{dialer.address} takes us, in MQTT {version} over verified TLS.")
    if dialer.address.is_loopback:
        return Check(_BROKER, "good", f"{dialer.address} takes us, in MQTT {version}, on this machine.")
    says = f"{dialer.address} takes us, but without TLS: everybody on the way can read and forge."
    return Check(_BROKER, "warn", says, "Use mqtts:// with mqtt.ca_file, or seal alerts with mqtt.seal_to_file.")


def _see(seen: _Look, source: str, fps: float, look: Callable[[str, float], Pictures]) -> None:
    try:
        pictures = look(source, fps)
    except CameraError as error:
        seen.sentence = str(error)
        return
    try:
        for _ in range(_WARM_UP if pictures.lasting else 1):
            if not pictures.grab():
                seen.sentence = f"{source} opens, but gives no picture"
                return
        picture = pictures.retrieve()
        if picture is not None:
            seen.size = picture.shape[0], picture.shape[1]
            seen.grey = float(np.mean(picture))
    finally:
        pictures.close()

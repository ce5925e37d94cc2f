"""All that an operator may change: frozen, from one TOML file."""

import math
import os
import tomllib
from pathlib import Path

import msgspec
import platformdirs

from edge.inference.choice import Runtime
from edge.inference.decision import DecisionSettings
from edge.inference.glances import FACE_MS
from edge.panel.settings import PanelSettings
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.sensing.change import ChangeSettings
from edge.sensing.sampling import SamplingSettings

HEALTH_HOST = "127.0.0.1"
"""Where the health page is. Never anywhere else: there is no password."""

SLOWEST_FPS = 0.1
"""A camera that gives less cannot be told from one whose driver hangs; a plan may well look at fewer frames."""


class SettingsError(ValueError):
    """Settings nobody can run with; the sentence names the file, the setting and what would work."""


# Here, not below: the defaults of `Settings` are made, and looked at, while this file is read.
def _refuse_nul(setting: str, text: str) -> None:
    """SettingsError for what can be no path on any machine."""
    if "\0" in text:
        raise SettingsError(f"{setting} {text!r} holds a NUL, which no path or address may")


def _refuse_no_place(setting: str, text: str) -> None:
    """SettingsError for what can be no path, or begins at the home of nobody here."""
    _refuse_nul(setting, text)
    try:
        Path(text).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{setting} {text!r}: this machine knows no such home; give the whole path") from error


class WatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the watch is."""

    address: str = ""
    """`ble:AA:BB:CC:DD:EE:FF`, `serial:/dev/serial/by-id/...`, `replay:FILE` or `virtual:wearer`; empty for none."""
    allowed: tuple[str, ...] = ()
    """Bluetooth addresses that may be paired and listened to; empty for any. With one set, `ble:NAME` is refused."""


class CameraSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the camera is. It is off until a source is named; frames are never written."""

    source: str = ""
    """`device:/dev/video0`, a name of /dev/v4l/by-id, `picamera2:0`, `gst:...`, a file, a picture; empty for none."""
    fps: float = 5.0
    """Frames looked at a second."""
    loop: bool = False
    """Begin a file anew when it ends, so that it behaves as a camera does."""

    def __post_init__(self) -> None:
        if not SLOWEST_FPS <= self.fps <= 60:
            raise ValueError(f"camera.fps must lie between {SLOWEST_FPS} and 60, got {self.fps}")


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which models speak."""

    bundle: str = ""
    """The bundle's directory; empty for the one that ships."""
    threads: int = 1
    """Threads of each model; more helps the face network only."""
    face_ms: float = FACE_MS
    """Milliseconds that the looks at one face may take together: more looks are right more often, one is always had."""
    face_fresh_s: float = 3.0
    """A face seen this long ago still speaks for the person now."""
    runtime: Runtime = "auto"
    """`litert`, `onnx` (ONNX Runtime, as on a Jetson), or `auto` for the first of them that is installed."""

    def __post_init__(self) -> None:
        _refuse_no_place("models.bundle", self.bundle)
        if not 1 <= self.threads <= 16:
            raise ValueError(f"models.threads must lie between 1 and 16, got {self.threads}")
        if not 0 < self.face_ms <= 1000:
            raise ValueError(f"models.face_ms must lie above 0 and at most at 1000, got {self.face_ms}")
        if not 0 < self.face_fresh_s <= 600:
            raise ValueError(f"models.face_fresh_s must lie above 0 and at most at 600, got {self.face_fresh_s}")


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long what is stored of the person stays; the outbox has limits of its own."""

    recording_days: float = 90.0
    recordings_mib: int = 4096
    """Of all recordings together; the oldest leave first."""
    usual_days: float = 7.0
    """What is usual for the wearer is known over a restart that comes within so many days; 0 keeps nothing of it."""

    def __post_init__(self) -> None:
        if not self.recording_days > 0:
            raise ValueError(f"retention.recording_days must be above 0, got {self.recording_days}")
        if self.recordings_mib < 1:
            raise ValueError(f"retention.recordings_mib must be at least 1, got {self.recordings_mib}")
        if not 0 <= self.usual_days < math.inf:
            raise ValueError(f"retention.usual_days must be 0 (keep nothing) or more, got {self.usual_days}")


class HealthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a machine may ask how the daemon is: `/healthz`, `/readyz` and `/metrics`, on loopback only."""

    port: int = 0
    """0: nothing is served. 9464 is usual for metrics."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"health.port must lie between 0 (off) and 65535, got {self.port}")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One daemon's settings; every one has a default that is safe."""

    state_dir: str = ""
    """Where the outbox lives; empty for the user's state directory."""
    watch: WatchSettings = WatchSettings()
    camera: CameraSettings = CameraSettings()
    models: ModelSettings = ModelSettings()
    decision: DecisionSettings = DecisionSettings()
    sampling: SamplingSettings = SamplingSettings()
    mqtt: MqttSettings = MqttSettings()
    outbox: OutboxSettings = OutboxSettings()
    panel: PanelSettings = PanelSettings()
    retention: RetentionSettings = RetentionSettings()
    health: HealthSettings = HealthSettings()

    def __post_init__(self) -> None:
        _refuse_no_place("state_dir", self.state_dir)
        _refuse_no_place("outbox.path", self.outbox.path)
        _refuse_nul("watch.address", self.watch.address)
        _refuse_nul("camera.source", self.camera.source)
        for name in ("password_file", "ca_file", "certificate_file", "key_file", "seal_to_file"):
            _refuse_nul(f"mqtt.{name}", getattr(self.mqtt, name))
        page, port = self.panel, self.health.port
        if page.enabled and port and page.port == port and page.address in (HEALTH_HOST, "0.0.0.0"):
            raise SettingsError(f"panel.port and health.port are both {port}; set one of them to another port")

    @property
    def bundle_path(self) -> Path:
        return Path(self.models.bundle).expanduser() if self.models.bundle else shipped_bundle()

    @property
    def state_path(self) -> Path:
        return Path(self.state_dir).expanduser() if self.state_dir else user_state()


_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "watch": WatchSettings,
    "camera": CameraSettings,
    "models": ModelSettings,
    "decision": DecisionSettings,
    "sampling": SamplingSettings,
    "sampling.change": ChangeSettings,
    "mqtt": MqttSettings,
    "outbox": OutboxSettings,
    "panel": PanelSettings,
    "retention": RetentionSettings,
    "health": HealthSettings,
}


def user_state() -> Path:
    """Where this user's daemon keeps what must survive: systemd's state directory, or the user's.

    Raises SettingsError for a user without a home.
    """
    if systemds := os.environ.get("STATE_DIRECTORY"):
        return Path(systemds)
    try:
        return platformdirs.user_state_path("vagus")
    except RuntimeError as error:
        raise SettingsError("this user has no home to keep anything in; set state_dir to a whole path") from error


def shipped_bundle() -> Path:
    """The bundle that this release carries."""
    return Path(__file__).parent / "bundles" / "default"


def read_settings(path: Path) -> Settings:
    """Read one TOML file; raise SettingsError with one sentence when it cannot be run with."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"cannot read the settings file {path}: {reason}") from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """The text of a TOML file, as `read_settings`; ``path`` is what the sentence of an error names."""
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}") from error
    except RecursionError as error:
        raise SettingsError(f"{path} nests its values too deeply; settings are plain sections and values") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_sentence(str(error))}") from error


def _sentence(error: str) -> str:
    """msgspec's wording, with the path of the setting first and, for an unknown one, those there are."""
    text, _, where = error.partition(" - at ")
    setting = where.strip("`").removeprefix("$").removeprefix(".").removesuffix("[...]")
    if "unknown field" not in text:
        return f"{setting}: {text}" if setting else text
    section = _SECTIONS.get(setting, Settings)
    known = ", ".join(section.__struct_fields__)
    name = text.split("`")[1]
    full = f"{setting}.{name}" if setting else name
    return f"unknown setting {full}; known here: {known}"

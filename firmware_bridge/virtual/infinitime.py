"""A virtual InfiniTime watch: notifies only when a value changes, so steady hearts are silent."""

from collections.abc import Iterable, Iterator, Sequence

from firmware_bridge import codec, gatt
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.messages import (
    Battery,
    DeviceInformation,
    HeartRate,
    InfiniTimeMotion,
    InformationField,
    Message,
    Steps,
)
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import Second

_SECOND_NS = 1_000_000_000
_FIRST_HEART_S = 6
"""The watch needs that long for its first value."""


class InfiniTime:
    """What a PineTime offers to any host; its sensors need no bond, only its pairing does."""

    name = "InfiniTime"
    advertised = (gatt.INFINITIME_UPDATE_SERVICE,)
    services = (
        Service(gatt.HEART_RATE_SERVICE, {gatt.HEART_RATE_MEASUREMENT: Access.READ | Access.NOTIFY}),
        Service(gatt.BATTERY_SERVICE, {gatt.BATTERY_LEVEL: Access.READ | Access.NOTIFY}),
        Service(
            gatt.INFINITIME_MOTION_SERVICE,
            {
                gatt.INFINITIME_STEPS: Access.READ | Access.NOTIFY,
                gatt.INFINITIME_MOTION: Access.READ | Access.NOTIFY,
            },
        ),
        Service(
            gatt.DEVICE_INFORMATION_SERVICE,
            {gatt.MODEL_NUMBER: Access.READ, gatt.FIRMWARE_REVISION: Access.READ, gatt.MANUFACTURER_NAME: Access.READ},
        ),
        Service(gatt.CURRENT_TIME_SERVICE, {gatt.CURRENT_TIME: Access.WRITE, gatt.LOCAL_TIME: Access.WRITE}),
    )

    def __init__(self, steady_bpm: int | None = None) -> None:
        self._steady_bpm = steady_bpm
        """A heart that never changes, to show what silence means here."""
        self._values: dict[str, Message] = {
            gatt.HEART_RATE_MEASUREMENT: HeartRate(0),
            gatt.BATTERY_LEVEL: Battery(77),
            gatt.INFINITIME_STEPS: Steps(0),
            gatt.INFINITIME_MOTION: InfiniTimeMotion(0, 0, 1024),
            gatt.MODEL_NUMBER: DeviceInformation(InformationField.MODEL, "PineTime"),
            gatt.FIRMWARE_REVISION: DeviceInformation(InformationField.FIRMWARE, "1.16.0"),
            gatt.MANUFACTURER_NAME: DeviceInformation(InformationField.MANUFACTURER, "PINE64"),
        }

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        """What changed: heart rate at most once a second, motion ten times, steps while walking."""
        steps = 0.0
        for s, second in enumerate(seconds):
            for tenth in range(10):
                x, y, z = (max(-32768, min(32767, round(g * 1024))) for g in second.motion_g[tenth * 32 // 10].tolist())
                yield from self._changed((10 * s + tenth) * _SECOND_NS // 10, InfiniTimeMotion(x, y, z))
            steps += 1.8 if second.motion_g.std(axis=0).max() > 0.15 else 0.0
            yield from self._changed((s + 1) * _SECOND_NS, Steps(int(steps)))
            yield from self._changed((s + 1) * _SECOND_NS, HeartRate(self._bpm(s, second)))

    def read(self, target: str) -> bytes:
        if target not in self._values:
            raise LinkError(f"the virtual watch has nothing to read at {target}", Trouble.REFUSED)
        return codec.encode(self._values[target])[1]

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        """Let the clock be set; whatever it is set to."""
        if target not in (gatt.CURRENT_TIME, gatt.LOCAL_TIME):
            raise LinkError(f"the virtual watch refuses {len(payload)} bytes at {target}", Trouble.REFUSED)
        return ()

    def _bpm(self, s: int, second: Second) -> int:
        if s < _FIRST_HEART_S or second.heart_bpm is None:
            return 0
        return self._steady_bpm or round(second.heart_bpm)

    def _changed(self, at_ns: int, message: Message) -> Iterator[Spoken]:
        source, payload = codec.encode(message)
        if self._values[source] != message:
            self._values[source] = message
            yield Spoken(at_ns, source, payload)

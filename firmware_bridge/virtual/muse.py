"""A virtual Muse headband: four electrodes with an alpha rhythm, motion, and in one preset the pulse wave."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from firmware_bridge import codec, gatt
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.messages import (
    MuseAcceleration,
    MuseCommand,
    MuseEeg,
    MuseElectrode,
    MuseLight,
    MuseMessage,
    MusePpg,
    MuseTelemetry,
    MuseText,
)
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import Readings, Second, resample

_SECOND_NS = 1_000_000_000
_EEG_HZ, _PPG_HZ, _MOTION_HZ = 256, 64, 52
_EEG_UV = 0.48828125
_PPG_PRESETS = ("p50", "p51")
_ELECTRODES = (MuseElectrode.TP9, MuseElectrode.AF7, MuseElectrode.AF8, MuseElectrode.TP10)
_SOURCES = (
    gatt.MUSE_TP9,
    gatt.MUSE_AF7,
    gatt.MUSE_AF8,
    gatt.MUSE_TP10,
    gatt.MUSE_PPG_INFRARED,
    gatt.MUSE_ACCELERATION,
    gatt.MUSE_TELEMETRY,
)


class Muse:
    """Streams from ``d`` to ``h``; the same seed gives the same brain."""

    name = "Muse-1A2B"
    advertised = (gatt.MUSE_SERVICE,)
    services = (
        Service(
            gatt.MUSE_SERVICE,
            {gatt.MUSE_CONTROL: Access.WRITE | Access.NOTIFY, **dict.fromkeys(_SOURCES, Access.NOTIFY)},
        ),
    )

    def __init__(self, seed: int = 1) -> None:
        self.streaming = False
        self._preset = "p21"
        self._chance = np.random.default_rng(seed)
        self._index: dict[str, int] = {}
        self._rest: dict[str, list[list[int]]] = {}
        """Samples that did not fill a notification yet, by source."""

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        for s, second in enumerate(seconds):
            if not self.streaming:
                continue
            said = [*self._brain(s, second), *self._motion(s, second)]
            if self._preset in _PPG_PRESETS:
                said += self._pulse(s, second)
            if s % 10 == 0:
                said.append(_spoken(s * _SECOND_NS, MuseTelemetry(s // 10 % 65536, 40000, 1700, 4000, 28)))
            yield from sorted(said, key=lambda one: one.at_ns)

    def read(self, target: str) -> bytes:
        raise LinkError(f"the virtual headband has nothing to read at {target}", Trouble.REFUSED)

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        try:
            command = codec.decode_command(target, payload)
        except CodecError as error:
            raise LinkError(f"the virtual headband does not understand {error}", Trouble.REFUSED) from error
        if not isinstance(command, MuseCommand):
            raise LinkError(f"the virtual headband has nothing to write at {target}", Trouble.REFUSED)
        match command.text:
            case "d":
                self.streaming = True
            case "h":
                self.streaming = False
            case text if text.startswith("p"):
                self._preset = text
            case _:
                # Keep alive, status, version: all are answered alike.
                pass
        return [codec.encode(MuseText('{"rc":0}'))]

    def _brain(self, s: int, second: Second) -> Iterator[Spoken]:
        times = s + np.arange(_EEG_HZ) / _EEG_HZ
        worn = None if second.eeg_uv is None else resample(second.eeg_uv, _EEG_HZ)
        for k, (electrode, source) in enumerate(zip(_ELECTRODES, _SOURCES, strict=False)):
            if worn is not None:
                microvolts = worn[:, k]
            else:
                microvolts = 18 * np.sin(2 * math.pi * 10 * times) + self._chance.normal(0, 8, _EEG_HZ)
            raw = np.clip(np.rint(microvolts / _EEG_UV) + 2048, 0, 4095)[:, np.newaxis]
            for at_ns, index, run in self._notifications(source, s, raw, 12):
                yield _spoken(at_ns, MuseEeg(electrode, index, tuple(row[0] for row in run)))

    def _motion(self, s: int, second: Second) -> Iterator[Spoken]:
        raw = np.clip(np.rint(resample(second.motion_g, _MOTION_HZ) * 16384), -32768, 32767)
        for at_ns, index, run in self._notifications(gatt.MUSE_ACCELERATION, s, raw, 3):
            yield _spoken(at_ns, MuseAcceleration(index, tuple((x, y, z) for x, y, z in run)))

    def _pulse(self, s: int, second: Second) -> Iterator[Spoken]:
        raw = np.rint(300_000 - 40 * resample(second.pulse, _PPG_HZ))[:, np.newaxis]
        for at_ns, index, run in self._notifications(gatt.MUSE_PPG_INFRARED, s, raw, 6):
            yield _spoken(at_ns, MusePpg(MuseLight.INFRARED, index, tuple(row[0] for row in run)))

    def _notifications(
        self, source: str, s: int, samples: Readings, size: int
    ) -> Iterator[tuple[int, int, list[list[int]]]]:
        """Time, running number and samples of each notification that is full by the end of the second."""
        rows = self._rest.get(source, []) + samples.astype(np.int64).tolist()
        before = len(rows) - len(samples)
        for first in range(0, len(rows) - size + 1, size):
            index = self._index.get(source, 0)
            self._index[source] = (index + 1) % (1 << 16)
            last = first + size - before - 1
            yield s * _SECOND_NS + last * _SECOND_NS // len(samples), index, rows[first : first + size]
        self._rest[source] = rows[len(rows) - len(rows) % size :]


def _spoken(at_ns: int, message: MuseMessage) -> Spoken:
    return Spoken(at_ns, *codec.encode(message))

"""Rates, camera time and inferences in; bytes on air, milliwatts and battery hours, out.

What is counted is exact (frames, headers, samples: the wire's own layout); what it costs is not. The figures of power
are typical values of data sheets for parts like those of an open watch, put together without a measurement, so hours
may be off by a factor of two either way. Ratios between plans hold better than hours: most of the doubt cancels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edge.flow import Channel, SamplingPlan

NOTIFICATION_BYTES = 17
"""Around each notification on the air: preamble 1, access address 4, header 2, CRC 3 (Core 5.4, vol 6, part B, 2.1, LE
1M), L2CAP 4 (vol 3, part A, 3.1), ATT 3 (vol 3, part F, 3.4.7.1). Acknowledgements of the host are not counted."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How a family's device puts samples into notifications."""

    head_bytes: int
    """Header and checksum of each frame."""
    sample_bytes: Mapping[Channel, int]
    samples_a_frame: Mapping[Channel, int]
    """A frame is sent when so many are there."""
    longest_frame_s: float
    """Or when its first sample is so old."""
    heart_bytes_per_s: float = 0.0
    """What the standard heart rate service adds, its notifications' own bytes counted."""

    def bytes_per_s(self, rates_hz: Mapping[Channel, float]) -> float:
        """On the air, link layer included; a channel that is not asked for costs nothing."""
        total = self.heart_bytes_per_s
        for channel, hz in rates_hz.items():
            if hz <= 0 or channel not in self.sample_bytes:
                continue
            frames = max(hz / self.samples_a_frame[channel], 1 / self.longest_frame_s)
            total += min(frames, hz) * (self.head_bytes + NOTIFICATION_BYTES) + hz * self.sample_bytes[channel]
        return total


_SKIN = {Channel.SKIN_CONDUCTANCE: 2, Channel.SKIN_TEMPERATURE: 2}
VAGUS = Wire(
    12,
    MappingProxyType({Channel.PULSE: 3, Channel.MOTION: 6, Channel.ECG: 3, **_SKIN}),
    MappingProxyType({Channel.PULSE: 16, Channel.MOTION: 8, Channel.ECG: 32, **dict.fromkeys(_SKIN, 4)}),
    1.0,
    heart_bytes_per_s=NOTIFICATION_BYTES + 2 + 2 * 1.2,
)
"""Our own stream (firmware_bridge/STREAM.md), as the virtual watch and the reference board fill its frames; beside it
one Heart Rate Measurement a second with the intervals of 72 beats a minute."""
BANGLE_APP = Wire(
    12,
    MappingProxyType({Channel.PULSE: 3, Channel.MOTION: 6}),
    MappingProxyType({Channel.PULSE: 10, Channel.MOTION: 5}),
    2.0,
    heart_bytes_per_s=NOTIFICATION_BYTES + 2,
)
"""The same stream from firmware_bridge/firmware/bangle, which sends ten and five samples a frame."""
POLAR = Wire(
    10,
    MappingProxyType({Channel.PULSE: 12, Channel.MOTION: 6, Channel.ECG: 3}),
    MappingProxyType({Channel.PULSE: 18, Channel.MOTION: 36, Channel.ECG: 73}),
    2.0,
    heart_bytes_per_s=NOTIFICATION_BYTES + 2 + 2 * 1.2,
)
"""Polar measurement data, frames uncompressed and filled to 227 bytes; devices that send differences need less."""
WIRES: Mapping[str, Wire] = MappingProxyType(
    {"vagus": VAGUS, "vagus-serial": VAGUS, "bangle-vagus": BANGLE_APP, "polar-h10": POLAR, "polar-verity": POLAR}
)
"""By the name of the family; the others cannot be re-rated, or send text."""


@dataclass(frozen=True, slots=True)
class WatchPower:
    """What a watch draws, in mW; the defaults are for an nRF52 with an optical sensor at 3 V."""

    rest_mw: float = 1.5
    """Processor asleep with its clock, display off, link kept at a connection interval of some 50 ms."""
    optics_mw: float = 1.1
    """Analogue front end of the pulse sensor while it is on: 600 uA at 1.8 V (MAX30102 data sheet, typical)."""
    pulse_mj: float = 0.021
    """One pulse sample: a light-emitting diode at 10 mA and 5 V for 411 us (MAX30102 data sheet, pulse widths)."""
    motion_mj: float = 0.0005
    """One reading of the accelerometer: about 6 uA at 3 V at 50 Hz, bus included (LIS2DH12 data sheet, typical)."""
    skin_mw: float = 0.1
    """Excitation and converter of skin conductance: a guess."""
    event_mj: float = 0.03
    """Radio start-up, acknowledgement and processor time of one notification: some 10 uC at 3 V (nRF52832, typical)."""
    byte_mj: float = 8e-6 * 5.3 * 3
    """One byte on air: 8 us at 1 Mbit/s, 5.3 mA at 0 dBm and 3 V (nRF52832 product specification)."""
    battery_mwh: float = 650.0
    """175 mAh at 3.7 V."""

    def mw(self, rates_hz: Mapping[Channel, float], wire: Wire = VAGUS) -> float:
        """Mean draw at these rates."""
        pulse, motion = rates_hz.get(Channel.PULSE, 0.0), rates_hz.get(Channel.MOTION, 0.0)
        frames = sum(
            min(max(hz / wire.samples_a_frame[c], 1 / wire.longest_frame_s), hz)
            for c, hz in rates_hz.items()
            if hz > 0 and c in wire.samples_a_frame
        )
        return (
            self.rest_mw
            + (self.optics_mw if pulse else 0.0)
            + pulse * self.pulse_mj
            + motion * self.motion_mj
            + (self.skin_mw if rates_hz.get(Channel.SKIN_CONDUCTANCE) else 0.0)
            + (frames + (1 if wire.heart_bytes_per_s else 0)) * self.event_mj
            + wire.bytes_per_s(rates_hz) * self.byte_mj
        )

    def hours(self, percent: float, rates_hz: Mapping[Channel, float], wire: Wire = VAGUS) -> float:
        """How long a battery at so many percent lasts at these rates; right within a factor of two, not better."""
        return self.battery_mwh * percent / 100 / self.mw(rates_hz, wire)


@dataclass(frozen=True, slots=True)
class HostPower:
    """What camera and networks add to the host's draw, in mW and mJ."""

    camera_mw: float = 1500.0
    """An open camera on USB: 200 to 400 mA at 5 V on most labels."""
    face_mj: float = 60.0
    """Finding and judging one face: some 20 ms of one core of a Raspberry Pi 4 that draws 3 W more when busy."""
    wrist_mj: float = 6.0
    """Features and network of one window: some 2 ms of the same."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a stretch of time cost."""

    s: float = 0.0
    bytes_on_air: float = 0.0
    watch_mj: float = 0.0
    camera_s: float = 0.0
    """The camera was open."""
    faces: float = 0.0
    """Frames looked at."""
    windows: int = 0
    """Wrist inferences."""

    def host_mj(self, power: HostPower | None = None) -> float:
        """Energy of camera and networks."""
        power = power or HostPower()
        return self.camera_s * power.camera_mw + self.faces * power.face_mj + self.windows * power.wrist_mj


def spend(before: Spent, plan: SamplingPlan, s: float, *, wire: Wire = VAGUS, power: WatchPower | None = None) -> Spent:
    """``s`` more seconds under a plan, with one wrist inference at their end."""
    power = power or WatchPower()
    return Spent(
        s=before.s + s,
        bytes_on_air=before.bytes_on_air + s * wire.bytes_per_s(plan.rates_hz),
        watch_mj=before.watch_mj + s * power.mw(plan.rates_hz, wire),
        camera_s=before.camera_s + (s if plan.camera_fps > 0 else 0.0),
        faces=before.faces + s * plan.camera_fps,
        windows=before.windows + 1,
    )

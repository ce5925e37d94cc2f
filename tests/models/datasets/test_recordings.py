"""A recording becomes the very samples that the watch's stream would carry."""

import numpy as np
import pytest

from edge.clock import SECOND
from edge.flow import Channel, Samples
from firmware_bridge import codec
from firmware_bridge.messages import Motion, Pulse, SkinConductance, SkinTemperature
from firmware_bridge.virtual.second import Second
from firmware_bridge.virtual.watch import Watch
from models.datasets.recordings import Recording, e4_tracks, label_at, samples, wire_steps
from tests.models.datasets.e4 import e4

SECONDS = 20


@pytest.fixture
def recording() -> Recording:
    label = np.arange(SECONDS).astype(np.int8) % 3 - 1
    return Recording("made", "S00", e4_tracks(e4("S00", SECONDS), "S00"), label)


def gathered(packets: list[Samples]) -> dict[Channel, tuple[list[int], list[object]]]:
    made: dict[Channel, tuple[list[int], list[object]]] = {}
    for packet in packets:
        times, values = made.setdefault(packet.channel, ([], []))
        times += packet.times.tolist()
        values += packet.values.tolist()
    return made


@pytest.mark.parametrize("packet_s", [0.25, 0.5, 1.0, 3.0])
def test_every_sample_comes_once_and_in_order(recording: Recording, packet_s: float) -> None:
    packets = list(samples(recording, packet_s))
    for channel, (times, values) in gathered(packets).items():
        track = recording.tracks[channel]
        assert len(values) == len(track.values)
        np.testing.assert_allclose(times, np.arange(len(values)) * SECOND / track.rate_hz, atol=1)
    assert all(p.times[-1] < p.received for p in packets)
    received = [p.received for p in packets]
    assert received == sorted(received)


def test_values_are_those_that_the_virtual_watch_sends(recording: Recording) -> None:
    ours = gathered(list(samples(recording)))
    raw = e4("S00", SECONDS)
    bvp, eda, temp, acc = (raw[f"S00_{name}"].astype(np.float64) for name in ("BVP", "EDA", "TEMP", "ACC"))
    seconds = [
        Second(bvp[s * 64 :][:64], eda[s * 4 :][:4], temp[s * 4 :][:4], acc[s * 32 :][:32] / 64, heart_bpm=None)
        for s in range(SECONDS)
    ]
    sent: dict[Channel, list[float]] = {channel: [] for channel in ours}
    for spoken in Watch().speak(seconds):
        match codec.decode(spoken.source, spoken.payload):
            case Pulse(counts=counts):
                sent[Channel.PULSE] += counts
            case SkinConductance() as message:
                sent[Channel.SKIN_CONDUCTANCE] += message.microsiemens
            case SkinTemperature() as message:
                sent[Channel.SKIN_TEMPERATURE] += message.celsius
            case Motion() as message:
                sent[Channel.MOTION] += [v for xyz in message.g for v in xyz]
            case _:
                pass
    for channel, values in sent.items():
        np.testing.assert_allclose(np.ravel(np.array(ours[channel][1])), values, rtol=1e-6)


def test_values_stick_at_the_ends_of_their_field() -> None:
    far = np.array([-5, 70, 1e9], np.float32)
    np.testing.assert_allclose(wire_steps(Channel.SKIN_CONDUCTANCE, far), [0, 65.535, 65.535], rtol=1e-6)
    np.testing.assert_allclose(wire_steps(Channel.SKIN_TEMPERATURE, far), [-5, 70, 327.67], rtol=1e-6)
    np.testing.assert_allclose(wire_steps(Channel.PULSE, far), [-5, 70, 8388607])


def test_a_window_has_the_label_of_its_last_second(recording: Recording) -> None:
    assert label_at(recording, np.array([1.0, 2.0, 3.0, 3.5, 20.0, 25.0])).tolist() == [-1, 0, 1, -1, 0, -1]

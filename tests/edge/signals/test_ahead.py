"""Channels that have all of a window before the others do: what is made of them early is what is said later."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import SECOND
from edge.flow import Channel, Samples, Window
from edge.signals import features
from edge.signals.features import Extractor, extract
from edge.signals.windows import Windows
from tests.edge.signals.bodies import worn
from tests.edge.signals.test_body import packets

SAID = packets([worn(50)])
"""Half a second of each channel a packet, in turn."""


def until(seconds: float) -> list[Samples]:
    return [packet for packet in SAID if packet.received <= seconds * SECOND]


def last(channel: Channel, seconds: float) -> Samples:
    (packet,) = (each for each in SAID if each.channel is channel and each.received == seconds * SECOND)
    return packet


def fed(windows: Windows, said: Sequence[Samples]) -> list[Window]:
    return [window for packet in said for window in windows.feed(packet)]


def test_a_channel_is_shown_once_and_is_the_very_one_that_the_window_holds() -> None:
    windows = Windows(30, 5)
    assert fed(windows, until(29.5)) == []
    assert windows.ahead() is None
    fed(windows, [last(Channel.SKIN_CONDUCTANCE, 30), last(Channel.MOTION, 30)])
    shown = windows.ahead()
    assert shown is not None
    assert shown.signals.keys() == {Channel.SKIN_CONDUCTANCE, Channel.MOTION}
    assert windows.ahead() is None, "nothing new"
    fed(windows, [last(Channel.SKIN_TEMPERATURE, 30)])
    more = windows.ahead()
    assert more is not None
    assert more.signals.keys() == {*shown.signals, Channel.SKIN_TEMPERATURE}
    (window,) = windows.feed(last(Channel.PULSE, 30))
    assert (window.start, window.end) == (shown.start, shown.end)
    assert all(window.signals[channel] is signal for channel, signal in more.signals.items())


def test_a_late_packet_of_a_channel_that_was_shown_is_in_the_window() -> None:
    windows = Windows(30, 5)
    late = last(Channel.MOTION, 20)
    fed(windows, [packet for packet in until(29.5) if packet is not late])
    fed(windows, [last(Channel.MOTION, 30)])
    shown = windows.ahead()
    assert shown is not None
    fed(windows, [late])
    again = windows.ahead()
    assert again is not None
    assert len(again.signals[Channel.MOTION].times) == len(shown.signals[Channel.MOTION].times) + len(late.times)


def test_a_rate_that_was_learned_better_meanwhile_is_the_windows() -> None:
    windows = Windows(30, 5)
    fed(windows, [*until(29.5), last(Channel.MOTION, 30)])
    assert windows.ahead() is not None
    fed(windows, [replace(last(Channel.MOTION, 30.5), rate_hz=32.5)])
    windows_made = fed(windows, [p for p in SAID if p.received == 30 * SECOND and p.channel is not Channel.MOTION])
    assert [window.signals[Channel.MOTION].rate_hz for window in windows_made] == [32.5]


def mishaps(seed: int) -> list[Samples]:
    """What a radio, a crystal, a driver and a clock can do to what was said."""
    rng, off, sent = np.random.default_rng(seed), 0, list[tuple[float, Samples]]()

    def send(packet: Samples, reach: float) -> None:
        sent.append((len(sent) + rng.uniform(0, reach), packet))

    for said in SAID:
        packet, luck = replace(said, times=said.times + off), rng.random()
        if luck < 0.01:
            off += round(float(rng.choice([3, 8, 14, 40, -100])) * SECOND)
        elif luck < 0.03:
            packet = replace(packet, rate_hz=packet.rate_hz * float(rng.choice([0, 0.5, 0.8, 1.25, 1.4])))
        elif luck < 0.04:
            packet = replace(packet, values=np.repeat(packet.values.reshape(len(packet.times), -1), 2, axis=1))
        elif luck < 0.05:
            packet = replace(packet, values=np.full_like(packet.values, np.nan))
        elif luck < 0.1:
            send(packet, 3)
        elif luck < 0.15:
            continue
        send(packet, float(rng.choice([1, 20])))
        if rng.random() < 0.1:
            send(Samples(Channel.BEAT_INTERVAL, packet.times[-1:], np.array([800], np.float32), 0, packet.received), 9)
    return [packet for _, packet in sorted(sent, key=lambda one: one[0])]


def told(window: Window) -> dict[Channel, object]:
    return {
        channel: (signal.rate_hz, signal.complete, signal.times.tolist(), signal.values.tolist())
        for channel, signal in window.signals.items()
    }


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 2.0, 5.0]))
def test_whatever_befalls_the_packets_the_windows_and_features_are_the_same_to_the_bit(seed: int, hop_s: float) -> None:
    plain, early, extractor = Windows(15, hop_s), Windows(15, hop_s), Extractor()
    for packet in mishaps(seed):
        for window, other in zip(early.feed(packet), plain.feed(packet), strict=True):
            assert (window.end, window.gap, window.received) == (other.end, other.gap, other.received)
            assert told(window) == told(other)
            np.testing.assert_array_equal(extractor.extract(window).values, extract(other).values)
        if (shown := early.ahead()) is not None:
            extractor.look_ahead(shown)


def test_a_packet_that_comes_twice_is_no_news() -> None:
    windows, motion = Windows(30, 5), last(Channel.MOTION, 30)
    fed(windows, [*until(29.5), motion])
    assert windows.ahead() is not None
    fed(windows, [motion])
    assert windows.ahead() is None


def test_what_was_made_early_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[str]()

    def counted(part: features.Part) -> features.Part:
        def make(window: Window) -> tuple[float, ...]:
            made.append(part.make.__name__)
            return part.make(window)

        return replace(part, make=make)

    monkeypatch.setattr(features, "PARTS", tuple(counted(part) for part in features.PARTS))
    windows, extractor = Windows(30, 5), Extractor()
    fed(windows, until(29.5))
    for channel in (Channel.SKIN_CONDUCTANCE, Channel.SKIN_TEMPERATURE, Channel.MOTION):
        fed(windows, [last(channel, 30)])
        if (shown := windows.ahead()) is not None:
            extractor.look_ahead(shown)
    assert made == ["conductance", "temperature", "motion"]
    (window,) = windows.feed(last(Channel.PULSE, 30))
    extractor.extract(window)
    assert made == ["conductance", "temperature", "motion", "heart"]

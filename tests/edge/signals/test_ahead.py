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


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.floats(0, 0.2))
def test_any_order_of_packets_gives_the_same_features_to_the_bit(seed: int, reach: int, lost: float) -> None:
    rng = np.random.default_rng(seed)
    kept = [packet for packet in SAID if rng.random() >= lost]
    moments: list[float] = (np.arange(len(kept)) + rng.uniform(0, reach, len(kept))).tolist()
    plain, early, extractor, ends = Windows(20, 5), Windows(20, 5), Extractor(), list[int]()
    for _, packet in sorted(zip(moments, kept, strict=True), key=lambda sent: sent[0]):
        made, expected = early.feed(packet), plain.feed(packet)
        ends += [window.end for window in made]
        assert [window.end for window in made] == [window.end for window in expected]
        for window, other in zip(made, expected, strict=True):
            np.testing.assert_array_equal(extractor.extract(window).values, extract(other).values)
        if (shown := early.ahead()) is not None:
            extractor.look_ahead(shown)
    assert len(ends) >= 5


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

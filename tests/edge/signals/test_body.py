"""From samples to what a model gets: off the wrist nothing is said, and after it the state starts anew."""

from dataclasses import replace

import numpy as np
import pytest

from edge.clock import SECOND, HostNs
from edge.flow import Channel, Samples, Signal, Window
from edge.signals.body import Body, Reading
from edge.signals.features import NAMES
from edge.signals.normalise import Usual
from edge.signals.wear import Wear, wear
from tests.edge.signals.bodies import signal, window, worn

USUAL = Usual(NAMES, (0.0,) * len(NAMES), (1.0,) * len(NAMES))


def off(seconds: float, room_c: float = 22.0, seed: int = 1) -> Window:
    """A watch on a table: dry, at room temperature, its light sensor seeing noise."""
    rng = np.random.default_rng(seed)
    return window(
        seconds,
        pulse=signal(rng.normal(0, 120, round(64 * seconds)).round().astype(np.float32), 64),
        skin_conductance=signal(np.abs(rng.normal(0.01, 0.003, round(4 * seconds))).astype(np.float32), 4),
        skin_temperature=signal(rng.normal(room_c, 0.02, round(4 * seconds)).astype(np.float32), 4),
        motion=signal(np.tile(np.array([[0, 0, 1]], np.float32), (round(32 * seconds), 1)), 32),
    )


def packets(parts: list[Window], packet_s: float = 0.5) -> list[Samples]:
    """The parts one after the other, as a watch would send them."""
    made, offset = list[Samples](), 0
    for part in parts:
        length = part.end - part.start
        for k in range(round(length / SECOND / packet_s)):
            a, b = round(k * packet_s * SECOND), round((k + 1) * packet_s * SECOND)
            for channel, s in part.signals.items():
                cut = (s.times >= a) & (s.times < b)
                made.append(Samples(channel, s.times[cut] + offset, s.values[cut], s.rate_hz, HostNs(offset + b)))
        offset += length
    return made


def read(body: Body, parts: list[Window]) -> list[Reading]:
    return [reading for samples in packets(parts) for reading in body.feed(samples)]


def test_a_worn_watch_gives_a_reading_a_hop_and_the_first_is_a_fresh_start() -> None:
    readings = read(Body(USUAL, 30, 5), [worn(60)])
    assert len(readings) == 7
    told = [r.told for r in readings if r.told is not None]
    assert len(told) == 7
    assert [t.gap for t in told] == [True, *[False] * 6]
    assert told[0].names == NAMES
    assert np.isfinite(told[0].values).all()


@pytest.mark.parametrize("room_c", [19.0, 22.0, 28.0])
def test_off_the_wrist_nothing_is_said(room_c: float) -> None:
    readings = read(Body(USUAL, 30, 5), [off(60, room_c)])
    assert len(readings) == 7
    assert all(r.wear is Wear.OFF and r.told is None for r in readings)


def test_a_window_that_still_holds_the_table_says_nothing_and_the_next_starts_anew() -> None:
    readings = read(Body(USUAL, 30, 5), [worn(60), off(40), worn(80, seed=3)])
    by_end = {r.raw.end // SECOND: r for r in readings}
    assert by_end[60].told is not None
    assert by_end[85].wear is by_end[100].wear is Wear.OFF
    assert by_end[120].wear is Wear.ON
    assert by_end[120].told is None
    later = [r.told for end, r in sorted(by_end.items()) if end > 100 and r.told is not None]
    assert later[0].end == 130 * SECOND
    assert [t.gap for t in later[:2]] == [True, False]


def test_a_saved_usual_is_used_at_once() -> None:
    usual = Usual(("heart_rate",), (95.0,), (10.0,))
    first, second = Body(usual, 30, 5), Body(usual, 30, 5)
    read(first, [worn(120)])
    second.recall(first.remembered())
    known, stranger = (read(body, [worn(40)])[0].told for body in (second, Body(usual, 30, 5)))
    assert known is not None
    assert stranger is not None
    assert abs(known.values[0]) < abs(stranger.values[0])


def test_channels_that_no_feature_wants_pass_by() -> None:
    battery = Samples(Channel.BATTERY, np.array([0]), np.array([90], np.float32), 0.0, HostNs(0))
    assert Body(USUAL, 30, 5).feed(battery) == []


def test_motion_that_drowns_the_pulse_is_not_off() -> None:
    rng = np.random.default_rng(0)
    busy = worn(60)
    signals = dict(busy.signals)
    signals[Channel.PULSE] = signal(rng.normal(0, 9000, 3840).astype(np.float32), 64)
    assert wear(Window(busy.start, busy.end, signals, busy.received)) is Wear.ON


def test_a_pulse_sensor_on_a_table_says_nothing_and_a_resting_wrist_is_on() -> None:
    """Pulse and motion alone, as of many an arm band: nothing but a pulse tells a still wrist from a table."""
    table, person = off(60), worn(60)
    kept = (Channel.PULSE, Channel.MOTION)
    still = {Channel.MOTION: table.signals[Channel.MOTION]}
    for window_, expected in ((table, Wear.UNKNOWN), (person, Wear.ON)):
        signals = {channel: window_.signals[channel] for channel in kept} | still
        assert wear(Window(window_.start, window_.end, signals, window_.received)) is expected


def test_dry_and_cold_skin_with_a_pulse_is_on() -> None:
    person, table = worn(60), off(60)
    signals = {**table.signals, Channel.PULSE: person.signals[Channel.PULSE]}
    assert wear(Window(person.start, person.end, signals, person.received)) is Wear.ON


def test_a_flat_wave_is_off_and_counted_beats_are_on() -> None:
    flat = signal(np.zeros(3840, np.float32), 64)
    beats = Signal(np.arange(60) * SECOND, np.full(60, 1000, np.float32), 0.0, 1.0)
    assert wear(window(60, pulse=flat)) is Wear.OFF
    assert wear(window(60, beat_interval=beats)) is Wear.ON
    assert wear(window(60, motion=worn().signals[Channel.MOTION])) is Wear.UNKNOWN


def test_what_is_told_is_as_unsure_of_its_time_as_the_window() -> None:
    made = [replace(samples, uncertainty_ns=7) for samples in packets([worn(60)])]
    body = Body(USUAL, 30, 5)
    readings = [reading for samples in made for reading in body.feed(samples)]
    assert {r.raw.uncertainty_ns for r in readings} == {7}
    assert {r.told.uncertainty_ns for r in readings if r.told is not None} == {7}

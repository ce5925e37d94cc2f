"""Replays at several rates: honest when slowed down, the device's own when mixed, and counted to the byte."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge.clock import SECOND, HostNs
from edge.flow import Channel, Features, Samples
from edge.inference.decision import DecisionSettings
from edge.sensing.energy import VAGUS
from edge.sensing.ladder import LADDER, Level
from edge.signals.features import NAMES, extract
from edge.signals.normalise import Usual
from edge.signals.windows import Windows
from models.datasets import DatasetError
from models.datasets.recordings import Recording, Track
from models.sampling_figures import figures
from models.sampling_life import POLICIES, Adaptive, Clockwork, Fixed, Lived, Threshold, live
from models.sampling_page import BEGIN, END, write_page
from models.sampling_plot import plot
from models.sampling_replay import Person, replay, slower
from tests.edge.signals.bodies import beats, pulse_wave

SECONDS = 420
NAMED = ("heart_rate", "conductance", "motion_turn")
USUAL = Usual(NAMED, (70.0, 0.5, -2.0), (5.0, 0.5, 0.5))
CLOCKWORK = Clockwork()


@pytest.fixture(scope="module")
def recording() -> Recording:
    chance = np.random.default_rng(4)
    still = np.tile(np.array([0.0, 0.6, 0.8]), (32 * SECONDS, 1)) + chance.normal(0, 0.01, (32 * SECONDS, 3))
    tracks = {
        Channel.PULSE: Track(64, pulse_wave(beats(SECONDS, 72, 30), SECONDS, 64)),
        Channel.SKIN_CONDUCTANCE: Track(4, (2 + chance.normal(0, 0.002, 4 * SECONDS)).astype(np.float32)),
        Channel.SKIN_TEMPERATURE: Track(4, np.full(4 * SECONDS, 33, np.float32)),
        Channel.MOTION: Track(32, still.astype(np.float32)),
    }
    label = np.zeros(SECONDS, np.int8)
    label[200:320] = 1
    return Recording("made", "P1", tracks, label)


@pytest.fixture(scope="module")
def person(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return replay([recording], 60, 5, tmp_path_factory.mktemp("kept"), lambda _: None)[0]


def tense(features: Features) -> float:
    """Stress by the clock, as if a network had seen it."""
    return 0.85 if 200 <= features.end / SECOND <= 330 else 0.2


def lived(person: Person, policy: str) -> Lived:
    return live(person, POLICIES[policy](), USUAL, tense, CLOCKWORK)


def test_a_slower_watch_hears_no_overtones(recording: Recording):
    t = np.arange(64 * 60) / 64
    for hz, left in ((1.0, 1.0), (25.0, 0.0)):
        tone = Track(64, np.sin(2 * np.pi * hz * t).astype(np.float32))
        slow = slower(Recording("made", "P", {Channel.PULSE: tone}, recording.label_1hz), LADDER[Level.LOW])
        track = slow.tracks[Channel.PULSE]
        assert (track.rate_hz, len(track.values)) == (16, 16 * 60)
        assert float(track.values[100:-100].std()) * np.sqrt(2) == pytest.approx(left, abs=0.03)


def test_what_is_kept_is_what_was_seen(recording: Recording, person: Person, tmp_path: Path):
    fresh, again = replay([recording], 60, 5, None, lambda _: None)[0], person
    for level in fresh.at:
        for one, other in zip(fresh.at[level].hops, again.at[level].hops, strict=True):
            np.testing.assert_array_equal(one.raw.values, other.raw.values)
            assert (one.start, one.worn, one.raw.end) == (other.start, other.worn, other.raw.end)
        np.testing.assert_array_equal(fresh.at[level].labels, again.at[level].labels)


def test_a_stream_that_is_slowed_gives_the_windows_the_comparison_takes(recording: Recording, person: Person):
    """The shortcut of the comparison, checked against a real stream: full rate until 150 s, low from there on."""
    windows, found = Windows(60, 5), dict[int, Features]()
    at = {level: slower(recording, LADDER[level]).tracks for level in (Level.FULL, Level.LOW)}
    for second in range(300):
        for channel, track in at[Level.FULL if second < 150 else Level.LOW].items():
            a, b = (round(edge * track.rate_hz) for edge in (second, second + 1))
            times = np.rint(np.arange(a, b) * SECOND / track.rate_hz).astype(np.int64)
            packet = Samples(channel, times, track.values[a:b], track.rate_hz, HostNs((second + 1) * SECOND))
            for window in windows.feed(packet):
                found[window.end // SECOND] = extract(window)
                assert not window.gap
    for k, hop in enumerate(person.seen.hops):
        end = hop.raw.end // SECOND
        if end not in found:
            continue
        expected = person.hop(k, Level.FULL if end <= 150 else Level.LOW).raw.named()
        for name, value in found[end].named().items():
            if name in ("heart_rate", "pulse_rate", "conductance", "enmo", "motion_turn", "motion_share"):
                assert value == pytest.approx(expected[name], rel=0.03, abs=0.01), (end, name)
            assert np.isfinite(value) == np.isfinite(expected[name]), (end, name)


def test_full_rate_costs_all_and_low_rate_little(person: Person):
    full, low = lived(person, "full rate"), lived(person, "fixed low rate")
    assert full.spent.s == SECONDS
    assert full.spent.camera_s == SECONDS
    assert full.spent.bytes_on_air == pytest.approx(SECONDS * VAGUS.bytes_per_s(LADDER[Level.FULL]))
    assert low.spent.bytes_on_air < 0.5 * full.spent.bytes_on_air  # its first minute is at full rate
    assert [plan.mode for plan in full.plans] == ["full"] * len(full.plans)


def test_the_threshold_goes_with_the_answer_and_the_adaptive_plan_holds(person: Person):
    simple, adaptive = lived(person, "simple threshold"), lived(person, "adaptive")
    modes = [plan.mode for plan in simple.plans[1:]]
    assert {a for a, b in pairwise(modes) if a != b} == {"full", "low"}
    stress = [plan.camera_fps > 0 for plan, s in zip(adaptive.plans, adaptive.stress, strict=True) if s == 0.85]
    assert sum(stress) > len(stress) / 2
    assert adaptive.spent.camera_s <= simple.spent.camera_s


def test_figures_are_told_beside_those_of_full_rate(person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # the made-up stress is short
    soon = DecisionSettings(on=0.6, off=0.5, own_level=0, smoothing_s=40, min_duration_s=20)
    monkeypatch.setattr("models.sampling_figures.DecisionSettings", lambda: soon)
    lives = {name: [lived(person, name)] for name in POLICIES}
    told = {name: figures(each, lives["full rate"], 0.5) for name, each in lives.items()}
    assert told["full rate"]["balanced_accuracy_lost"] == 0
    assert told["adaptive"]["noticed"] == told["full rate"]["noticed"] == 1
    assert json.loads(json.dumps(told)) == told
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nstale figures\n{END}\nafter\n")
    write_page({"command": "this", "stress_predict": told, "wesad": told}, page)
    text = page.read_text()
    assert text.count("hears the labelled stretches alone") == 1
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| adaptive |" in text
    assert "stale figures" not in text
    plot(told, lives, tmp_path / "one.svg")
    assert (tmp_path / "one.svg").read_text().lstrip().startswith("<?xml")


def test_a_page_without_a_place_for_figures(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(DatasetError, match="between which the figures go"):
        write_page({"command": "this"}, page)


def test_policies_are_what_they_are_called():
    kinds = {name: type(make()) for name, make in POLICIES.items()}
    assert kinds == {"full rate": Fixed, "fixed low rate": Fixed, "simple threshold": Threshold, "adaptive": Adaptive}
    assert set(NAMED) <= set(NAMES)

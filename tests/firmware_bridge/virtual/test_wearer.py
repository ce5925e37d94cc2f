"""The seeded wearer is the same for the same seed, and its body behaves."""

from itertools import islice

import numpy as np
import pytest

from firmware_bridge.virtual.second import Second
from firmware_bridge.virtual.wearer import DEMO, Phase, wear


def live(phase: Phase, seconds: int, seed: int = 1) -> list[Second]:
    return list(islice(wear(seed, [(phase, seconds)]), seconds))


def rmssd_ms(seconds: list[Second]) -> float:
    beats = np.concatenate([s.beats_ms for s in seconds])
    return float(np.sqrt(np.mean(np.diff(beats) ** 2)))


def mean_bpm(seconds: list[Second]) -> float:
    return float(np.mean([s.heart_bpm for s in seconds if s.heart_bpm is not None]))


def skin_us(seconds: list[Second]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.concatenate([s.skin_conductance_us for s in seconds])


def test_the_same_seed_gives_the_same_seconds_and_another_does_not():
    first, again, other = (np.concatenate([s.pulse for s in live(Phase.CALM, 5, seed)]) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shapes_and_rates():
    second = live(Phase.CALM, 1)[0]
    assert second.pulse.shape == (64,)
    assert second.skin_conductance_us.shape == second.skin_temperature_c.shape == (4,)
    assert second.motion_g.shape == (32, 3)


def test_beats_add_up_to_time_and_to_the_rate():
    seconds = live(Phase.CALM, 300)
    beats = np.concatenate([s.beats_ms for s in seconds])
    assert 298 < beats.sum() / 1000 < 302
    assert 58 < 60000 / beats.mean() < 70


def test_stress_is_faster_less_variable_sweatier_and_colder_than_calm():
    calm, stress = live(Phase.CALM, 180)[60:], list(islice(wear(1, [(Phase.CALM, 60), (Phase.STRESS, 180)]), 240))[120:]
    assert mean_bpm(stress) > mean_bpm(calm) + 20
    assert rmssd_ms(calm) > 2 * rmssd_ms(stress)
    assert skin_us(stress).mean() > skin_us(calm).mean() + 2
    assert skin_us(stress).std() > 3 * skin_us(calm).std()
    assert stress[-1].skin_temperature_c.mean() < calm[-1].skin_temperature_c.mean() - 1


def test_the_breath_shows_in_the_beats():
    beats = np.concatenate([s.beats_ms for s in live(Phase.CALM, 300)])
    times = np.cumsum(beats) / 1000
    even = np.interp(np.arange(5, 290, 0.25), times, beats)
    power = np.abs(np.fft.rfft(even - even.mean())) ** 2
    hertz = np.fft.rfftfreq(len(even), 0.25)
    breath = power[(hertz > 0.19) & (hertz < 0.25)].sum()
    assert breath > 0.25 * power.sum()
    assert power[(hertz > 0.26)].sum() < 0.2 * power.sum()


def test_the_pulse_wave_has_the_frequency_of_the_heart():
    seconds = live(Phase.STRESS, 120)[60:]
    wave = np.concatenate([s.pulse for s in seconds])
    power = np.abs(np.fft.rfft(wave)) ** 2
    heart_hz = float(np.fft.rfftfreq(len(wave), 1 / 64)[np.argmax(power)])
    assert abs(60 * heart_hz - mean_bpm(seconds)) < 5
    assert abs(wave.mean()) < 3


def test_walking_shakes_the_wrist_and_the_pulse_wave():
    calm, walk = live(Phase.CALM, 30), live(Phase.MOTION, 30)
    assert np.concatenate([s.motion_g for s in walk]).std(axis=0).max() > 0.2
    assert np.concatenate([s.motion_g for s in calm]).std(axis=0).max() < 0.1
    assert np.concatenate([s.pulse for s in walk]).std() > 2 * np.concatenate([s.pulse for s in calm]).std()


def test_off_the_wrist_there_is_no_heart_no_sweat_no_motion():
    seconds = list(islice(wear(1, [(Phase.CALM, 30), (Phase.OFF_WRIST, 60)]), 90))[60:]
    assert all(s.heart_bpm is None and not s.beats_ms and not s.worn for s in seconds)
    assert skin_us(seconds).mean() < 0.05
    assert np.concatenate([s.pulse for s in seconds]).std() < 5


def test_the_script_starts_over():
    script = [(Phase.CALM, 2), (Phase.OFF_WRIST, 1)]
    assert [s.worn for s in islice(wear(1, script), 7)] == [True, True, False, True, True, False, True]


def test_the_demo_is_calm_first_then_under_stress():
    assert DEMO[0][0] is Phase.CALM
    assert DEMO[1][0] is Phase.STRESS
    assert 120 <= DEMO[0][1] <= 240, "long enough to learn what is usual for this person"


def test_an_empty_script_is_refused():
    with pytest.raises(ValueError, match="at least 1 s"):
        next(wear(1, []))

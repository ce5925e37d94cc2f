"""Settings that nobody can plan with are refused with a sentence, and the longest that are taken can be run with."""

import math
from pathlib import Path
from typing import Any

import pytest

from edge.clock import LONGEST_S, StreamNs, nanoseconds
from edge.sensing.evidence import Signs
from edge.sensing.sampling import DURATIONS, LEAST_FPS, Sampler, SamplingSettings
from edge.settings import SettingsError, parse_settings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"camera_share": 1.5}, "camera_share must lie between 0 and 1"),
        ({"unsure": 0.7}, "must not lie above sampling.likely"),
        ({"dwell_s": -1.0}, "dwell_s must be 0 or more"),
        ({"moving": math.inf}, "moving must be a finite number"),
        ({"camera_glimpse_s": 500.0}, "camera_glimpse_s"),
        ({"watchful_fps": 0.0}, "watchful_fps"),
        ({"watchful_fps": 1e-300}, "watchful_fps"),
        ({"battery_low": 120.0}, "battery_low must be a percentage"),
    ],
)
def test_settings_that_nobody_can_plan_with(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SamplingSettings(**wrong)


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("s", ["1e300", "inf", "nan"])
def test_a_duration_that_no_clock_can_tell(name: str, s: str) -> None:
    with pytest.raises(SettingsError, match=rf"sampling\.{name} must be 0 or more, and at most 1e\+09 "):
        parse_settings(f"[sampling]\n{name} = {s}", Path("vagus.toml"))


def test_the_longest_durations_and_the_slowest_camera_can_be_run_with() -> None:
    settings = SamplingSettings(watchful_fps=LEAST_FPS, **dict.fromkeys(DURATIONS, LONGEST_S))  # pyright: ignore[reportArgumentType]
    sampler = Sampler(settings, 5.0)
    for at_s, heart_rate in ((60.0, 0.0), (65.0, 9.0), (70.0, 9.0)):
        at = StreamNs(nanoseconds(at_s))
        sampler.sense(Signs(at, True, 0.9, {"heart_rate": heart_rate}))
        sampler.step(at)
    assert (sampler.plan.mode, sampler.plan.since) == ("watchful", nanoseconds(60.0)), "kept for thirty years"

"""What a plan promises, whatever a person does: it is kept for a while, it is bounded, and it says why."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import StreamNs, nanoseconds, seconds
from edge.flow import Channel, SamplingPlan
from edge.sensing.evidence import Signs
from edge.sensing.ladder import LADDER, Level
from edge.sensing.sampling import Sampler, SamplingSettings

HOP_S, FPS = 5.0, 5.0
CALM = {"heart_rate": 0.0, "conductance": 0.0, "motion_turn": 0.0}
SETTINGS = SamplingSettings()


def signs(
    k: int, stress: float | None = 0.2, *, worn: bool | None = True, battery: float | None = None, **moved: float
) -> Signs:
    return Signs(StreamNs(nanoseconds(60 + k * HOP_S)), worn, stress, {**CALM, **moved}, battery)


def lived(told: Sequence[Signs], sampler: Sampler) -> list[SamplingPlan]:
    """The plan after each window."""
    plans: list[SamplingPlan] = []
    for each in told:
        sampler.sense(each)
        sampler.step(each.at)
        plans.append(sampler.plan)
    return plans


def asleep(sampler: Sampler, from_s: float, hours: float, step_s: float = HOP_S) -> int:
    """Hours without a window; says which one follows."""
    for k in range(round(hours * 3600 / step_s)):
        sampler.step(StreamNs(nanoseconds(from_s + k * step_s)))
    return round((from_s + hours * 3600 - 60) / HOP_S)


def led(plans: Sequence[SamplingPlan]) -> list[SamplingPlan]:
    """Those that the watch called for: the bounds are theirs."""
    return [plan for plan in plans if "in its stead" not in plan.reason and "the operator" not in plan.reason]


Day = list[tuple[float | None, bool | None, float | None, float, float, float]]
"""Windows: probability of stress, worn, battery, and how far heart, skin and motion are from the usual."""
windows = st.tuples(
    st.none() | st.floats(0, 1),
    st.sampled_from([True, True, True, True, None, False]),
    st.none() | st.floats(0, 100),
    st.floats(-4, 4),
    st.floats(-4, 4),
    st.floats(-4, 4),
)
days = st.lists(windows, min_size=1, max_size=150)


def of(day: Day) -> list[Signs]:
    return [
        signs(k, stress, worn=worn, battery=battery, heart_rate=heart, conductance=skin, motion_turn=motion)
        for k, (stress, worn, battery, heart, skin, motion) in enumerate(day)
    ]


@given(days)
def test_a_plan_is_kept_for_its_dwell_unless_the_watch_comes_off(day: Day):
    plans = lived(of(day), Sampler(SETTINGS, FPS))[1:]  # the first follows at once: nothing was known before
    for before, after in itertools.pairwise(plans):
        if after.since != before.since and after.mode != "off":
            assert seconds(after.since - before.since) >= SETTINGS.dwell_s


@given(days)
def test_the_camera_is_open_within_its_share_while_the_watch_can_tell(day: Day):
    plans = led(lived(of(day), Sampler(SETTINGS, FPS)))
    open_s = HOP_S * sum(plan.camera_fps > 0 for plan in plans)
    slack_s = SETTINGS.dwell_s + HOP_S  # a plan is kept for its dwell, and looked at only once a hop
    assert open_s <= SETTINGS.camera_burst_s + SETTINGS.camera_share * HOP_S * len(plans) + slack_s
    full_s = HOP_S * sum(plan.mode == "full" for plan in plans)
    assert full_s <= SETTINGS.full_burst_s + SETTINGS.full_share * HOP_S * len(plans) + slack_s


@given(days)
def test_off_the_wrist_nobody_is_looked_at(day: Day):
    told = of(day)
    for each, plan in zip(told, lived(told, Sampler(SETTINGS, FPS)), strict=True):
        if each.worn is False:
            assert (plan.mode, plan.camera_fps) == ("off", 0.0)


@given(days, st.sampled_from(["full", "low", "off"]), st.integers(0, 100))
def test_a_forced_plan_wins_at_once_and_until_it_is_lifted(day: Day, word: str, at: int):
    told, sampler = of(day), Sampler(SETTINGS, FPS)
    at = min(at, len(told) - 1)
    lived(told[:at], sampler)
    sampler.force(word)
    assert {plan.mode for plan in lived(told[at:], sampler)} == {word}


@given(days)
def test_a_low_battery_spares_the_watch(day: Day):
    told = [Signs(each.at, each.worn, each.stress, each.features, 15.0) for each in of(day)]
    for plan in lived(told, Sampler(SETTINGS, FPS)):
        assert plan.rates_hz in (LADDER[Level.LOW], LADDER[Level.OFF])


@given(days)
def test_the_same_day_gives_the_same_plans_and_each_says_why(day: Day):
    one, other = (lived(of(day), Sampler(SETTINGS, FPS)) for _ in range(2))
    assert one == other
    assert all(plan.reason.startswith(f"{plan.mode}: ") and len(plan.reason) > 10 for plan in one)


@given(days)
@settings(max_examples=20)
def test_a_plan_that_stays_is_not_told_again(day: Day):
    sampler = Sampler(SETTINGS, FPS)
    for each in of(day):
        before = sampler.plan
        sampler.sense(each)
        told = sampler.step(each.at)
        assert told is None or told is sampler.plan
        assert (told is None) == (replace(sampler.plan, reason=before.reason) == before)


@given(st.lists(st.tuples(days, st.sampled_from(["auto", "full"]), st.integers(0, 120)), min_size=1, max_size=4))
@settings(max_examples=20)
def test_the_bounds_hold_between_silences_and_orders_that_have_none(stretches: list[tuple[Day, str, int]]):
    sampler, plans, k = Sampler(SETTINGS, FPS), list[SamplingPlan](), 0
    for day, word, silent in stretches:
        told = [replace(each, at=StreamNs(each.at + nanoseconds(k * HOP_S))) for each in of(day)]
        plans += lived(told, sampler)
        k += len(day)
        sampler.force(word)
        for _ in range(silent):
            sampler.step(StreamNs(nanoseconds(60 + k * HOP_S)))
            plans.append(sampler.plan)
            k += 1
        sampler.force("auto")
    led_s, slack_s = HOP_S * len(led(plans)), SETTINGS.dwell_s + HOP_S
    open_s = HOP_S * sum(plan.camera_fps > 0 for plan in led(plans))
    assert open_s <= SETTINGS.camera_burst_s + SETTINGS.camera_share * led_s + slack_s
    full_s = HOP_S * sum(plan.mode == "full" for plan in led(plans))
    assert full_s <= SETTINGS.full_burst_s + SETTINGS.full_share * led_s + slack_s


def test_calm_is_measured_little_and_the_camera_is_closed():
    plan = lived([signs(k) for k in range(20)], Sampler(SETTINGS, FPS))[-1]
    assert (plan.mode, plan.camera_fps, plan.reason) == ("low", 0.0, "low: all is as usual")
    assert plan.rates_hz == LADDER[Level.LOW]


def test_a_heart_that_rises_while_the_classifier_is_unsure_opens_the_camera():
    told = [signs(k) for k in range(20)] + [signs(20 + k, 0.55, heart_rate=2.5) for k in range(4)]
    plan = lived(told, Sampler(SETTINGS, FPS))[-1]
    assert (plan.mode, plan.camera_fps) == ("watchful", SETTINGS.watchful_fps)
    assert plan.reason == "watchful: heart rate rises and the classifier is unsure (55% stress)"


def test_likely_stress_that_has_just_begun_is_measured_in_full():
    told = [signs(k) for k in range(20)] + [signs(20 + k, 0.8, conductance=3.0) for k in range(4)]
    plan = lived(told, Sampler(SETTINGS, FPS))[-1]
    assert (plan.mode, plan.camera_fps, plan.rates_hz) == ("full", FPS, LADDER[Level.FULL])
    assert plan.reason == "full: stress is likely (80%) and skin conductance rises"


def test_movement_explains_a_racing_heart():
    told = [signs(k) for k in range(20)] + [signs(20 + k, 0.55, heart_rate=3.0, motion_turn=3.5) for k in range(4)]
    assert lived(told, Sampler(SETTINGS, FPS))[-1].mode == "low"
    plan = lived([signs(0, heart_rate=3.0, motion_turn=3.5)], Sampler(SETTINGS, FPS))[-1]
    assert plan.reason == "low: the person moves, which explains what changes"


def test_stress_that_lasts_is_not_stared_at():
    plans = lived([signs(k, 0.9) for k in range(720)], Sampler(SETTINGS, FPS))
    share = sum(plan.camera_fps > 0 for plan in plans) / len(plans)
    assert 0.15 < share < 0.27
    assert any("rests" in plan.reason for plan in plans)


def test_a_silent_watch_leaves_it_to_the_camera():
    sampler = Sampler(SETTINGS, FPS)
    lived([signs(k) for k in range(20)], sampler)
    plan = sampler.step(StreamNs(nanoseconds(60 + 20 * HOP_S + SETTINGS.stale_s)))
    assert plan is not None
    assert (plan.mode, plan.camera_fps) == ("full", FPS)
    assert "silent" in plan.reason


def test_without_a_watch_the_camera_never_closes():
    sampler = Sampler(SETTINGS, FPS, watch=False)
    for second in range(600):
        sampler.step(StreamNs(nanoseconds(second)))
        assert sampler.plan.camera_fps == FPS


@pytest.mark.parametrize("word", ["auto", "full"])
def test_a_night_in_which_the_camera_looks_without_limit_is_not_charged_to_the_day(word: str):
    sampler = Sampler(SETTINGS, FPS)
    k = len(lived([signs(k) for k in range(20)], sampler))
    sampler.force(word)
    k = asleep(sampler, 60 + k * HOP_S, hours=8)
    sampler.force("auto")
    plans = lived([signs(k + n, 0.9, conductance=3.0 * (n // 12 % 2)) for n in range(720)], sampler)
    assert plans[0].camera_fps > 0
    assert 0.15 < sum(plan.camera_fps > 0 for plan in plans) / len(plans) < 0.27
    assert "full" in {plan.mode for plan in plans[20:]}


def test_a_camera_that_was_alone_for_days_does_not_rest_when_a_watch_comes():
    sampler = Sampler(SETTINGS, FPS, watch=False)
    k = asleep(sampler, 60, hours=72, step_s=60)
    sampler.watch = True
    assert lived([signs(k, 0.9)], sampler)[-1].camera_fps > 0
    assert sampler.plan.reason == "watchful: stress is likely (90%)"


def test_the_camera_looks_in_the_stead_of_a_watch_that_says_too_little():
    plans = lived([signs(k, None) for k in range(720)], Sampler(SETTINGS, FPS))
    assert {plan.camera_fps for plan in plans} == {FPS}
    assert {plan.rates_hz[Channel.PULSE] for plan in plans} == {LADDER[Level.LOW][Channel.PULSE]}
    assert plans[-1].reason == "watchful: the watch says too little to judge by, so the camera looks in its stead"


def test_a_watch_that_says_too_little_for_a_moment_is_waited_for():
    told = [signs(k) for k in range(20)] + [signs(20 + k, None) for k in range(8)] + [signs(28 + k) for k in range(8)]
    plans = lived(told, Sampler(SETTINGS, FPS))
    assert (plans[24].camera_fps, plans[24].reason) == (SETTINGS.watchful_fps, "watchful: the wrist says too little")
    assert plans[27].camera_fps == FPS
    assert plans[-1].mode == "low"


def test_a_watch_that_has_just_begun_is_not_planned_to_and_fro():
    sampler, told = Sampler(SETTINGS, FPS), [signs(k, None) for k in range(10)] + [signs(10 + k) for k in range(20)]
    told_fps = [plan.camera_fps for plan in lived(told, sampler)]
    assert [fps for fps, _ in itertools.groupby(told_fps)] == [FPS, 0.0]


def test_a_plan_that_stays_gives_the_reason_of_now():
    sampler = Sampler(SETTINGS, FPS, watch=False)
    assert sampler.step(StreamNs(0)) is None
    assert sampler.plan.reason == "full: without a watch the camera alone can tell"
    sampler.watch = True
    lived([signs(k) for k in range(20)], sampler)
    since = sampler.plan.since
    lived([signs(20, heart_rate=3.0, motion_turn=3.5)], sampler)
    assert sampler.plan.reason == "low: the person moves, which explains what changes"
    assert sampler.plan.since == since


def test_low_without_a_watch_goes_on_looking_slowly():
    sampler = Sampler(SamplingSettings(mode="low"), FPS, watch=False)
    plan = sampler.step(StreamNs(0))
    assert plan is not None
    assert (plan.mode, plan.camera_fps) == ("low", SETTINGS.watchful_fps)
    assert plan.reason == "low: the operator asked for it; without a watch the camera goes on slowly"
    sampler.watch = True
    sampler.step(StreamNs(nanoseconds(SETTINGS.dwell_s)))
    assert (sampler.plan.camera_fps, sampler.plan.reason) == (0.0, "low: the operator asked for it")


def test_a_word_that_nobody_knows():
    with pytest.raises(ValueError, match="no sampling plan is called 'fast'; there are auto, full, low, off"):
        Sampler(SETTINGS, FPS).force("fast")


def test_every_level_measures_at_least_what_the_level_below_does():
    for level in (Level.LOW, Level.WATCHFUL, Level.FULL):
        assert all(hz >= LADDER[Level(level - 1)][channel] for channel, hz in LADDER[level].items())


def test_the_next_watch_is_not_spared_for_the_battery_of_the_last():
    sampler = Sampler(SETTINGS, FPS)
    lived([signs(k, battery=15.0) for k in range(20)], sampler)
    told = [signs(20 + k) for k in range(20)] + [signs(40 + k, 0.9, heart_rate=3.0) for k in range(8)]
    assert "full" in {plan.mode for plan in lived(told, sampler)}

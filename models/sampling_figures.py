"""Recordings as they went under a policy, and at full rate, in; what it saved and what it cost, out."""

import itertools
from collections.abc import Sequence

import numpy as np

from edge.inference.decision import DecisionSettings
from edge.sensing.energy import WatchPower
from models import metrics
from models.operating import alerts_at, stress_episodes
from models.sampling_life import Lived
from models.wrist_figures import pooled
from models.wrist_streams import Judged


def figures(lived: Sequence[Lived], full: Sequence[Lived], threshold: float) -> dict[str, object]:
    """One policy's figures beside those of full rate, each with its spread over people."""
    saved_bytes = [1 - a.spent.bytes_on_air / b.spent.bytes_on_air for a, b in zip(lived, full, strict=True)]
    saved_camera = [1 - a.spent.camera_s / b.spent.camera_s for a, b in zip(lived, full, strict=True)]
    balanced = [_balanced([person.judged], threshold) for person in lived]
    lost = [b - a for a, b in zip(balanced, (_balanced([p.judged], threshold) for p in full), strict=True)]
    power, hours = WatchPower(), sum(p.spent.s for p in lived) / 3600
    return {
        "kilobytes_per_hour": _spread([3.6 * p.spent.bytes_on_air / p.spent.s for p in lived]),
        "bytes_saved": _spread(saved_bytes),
        "camera_share": _spread([p.spent.camera_s / p.spent.s for p in lived]),
        "camera_saved": _spread(saved_camera),
        "battery_hours": _spread([power.battery_mwh / (p.spent.watch_mj / p.spent.s) for p in lived]),
        "host_mw": _spread([p.spent.host_mj() / p.spent.s for p in lived]),
        "plans_per_hour": round(sum(_changes(p) for p in lived) / hours, 2),
        "balanced_accuracy": round(_balanced([p.judged for p in lived], threshold), 4),
        "balanced_accuracy_of_people": _spread(balanced),
        "balanced_accuracy_lost": round(
            _balanced([p.judged for p in full], threshold) - _balanced([p.judged for p in lived], threshold), 4
        ),
        "balanced_accuracy_lost_by_people": _spread(lost),
        "unjudged": sum(p.judged.unjudged for p in lived),
        **_noticing(lived, full),
        **_looking(lived),
    }


def _balanced(people: Sequence[Judged], threshold: float) -> float:
    chance, labels, _, _ = pooled(people)
    return metrics.balanced_accuracy(metrics.confusion(labels, (chance >= threshold).astype(np.int64), 2))


def _noticing(lived: Sequence[Lived], full: Sequence[Lived]) -> dict[str, object]:
    """Episodes noticed by an alert, and how many windows later than at full rate."""
    mine, theirs = [_delays(p.judged) for p in lived], [_delays(p.judged) for p in full]
    pairs = [(a, b) for x, y in zip(mine, theirs, strict=True) for a, b in zip(x, y, strict=True)]
    later = [(a - b) / lived[0].hop_s for a, b in pairs if a is not None and b is not None]
    delays = [a for a, _ in pairs if a is not None]
    return {
        "episodes": len(pairs),
        "noticed": len(delays),
        "noticed_at_full_rate_only": sum(a is None and b is not None for a, b in pairs),
        "noticed_by_this_only": sum(a is not None and b is None for a, b in pairs),
        "delay_s_median": round(float(np.median(delays)), 1) if delays else None,
        "windows_later": _spread(later),
        "at_most_one_window_later": round(float(np.mean([x <= 1 for x in later])), 4) if later else None,
    }


def _delays(person: Judged) -> list[float | None]:
    at = alerts_at(person, DecisionSettings())
    return [
        min((a - episode.start_s for a in at if episode.covers(a)), default=None) for episode in stress_episodes(person)
    ]


def _looking(lived: Sequence[Lived]) -> dict[str, object]:
    """Whether the camera looks where it matters: in how many stress episodes, how soon, and how much of its time."""
    delays, inside, total, episodes = list[float](), 0, 0, 0
    for person in lived:
        looked = person.ends_s[np.array([plan.camera_fps > 0 for plan in person.plans])]
        total += len(looked)
        for episode in stress_episodes(person.judged):
            episodes += 1
            within = looked[(looked > episode.start_s) & (looked <= episode.end_s)]
            inside += len(within)
            if len(within):
                delays.append(max(0.0, float(within[0]) - person.hop_s - episode.start_s))
    return {
        "episodes_looked_at": len(delays),
        "look_delay_s_median": round(float(np.median(delays)), 1) if delays else None,
        "camera_time_in_stress": round(inside / total, 4) if total else None,
    }


def _changes(person: Lived) -> int:
    modes = [(plan.mode, plan.camera_fps) for plan in person.plans]
    return sum(a != b for a, b in itertools.pairwise(modes))


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    """Mean, standard deviation, median, lowest and highest over people."""
    if not values:
        return {"mean": None, "sd": None, "median": None, "least": None, "most": None}
    array = np.array(values, np.float64)
    told = {
        "mean": array.mean(),
        "sd": array.std(),
        "median": np.median(array),
        "least": array.min(),
        "most": array.max(),
    }
    return {name: round(float(value), 4) for name, value in told.items()}

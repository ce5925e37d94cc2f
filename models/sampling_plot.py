"""Figures of each way of sampling, and one person's recording under the adaptive one, in; one SVG file out."""
# matplotlib's types leave some arguments unknown to the checker. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.operating import stress_episodes
from models.sampling_life import Lived

_COLOURS = {"full rate": "#555555", "fixed low rate": "#c77700", "simple threshold": "#7b3294", "adaptive": "#00704a"}
Told = Mapping[str, Mapping[str, object]]


def plot(told: Told, lives: Mapping[str, Sequence[Lived]], path: Path) -> None:
    """Above: accuracy over bytes, and how well camera time is placed; below: one person of middling cost.

    Dots are means over people; across, bars are their standard deviation, upright its standard error.
    """
    figure = Figure(figsize=(9.2, 6.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.25, 1))
    left, right = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    count = len(lives["adaptive"])
    for policy, said in told.items():
        spent, score, open_ = (
            cast(Mapping[str, float], said[name])
            for name in ("kilobytes_per_hour", "balanced_accuracy_of_people", "camera_share")
        )
        colour, error = _COLOURS[policy], 100 * score["sd"] / np.sqrt(count)
        left.errorbar(
            spent["mean"] / 1000, 100 * score["mean"], xerr=spent["sd"] / 1000, yerr=error,
            fmt="o", color=colour, capsize=3, label=policy,
        )  # fmt: skip
        inside = 100 * cast(float, said["camera_time_in_stress"])
        right.errorbar(100 * open_["mean"], inside, xerr=100 * open_["sd"], fmt="o", color=colour, capsize=3)
    left.set(xlabel="bytes on air, MB an hour", ylabel="balanced accuracy, %")
    right.set(xlabel="time with an open camera, %", ylabel="of that, under stress, %")
    for axes in (left, right):
        axes.set_xlim(left=0)
        axes.grid(alpha=0.25)
    right.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=len(told), fontsize=8, frameon=False)
    _one(figure.add_subplot(grid[1, :]), _telling(lives["adaptive"]))
    with matplotlib.rc_context({"svg.hashsalt": path.name, "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _telling(lives: Sequence[Lived]) -> Lived:
    """Somebody of middling cost, so that the picture shows neither the best nor the worst."""
    order = sorted(lives, key=lambda lived: lived.spent.bytes_on_air / lived.spent.s)
    return order[len(order) // 2]


def _one(axes: Axes, lived: Lived) -> None:
    minutes = lived.ends_s / 60
    for episode in stress_episodes(lived.judged):
        axes.axvspan(episode.start_s / 60, episode.end_s / 60, color="#d95f5f", alpha=0.18, linewidth=0)
    stress = np.array([np.nan if s is None else s for s in lived.stress])
    axes.plot(minutes, stress, color="black", linewidth=0.9)
    camera = np.array([plan.camera_fps > 0 for plan in lived.plans])
    full = np.array([plan.mode == "full" for plan in lived.plans])
    axes.fill_between(minutes, -0.14, -0.05, where=camera.tolist(), color="#2166ac", step="pre", linewidth=0)
    axes.fill_between(minutes, -0.28, -0.19, where=full.tolist(), color="#00704a", step="pre", linewidth=0)
    axes.set_yticks([-0.235, -0.095, 0, 0.5, 1], ["full rate", "camera", "0", ".5", "1"], fontsize=8)
    axes.set(ylim=(-0.32, 1), xlim=(minutes[0], minutes[-1]), xlabel=f"minutes of {lived.judged.subject}, adaptive")
    axes.set_ylabel("probability of stress", fontsize=8)

"""Plots of curves for model cards: ROC, precision over recall, convergence of searches, what alerts cost."""
# matplotlib's types leave some arguments unknown to the checker. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from models.card_plots import page, write
from models.left_out import LeftOut
from models.metrics import Numbers


def plot_roc(said: Mapping[str, LeftOut], path: Path, positive: int = 1) -> None:
    """True positives over false positives of one class, a line for each network."""
    figure, axes = page(3.8, 3.5)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for name, one in said.items():
        hit, false, _ = _swept(one, positive)
        axes.plot(false, hit, label=name, linewidth=1.2)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="false positives", ylabel="true positives")
    axes.legend(fontsize=7)
    write(figure, path)


def plot_precision(said: Mapping[str, LeftOut], path: Path, positive: int = 1) -> None:
    """Precision over recall of one class, a line for each network."""
    figure, axes = page(3.8, 3.5)
    for name, one in said.items():
        hit, _, precision = _swept(one, positive)
        axes.plot(hit[1:], precision[1:], label=name, linewidth=1.2)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.legend(fontsize=7)
    write(figure, path)


def plot_convergence(curves: Mapping[str, Sequence[float]], path: Path) -> None:
    """The best fitness so far over the rounds, mean over the folds, a line for each search."""
    figure, axes = page(4.4, 3.2)
    for name, values in curves.items():
        if len(values) > 1:
            axes.plot(range(len(values)), values, label=name.replace("_", " "), linewidth=1.2)
    axes.set(xlabel="round", ylabel="best fitness so far")
    axes.legend(fontsize=7)
    write(figure, path)


def plot_operating(
    points: Sequence[Mapping[str, object]], path: Path, chosen: Mapping[str, object] | None = None
) -> None:
    """Share of episodes noticed over false alerts an hour; the point that ships is marked, and the bound is drawn."""
    figure, axes = page(4.2, 3.4)
    false = [cast(float, point["false_alerts_per_hour"]) for point in points]
    noticed = [cast(float, point["noticed_share"]) for point in points]
    said = set[tuple[float, float]]()
    axes.plot(false, noticed, marker="o", markersize=3, linewidth=1, label="by threshold, the rest as shipped")
    told = [_told_at_all(point) for point in points]
    if told != noticed:
        axes.plot(false, told, marker=".", markersize=4, linewidth=1, linestyle=":", label="or told of before it began")
    for point, x, y in zip(points, false, noticed, strict=True):
        if (x, y) in said:
            continue
        said.add((x, y))
        on = cast(Mapping[str, float], point["settings"])["on"]
        axes.annotate(f"{on:g}", (x, y), fontsize=6, textcoords="offset points", xytext=(3, 3))
    if chosen is not None:
        axes.plot(
            [cast(float, chosen["false_alerts_per_hour"])], [cast(float, chosen["noticed_share"])], marker="*",
            markersize=11, linestyle="", label="the default",
        )  # fmt: skip
    axes.axvline(0.5, color="grey", linewidth=0.8, linestyle="--")
    axes.set(xlim=(0, None), ylim=(0, 1.02), xlabel="false alerts an hour", ylabel="share of episodes noticed")
    axes.legend(fontsize=7, loc="best")
    write(figure, path)


def _told_at_all(point: Mapping[str, object]) -> float:
    """Share of episodes that an alert speaks of, one that was raised before them and still stood among these."""
    before = cast(int, point.get("told_before", 0)) / max(1, cast(int, point["episodes"]))
    return cast(float, point["noticed_share"]) + before


def _swept(said: LeftOut, positive: int) -> tuple[Numbers, Numbers, Numbers]:
    """True positive rate, false positive rate and precision as the threshold falls, from none guessed to all."""
    order = np.argsort(-said.chances[:, positive], kind="stable")
    hits = (said.labels == positive)[order]
    last = np.append(np.diff(said.chances[order, positive]) != 0, True)
    true, false = np.cumsum(hits)[last], np.cumsum(~hits)[last]
    precision = true / (true + false)
    begin = np.zeros(1)
    return (
        np.concatenate([begin, true / max(1, int(hits.sum()))]),
        np.concatenate([begin, false / max(1, int((~hits).sum()))]),
        np.concatenate([begin + 1, precision]),
    )

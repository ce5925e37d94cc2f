"""The plots of a model card as small SVG files, the same bytes for the same figures."""
# matplotlib's types leave some arguments unknown to the checker. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def plot_confusion(counts: Sequence[Sequence[int]], labels: Sequence[str], path: Path) -> None:
    """True classes in rows, guesses in columns; colour is the share of the row, numbers are counts."""
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    figure, axes = page(4.2, 3.8)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set(xlabel="guessed", ylabel="true")
    for row, (line, share) in enumerate(zip(counts, shares, strict=True)):
        for column, count in enumerate(line):
            colour = "white" if share[column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    write(figure, path)


def plot_reliability(bars: Sequence[tuple[float, float, float]], path: Path) -> None:
    """Accuracy over confidence, a dot a bin, its size the share of guesses; on the diagonal, chances are true."""
    figure, axes = page(3.6, 3.4)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.scatter([bar[1] for bar in bars], [bar[2] for bar in bars], s=[12 + 400 * bar[0] for bar in bars], alpha=0.7)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    write(figure, path)


def plot_learning(epochs: Sequence[Mapping[str, object]], path: Path) -> None:
    """Loss and the tuning part's scores over the epochs."""
    figure, axes = page(4.6, 3.2)
    numbers = [cast(int, epoch["number"]) for epoch in epochs]
    axes.plot(numbers, [cast(float, epoch["loss"]) for epoch in epochs], color="black", label="training loss")
    for name in cast(Mapping[str, float], epochs[0]["scores"]):
        scores = [cast(Mapping[str, float], epoch["scores"])[name] for epoch in epochs]
        axes.plot(numbers, scores, label=name.replace("_", " "))
    axes.set(xlabel="epoch")
    axes.legend(fontsize=7)
    write(figure, path)


def page(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    """An empty plot of this size."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.add_subplot()


def write(figure: Figure, path: Path) -> None:
    """The plot as SVG, the same bytes for the same figures."""
    with matplotlib.rc_context({"svg.hashsalt": path.name, "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})

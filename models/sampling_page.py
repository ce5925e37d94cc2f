"""Figures of each way of sampling in; the tables of docs/sampling.md out."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from models.datasets import DatasetError

Said = Mapping[str, object]
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_NAMES = {
    "stress_predict": "Stress-Predict, 27 people, networks that never met them",
    "wesad": "WESAD, 12 people, stress against baseline, the network that learned from Stress-Predict",
}
_NOTES = {
    "wesad": "In these rows the decision room hears the labelled stretches alone, baseline and stress, which is why "
    "every episode can be noticed: over whole recordings the alert is raised before the labelled stress begins, as the "
    "[card](../models/cards/wesad_binary.md) of the network that learned from WESAD says.",
}
"""What a reader must know of a table, below it."""
_HEAD = (
    "policy",
    "bytes on air saved, %",
    "camera time saved, %",
    "balanced accuracy, %",
    "change by people, points",
    "episodes noticed",
    "windows later, mean (median)",
    "at most one later, %",
    "camera time in stress, %",
    "plans an hour",
)


def write_page(figures: Said, page: Path) -> None:
    """Put the figures between the marks of a page, which says everything else itself; DatasetError without marks."""
    tables = [_table(name, cast(Mapping[str, Said], figures[name])) for name in _NAMES if name in figures]
    text = "\n\n".join([*tables, f"Written by `{figures['command']} --page {page}`."])
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise DatasetError(f"{page} lacks the lines {BEGIN} and {END}, between which the figures go", page)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _table(name: str, policies: Mapping[str, Said]) -> str:
    rows = [_row(policy, said) for policy, said in policies.items()]
    table = "\n".join([f"**{_NAMES[name]}**", "", _line(_HEAD), "|---" * len(_HEAD) + "|", *rows])
    return f"{table}\n\n{_NOTES[name]}" if name in _NOTES else table


def _row(policy: str, said: Said) -> str:
    lost = cast(Mapping[str, float], said["balanced_accuracy_lost_by_people"])
    later = cast(Mapping[str, float], said["windows_later"])
    return _line(
        (
            policy,
            _percent(said["bytes_saved"]),
            _percent(said["camera_saved"]),
            f"{100 * cast(float, said['balanced_accuracy']):.1f}",
            f"{0.0 - 100 * lost['mean']:+.1f} ± {100 * lost['sd']:.1f}",
            f"{said['noticed']} of {said['episodes']}",
            f"{later['mean']:.2f} ({later['median']:g})",
            f"{100 * cast(float, said['at_most_one_window_later']):.0f}",
            f"{100 * cast(float, said['camera_time_in_stress']):.0f}",
            f"{said['plans_per_hour']}",
        )
    )


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(spread: object) -> str:
    told = cast(Mapping[str, float], spread)
    return f"{100 * told['mean']:.1f} ± {100 * told['sd']:.1f}"

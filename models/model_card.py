"""Model cards: what was measured and how to measure it again, as a page with plots. Never written by hand."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from edge.inference.decision import DecisionSettings
from models.card_plots import plot_confusion, plot_learning, plot_reliability
from models.curve_plots import plot_operating
from models.operating import alerts, lived_through, read_people

_LISTED = (
    ("accuracy", "accuracy"),
    ("majority_baseline", "accuracy of always saying the commonest class"),
    ("balanced_accuracy", "balanced accuracy (macro recall)"),
    ("macro_precision", "macro precision"),
    ("macro_f1", "macro F1"),
    ("g_mean", "G-mean"),
    ("mcc", "Matthews correlation"),
    ("auc", "area under ROC (one class against the rest)"),
    ("average_precision", "average precision"),
    ("calibration_error", "calibration error (ECE, 15 bins)"),
    ("one_look_accuracy", "accuracy by one look at a face, as a slow processor has it"),
    ("one_look_accuracy_ferplus", "the same against the FER+ majority"),
    ("float_agreement", "same answer from int8 and float"),
    ("float_accuracy", "accuracy of the float twin"),
)

_RECORD = re.compile(r"## Training\n\n {4}(?P<command>[^\n]+)\n.*?```json\n(?P<told>.*?)\n```", re.DOTALL)
_JUDGES = (
    ("wrist", "wrist"),
    ("wrist_at_half", "wrist, at the fixed threshold .5"),
    ("late_watch", "wrist, the watch put on ten minutes late, at the contract's threshold"),
    ("motion_only", "motion alone"),
    ("clock_only", "a clock that knows the protocol"),
)


def write_card(figures: Mapping[str, object], network: str, cards: Path, run: Path) -> Path:
    """Write NETWORK_DATASET.md and its plots into `cards`; returns the page.

    `figures` are those of one evaluation; `run` is where the training left card.json, which is told too if it is there.
    """
    cards.mkdir(parents=True, exist_ok=True)
    name = f"{network}_{figures['dataset']}"
    trained = _training(run)
    labels = cast(Sequence[str], figures["labels"])
    plot_confusion(cast(Sequence[Sequence[int]], figures["confusion"]), labels, cards / f"{name}_confusion.svg")
    plots = [f"![confusion]({name}_confusion.svg)"]
    if bars := cast(Sequence[tuple[float, float, float]], figures.get("reliability", ())):
        plot_reliability(bars, cards / f"{name}_reliability.svg")
        plots.append(f"![reliability]({name}_reliability.svg)")
    if epochs := cast(Sequence[Mapping[str, object]], trained.get("epochs", ())):
        plot_learning(epochs, cards / f"{name}_learning.svg")
        plots.append(f"![learning]({name}_learning.svg)")
    elif "restored_from" in trained and (cards / f"{name}_learning.svg").is_file():
        plots.append(f"![learning]({name}_learning.svg)")  # drawn when it was trained
    points = cast(Sequence[Mapping[str, object]], trained.get("alerts", ()))
    # the run's curve is of the people that it learned from, each left out: it says nothing of another data set
    if points and figures["dataset"] == "stress_predict":
        default = alerts(read_people(run / "oof.npz"), DecisionSettings())
        plot_operating(points, cards / f"{name}_operating.svg", default)
        plots.append(f"![operating]({name}_operating.svg)\n\n{lived_through(default)} Of people left out, each once.")
    page = cards / f"{name}.md"
    met = network == "wrist" and figures["dataset"] == "stress_predict"
    apart = _apart(trained) if met and "wrist" in trained else ""
    parts = [_head(figures, network), apart, _table(figures), "\n".join(plots), _learned(trained), _limits(network)]
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return page


def training_record(page: Path) -> Mapping[str, object]:
    """What a card tells of its network's training, the command among it; nothing when there is no such card."""
    found = _RECORD.search(page.read_text(encoding="utf-8")) if page.is_file() else None
    return {} if found is None else {**json.loads(found["told"]), "command": found["command"]}


def _training(run: Path) -> Mapping[str, object]:
    card = run / "card.json"
    return cast(Mapping[str, object], json.loads(card.read_text(encoding="utf-8"))) if card.exists() else {}


def _head(figures: Mapping[str, object], network: str) -> str:
    return (
        f"# {network} on {figures['dataset']}\n\n"
        f"Bundle {figures['bundle']}, scored as the device runs it. Measured by\n\n    {figures['command']}"
    )


def _table(figures: Mapping[str, object]) -> str:
    rows = [f"| n | {figures['n']} |"]
    for key, words in _LISTED:
        value = figures.get(key)
        if isinstance(value, float):
            rows.append(f"| {words} | {value:.4f}{_interval(figures, key)} |")
    voted = figures.get("ferplus_majority")
    if isinstance(voted, Mapping):
        told = cast(Mapping[str, float], voted)
        rows.append(f"| accuracy against the FER+ majority (n {told['n']}) | {told['accuracy']:.4f} |")
    if "bytes" in figures:
        rows.append(f"| size of the network | {cast(int, figures['bytes']) / 1024:.0f} KiB |")
    if isinstance(figures.get("recall"), Mapping):
        recall = cast(Mapping[str, float], figures["recall"])
        rows.append("| recall | " + ", ".join(f"{label} {share:.2f}" for label, share in recall.items()) + " |")
    return "\n".join(["| figure | value |", "|---|---|", *rows])


def _apart(trained: Mapping[str, object]) -> str:
    """The people whom a network never met, before the table of those whom the shipped one learned from."""
    rows = [
        f"| {words} | {told['balanced_accuracy']:.3f}{_interval(told, 'balanced_accuracy')} | "
        f"{told['macro_f1']:.3f}{_interval(told, 'macro_f1')} | {told['auc']:.3f} | {told['calibration_error']:.3f} |"
        for key, words in _JUDGES
        for told in [cast(Mapping[str, float], trained[key])]
    ]
    gap = cast(Mapping[str, object], trained["wrist_minus_motion"])
    low, high = cast(tuple[float, float], gap["difference_95"])
    return "\n".join(
        [
            f"## People it never met\n\n{trained['judged_on']}; temperature and threshold by the other groups alone.\n",
            "| judge | balanced accuracy | macro F1 | AUC | ECE |",
            "|---|---|---|---|---|",
            *rows,
            f"\nWrist minus motion alone, balanced accuracy: {gap['difference']:+.3f} ({low:+.3f} to {high:+.3f}; "
            "whole people drawn again). The majority has .500. The recipe was chosen on these people, so expect a "
            "little less.",
            "\n## The shipped network, on the people it learned from\n\nThis shows that the bundle runs as it was "
            "trained, and nothing about people whom it does not know.",
        ]
    )


def _interval(figures: Mapping[str, object], key: str) -> str:
    held = figures.get(f"{key}_95")
    if held is None:
        return ""
    low, high = cast(tuple[float, float], held)
    return f" (95 %: {low:.4f} to {high:.4f})"


def _learned(trained: Mapping[str, object]) -> str:
    if not trained:
        return "The record of the training was not at hand when this card was written."
    told = {key: value for key, value in trained.items() if key not in ("epochs", "labels", "network", "command")}
    return (
        f"## Training\n\n    {trained['command']}\n\nSeed {trained['seed']}. What it left in card.json:\n\n"
        f"```json\n{json.dumps(told, indent=1)}\n```"
    )


def _limits(network: str) -> str:
    told = {
        "face": "Labels of FER-2013 are noisy and posed or acted for the camera; an expression is not a feeling. The "
        "images were gathered from the web and do not stand for all people; expect other errors on other groups.",
        "wrist": "Stress was set in a laboratory by tasks; daily life has other causes of the same signals.",
        "fusion": "No recordings of face and wrist of one person exist here. Pairs were made by label from different "
        "people, and how often a face shows the state of the body is an assumption (`agreement`), not a measurement. "
        "The figures say that the head adds evidence as it should, and nothing on how well it does on people.",
        "activity": "The table scores people from whom the prototypes were taken: it shows that the device's "
        "arithmetic is right. What to expect of others stands under Training, `activity`: each judged by the rest.",
    }.get(network, "")
    return f"## Limits\n\n{told} Not a medical device."

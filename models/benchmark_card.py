"""The card of a benchmark: a run's out-of-fold predictions and card.json in, a page with plots out.

A benchmark's network is in no bundle; what is told here is of the float networks that met none of the people judged.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from edge.inference.decision import DecisionSettings
from models import left_out
from models.card_plots import plot_confusion, plot_reliability
from models.catalog import TrainingError
from models.curve_plots import plot_convergence, plot_operating, plot_precision, plot_roc
from models.left_out import LeftOut
from models.operating import alerts, curve, lived_through, read_people
from models.seeds import Seeds, across
from models.wrist_streams import Judged

Figures = Mapping[str, object]
_COLUMNS = (
    ("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"), ("macro_f1", "macro F1"), ("auc", "AUC"),
    ("average_precision", "AP"), ("calibration_error", "ECE"),
)  # fmt: skip
BESIDE: Mapping[str, tuple[str, ...]] = {"kang_cnn_lstm": ("kang_cnn", "kang_lstm", "ecg")}
"""Runs that are told in one table with another."""
_TERMS = "Scientific, non-commercial use by the authors' terms: a benchmark, in no bundle that ships."
_ORDER = "Rest comes before the task for everybody: a drift over the session would look like the task."
_LIMITS = {
    "wesad_binary": f"{_TERMS} Alerts are counted over whole recordings, baseline, amusement and meditation calm; the "
    "network was taught by baseline and stress alone. In the stretches without a label nobody knows what is right.",
    "wesad_three": _TERMS,
    "kang_cnn_lstm": _ORDER,
    "ecg": _ORDER,
    "eeg_headband": f"{_ORDER} Neighbours of a cap's electrodes stand in for a headband's: no headband was worn.",
    "eeg_cap": _ORDER,
    "eeg": f"{_ORDER} The searches were designed on people of whom four of the five groups are judged here "
    "(models/eeg_selection.py); no outer figure was looked at in it.",
}


def write_benchmark_card(network: str, runs: Path, cards: Path) -> Path:
    """Write NETWORK.md and its plots into `cards`; returns the page. TrainingError when the run is not there."""
    run = runs / network
    card = _card(run, network)
    cards.mkdir(parents=True, exist_ok=True)
    seeds = across(runs, network) if "methods" in card else None
    told, said = _rows(card, run, network, runs) if seeds is None else _of_seeds(seeds)
    ours = cast(Figures, card["ours"] if seeds is None else told[next(iter(said))])
    labels = cast(Sequence[str], ours["labels"])
    plots = [f"{network}_{kind}.svg" for kind in ("confusion", "reliability")]
    plot_confusion(cast(Sequence[Sequence[int]], ours["confusion"]), labels, cards / plots[0])
    plot_reliability(cast(Sequence[tuple[float, float, float]], ours["reliability"]), cards / plots[1])
    if len(labels) == 2:
        plots += [f"{network}_roc.svg", f"{network}_precision.svg"]
        plot_roc(said, cards / plots[2])
        plot_precision(said, cards / plots[3])
    if "curves" in card:
        plots.append(f"{network}_convergence.svg")
        plot_convergence(cast(Mapping[str, Sequence[float]], card["curves"]), cards / plots[-1])
    lived = ""
    if "alerts" in card:
        plots.append(f"{network}_operating.svg")
        people = _people(run)
        default = alerts(people, DecisionSettings())
        plot_operating(curve(people), cards / plots[-1], default)
        lived = f"- {lived_through(default)}"
    parts = [
        f"# {network} on {card['dataset']}\n\n{card['judged_on']}. Measured by\n\n    "
        + "\n    ".join([cast(str, card["command"])] if seeds is None else seeds.commands),
        _table(told),
        "" if seeds is None or len(seeds.seeds) == 1 else _by_seed(seeds),
        "\n".join([*_sentences(card, said), *([lived] if lived else [])]),
        "\n".join(f"![{name.removesuffix('.svg').rsplit('_', 1)[-1]}]({name})" for name in plots),
        f"## Limits\n\n{_LIMITS.get(network, '')} Not a medical device.",
        f"## Run\n\n{_seed(card, seeds)}, {card['parameters']} parameters.\n\n```json\n"
        f"{json.dumps({'recipe': card['recipe'], 'per_person': ours['per_person']}, indent=1)}\n```",
    ]
    page = cards / f"{network}.md"
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return page


def _card(run: Path, network: str) -> Figures:
    try:
        return cast(Figures, json.loads((run / "card.json").read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise TrainingError(
            f"there is no run of {network} in {run}; python -m models train {network} leaves one"
        ) from error


def _people(run: Path) -> list[Judged]:
    """What a run's networks said of people they never met, of whole recordings where that was kept."""
    whole = run / "oof_alerts.npz"
    return read_people(whole if whole.is_file() else run / "oof.npz")


def _rows(card: Figures, run: Path, network: str, runs: Path) -> tuple[dict[str, Figures], dict[str, LeftOut]]:
    """Each judged network's figures by name, and what it said where that was kept."""
    if "domains" in card:
        told: dict[str, Figures] = {}
        said = dict[str, LeftOut]()
        beside = (name for name in BESIDE.get(network, ()) if (runs / name / "card.json").exists())
        for name in (network, *beside):
            for domain, figures in cast(Mapping[str, Figures], _card(runs / name, name)["domains"]).items():
                key = f"{name} ({domain})" if name.startswith("kang") else name
                told[key], said[key] = figures, left_out.read(runs / name / f"oof_{domain}.npz")
        return {**told, "majority": cast(Figures, card["majority"])}, said
    said = {network: left_out.read(run / "oof.npz"), "motion only": left_out.read(run / "oof_motion.npz")}
    told = {network: cast(Figures, card["ours"]), "motion only": cast(Figures, card["motion_only"])}
    return {**told, "majority": cast(Figures, card["majority"])}, said


def _of_seeds(seeds: Seeds) -> tuple[dict[str, Figures], dict[str, LeftOut]]:
    """As `_rows`, of methods and all their seeds together."""
    told: dict[str, Figures] = {
        name: left_out.figures(said, seeds.labels) | {"selected": seeds.selected[name]}
        for name, said in seeds.said.items()
    }
    first = next(iter(seeds.said.values()))
    return {**told, "majority": left_out.majority(first)}, dict(seeds.said)


def _seed(card: Figures, seeds: Seeds | None) -> str:
    if seeds is None or len(seeds.seeds) == 1:
        return f"Seed {card['seed']}"
    others = ", ".join(str(seed) for seed in seeds.seeds[1:])
    return f"Seed {seeds.seeds[0]} (leaky figures, the searches' curves) and {others}"


def _by_seed(seeds: Seeds) -> str:
    """Each seed's accuracies; what the table above tells is of all of them, each network counted by itself."""
    rows = ["| accuracy by seed | " + " | ".join(name.replace("_", " ") for name in seeds.said) + " |"]
    rows.append("|---" * (len(seeds.said) + 1) + "|")
    rows += [
        f"| {seed} | " + " | ".join(f"{accuracy:.3f}" for accuracy in accuracies) + " |"
        for seed, accuracies in seeds.accuracies().items()
    ]
    return "\n".join(rows)


def _table(told: Mapping[str, Figures]) -> str:
    head = "| | " + " | ".join(words for _, words in _COLUMNS) + " | features |"
    rows = [head, "|---" * (len(_COLUMNS) + 2) + "|"]
    for name, figures in told.items():
        cells = [_cell(figures, key) for key, _ in _COLUMNS]
        counts = cast(Sequence[int], figures.get("selected", ()))
        kept = ", ".join(str(k) for k in (counts if len(set(counts)) > 1 else counts[:1]))
        rows.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + f" | {kept} |")
    return "\n".join(rows)


def _cell(figures: Figures, key: str) -> str:
    if key not in figures:
        return ""
    interval = cast("tuple[float, float] | None", figures.get(f"{key}_95"))
    between = "" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})"
    return f"{cast(float, figures[key]):.3f}{between}"


def _sentences(card: Figures, said: Mapping[str, LeftOut]) -> list[str]:
    """Differences to what stands beside, with intervals; and what the leaky protocol would have claimed."""
    names = list(said)
    figure = "macro_f1" if "motion only" in said else "accuracy"
    lines = ["Intervals of 95 % draw whole people again.", ""]
    for name in names[1:]:
        if said[name].people == said[names[0]].people:
            gap = left_out.difference(said[names[0]], said[name], figure)
            low, high = cast(tuple[float, float], gap["difference_95"])
            lines.append(
                f"- {names[0].replace('_', ' ')} minus {name.replace('_', ' ')}, {figure.replace('_', ' ')}: "
                f"{cast(float, gap['difference']):+.3f} ({low:+.3f} to {high:+.3f})"
            )
    for name, accuracy in cast(Mapping[str, float], card.get("leaky", {})).items():
        lines.append(f"- LEAKY, the same people on both sides, {name.replace('_', ' ')}: accuracy {accuracy:.3f}")
    return lines

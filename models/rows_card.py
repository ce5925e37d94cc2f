"""The card of a benchmark that compares several ways: the rows of a run's card.json in, a page with plots out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast

from models.card_plots import plot_confusion, plot_learning
from models.catalog import NETWORKS, TrainingError

Figures = Mapping[str, object]
_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_precision": "macro precision",
        "macro_f1": "macro F1", "g_mean": "G-mean", "mcc": "MCC", "calibration_error": "ECE", "reported": "the paper",
        "n": "n",
    }
)  # fmt: skip
_NOT_TOLD = ("rows", "labels", "epochs", "command", "network", "about", "pictures", "notes")


def write_rows_card(network: str, runs: Path, cards: Path) -> Path:
    """Write NETWORK.md and its plots into `cards`; returns the page. TrainingError when the run is not there.

    Of card.json: `rows` are figures by name, those with a `confusion` are drawn; `about` and `notes` are told as they
    are; `pictures` are files of the run that are put beside.
    """
    run = runs / network
    if not (run / "card.json").exists():
        raise TrainingError(
            f"there is no run of {network} in {run}; python -m models train {network} --data DIR leaves one"
        )
    card = cast(Figures, json.loads((run / "card.json").read_text(encoding="utf-8")))
    cards.mkdir(parents=True, exist_ok=True)
    rows = cast(Mapping[str, Figures], card["rows"])
    parts = [
        f"# {network}\n\n{NETWORKS[network].source}: {card['parameters']} parameters, float. {card['about']}\n\n"
        f"    {card['command']}\n\nWith `--resume` it goes on from its last checkpoint.",
        rows_table(rows),
        "\n".join(f"- {line}" for line in cast(Sequence[str], card.get("notes", ()))),
        "\n".join(_plots(network, card, run, cards)),
        "## Run\n\n```json\n"
        + json.dumps({key: value for key, value in card.items() if key not in _NOT_TOLD}, indent=1)
        + "\n```",
    ]
    page = cards / f"{network}.md"
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return page


def write_fusion_card(_judge: str, runs: Path, cards: Path) -> Path:
    """PCA and SVM are told in the card of the network between them."""
    return write_rows_card("mouthami_fusion", runs, cards)


def rows_table(rows: Mapping[str, Figures]) -> str:
    """Figures by the name of their row, with those columns that any row has."""
    columns = {key: words for key, words in _COLUMNS.items() if any(key in row for row in rows.values())}
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(_cell(row, key) for key in columns) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def _cell(figures: Figures, key: str) -> str:
    value = figures.get(key)
    if not isinstance(value, float):
        return "" if value is None else str(value)
    interval = cast("tuple[float, float] | None", figures.get(f"{key}_95"))
    return f"{value:.3f}" + ("" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})")


def _plots(network: str, card: Figures, run: Path, cards: Path) -> list[str]:
    told: list[str] = []
    for name, figures in cast(Mapping[str, Figures], card["rows"]).items():
        if "confusion" in figures and figures.get("drawn", True):
            file = f"{network}_{'_'.join(''.join(c if c.isalnum() else ' ' for c in name.lower()).split())}.svg"
            counts = cast(Sequence[Sequence[int]], figures["confusion"])
            labels = cast(Sequence[str], figures.get("labels", card.get("labels", ())))
            plot_confusion(counts, labels, cards / file)
            told.append(f"![{name}]({file})")
    if epochs := cast(Sequence[Figures], card.get("epochs", ())):
        plot_learning(epochs, cards / f"{network}_learning.svg")
        told.append(f"![learning]({network}_learning.svg)")
    for picture in cast(Sequence[str], card.get("pictures", ())):
        (cards / picture).write_bytes((run / picture).read_bytes())
        told.append(f"![{Path(picture).stem.replace('_', ' ')}]({picture})")
    return told

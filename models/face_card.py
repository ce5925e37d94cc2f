"""The card of a face network that ships in no bundle: its runs by every protocol in, one page with plots out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast

from models.card_plots import plot_confusion, plot_learning, plot_reliability
from models.catalog import NETWORKS, TrainingError

Figures = Mapping[str, object]
_COLUMNS = (
    ("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"), ("macro_precision", "macro precision"),
    ("macro_f1", "macro F1"), ("g_mean", "G-mean"), ("mcc", "MCC"), ("calibration_error", "ECE"),
    ("majority_baseline", "commonest class"), ("n", "n"),
)  # fmt: skip
REPORTED: Mapping[str, str] = MappingProxyType(
    {
        "bagga_model_1": "The paper reports 74.65 % (Table 5)",
        "bagga_model_2": "The paper reports 79.79 % (Table 6)",
        "bagga_model_3": "The paper reports 85.11 % (Table 7)",
    }
)


def write_face_card(network: str, runs: Path, cards: Path) -> Path:
    """Write NETWORK.md and its plots into `cards`; returns the page. TrainingError when no run is there.

    A protocol whose run is not there is told as missing, with the command that makes it.
    """
    told = runs_of(network, runs)
    if not told:
        raise TrainingError(f"there is no run of {network} in {runs}; python -m models train {network} leaves one")
    cards.mkdir(parents=True, exist_ok=True)
    first = next(iter(told.values()))
    parts = [
        f"# {network} on fer2013\n\n{NETWORKS[network].source}: {first['parameters']} parameters, float. "
        f"{REPORTED[network]}, on copies of what it was taught.",
        _table(told),
        "\n\n".join(_division(protocol, card) for protocol, card in told.items()),
        *_missing(network, told),
        "\n".join(_plots(network, protocol, card, cards) for protocol, card in told.items()),
        "## Limits\n\nLabels of FER-2013 are noisy and posed or acted for the camera; an expression is not a feeling. "
        "A benchmark, in no bundle that ships. Not a medical device.",
        "## Runs\n\n" + "\n\n".join(_run(protocol, card) for protocol, card in told.items()),
    ]
    page = cards / f"{network}.md"
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return page


def runs_of(network: str, runs: Path) -> dict[str, Figures]:
    """card.json of each of the network's protocols that was run."""
    places = {protocol: runs / NETWORKS[network].run(protocol) for protocol in NETWORKS[network].protocols}
    return {
        protocol: cast(Figures, json.loads((place / "card.json").read_text(encoding="utf-8")))
        for protocol, place in places.items()
        if (place / "card.json").exists()
    }


def table(rows: Mapping[str, Figures]) -> str:
    """Figures by the name of their row."""
    lines = ["| | " + " | ".join(words for _, words in _COLUMNS) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(_cell(row, key) for key, _ in _COLUMNS) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def _table(told: Mapping[str, Figures]) -> str:
    return table({_words(protocol): cast(Figures, card["test"]) for protocol, card in told.items()})


def _words(protocol: str) -> str:
    return {"clean": "clean", "paper": "paper (LEAKY)"}[protocol]


def _cell(figures: Figures, key: str) -> str:
    value = figures.get(key)
    if not isinstance(value, float):
        return "" if value is None else str(value)
    interval = cast("tuple[float, float] | None", figures.get(f"{key}_95"))
    return f"{value:.4f}" + ("" if interval is None else f" ({interval[0]:.4f} to {interval[1]:.4f})")


def _division(protocol: str, card: Figures) -> str:
    split = cast(Mapping[str, float], card["split"])
    if protocol == "paper":
        return (
            "**paper**: all faces are oversampled to equal classes, then divided 90 to 10 at random. The division "
            f"leaks: {split['test_rows_also_learned_from']:.1%} of the {split['test']} test rows are copies of rows "
            "that were learned from, so the figure says how well faces are remembered, not how well new ones are read. "
            "Faces are not moved or mirrored while learning; no epoch is chosen by the test rows, the last one counts."
        )
    return (
        f"**clean**: learned from {split['learning']} Training faces without copies of test faces "
        f"({split['exact_copies_left_out']} exact, {split['near_copies_left_out']} near ones left out), oversampled to "
        f"{split['learning_oversampled']}, slightly moved, mirrored and lit anew; of {len(_epochs(card))} epochs "
        f"number {_best(card)} is kept, which does best on {split['tuning']} faces of Training; PublicTest "
        f"({split['test']}) looked at once."
    )


def _epochs(card: Figures) -> Sequence[Figures]:
    return cast(Sequence[Figures], card["epochs"])


def _best(card: Figures) -> object:
    """Number of the epoch whose weights are kept where they are chosen: the first of those with the highest score."""
    best = max(_epochs(card), key=lambda epoch: next(iter(cast(Mapping[str, float], epoch["scores"]).values())))
    return best["number"]


def _missing(network: str, told: Mapping[str, Figures]) -> list[str]:
    return [
        f"Not trained yet: `python -m models train {network} --data DIR --protocol {protocol}`."
        for protocol in NETWORKS[network].protocols
        if protocol not in told
    ]


def _plots(network: str, protocol: str, card: Figures, cards: Path) -> str:
    test, name = cast(Figures, card["test"]), f"{network}_{protocol}"
    labels = cast(Sequence[str], card["labels"])
    plot_confusion(cast(Sequence[Sequence[int]], test["confusion"]), labels, cards / f"{name}_confusion.svg")
    plot_reliability(cast(Sequence[tuple[float, float, float]], test["reliability"]), cards / f"{name}_reliability.svg")
    plot_learning(_epochs(card), cards / f"{name}_learning.svg")
    kinds = ("confusion", "reliability", "learning")
    return "\n".join(f"![{kind}, {protocol}]({name}_{kind}.svg)" for kind in kinds)


def _run(protocol: str, card: Figures) -> str:
    epochs = len(_epochs(card))
    learned = f"{epochs} epochs" if protocol == "paper" else f"epoch {_best(card)} of {epochs}"
    recall = cast(Mapping[str, float], cast(Figures, card["test"])["recall"])
    told = ", ".join(f"{label} {share:.2f}" for label, share in recall.items())
    return (
        f"{protocol}, seed {card['seed']}, {learned}; recall: {told}. With `--resume` it goes on from its last "
        f"checkpoint.\n\n    {card['command']}\n\n```json\n{json.dumps(card['recipe'], indent=1)}\n```"
    )

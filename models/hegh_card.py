"""The card of Hegh et al. 2025: the runs of its three networks by both protocols in, one page with plots out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import cast

from models.card_plots import plot_confusion
from models.catalog import NETWORKS, TrainingError
from models.rows_card import rows_table

Figures = Mapping[str, object]
NETWORK_NAMES = ("hegh_face", "hegh_heart", "hegh_hybrid")
_REPORTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"hegh_face": ("62 %", "81 %"), "hegh_heart": ("76 %", "86 %"), "hegh_hybrid": ("90 %", "92 %")}
)
"""Accuracy in their Table 1, without and with GAN."""
_ABOUT = """\
Float networks of Hegh et al. 2025, each taught twice: without and with a fifth more examples of the scarcer classes,
which generators made (a DCGAN for faces, a recurrent GAN for heart rate, both told the class). "the paper" is accuracy
in their Table 1. They had DEAP; here hearts are Stress-Predict's (two states, calm and stress, from the watch's own
heart rate), faces FER-2013's.

**clean**: faces without copies of PublicTest, judged on PublicTest; hearts of people who were never learned from;
generators saw the learning part alone and added to it alone. A generated heart has the mean and variance of a real one
of its state from that part; only its course is generated. Intervals of 95 % draw faces again, and where there are
hearts, whole people: pairs too go together by the person whose heart they have, for a few people's windows go round all
the faces. "Commonest class" is what a network would reach that always says it, on the test of the row above.

**paper (LEAKY)**: everything, generated examples too, is pooled and divided at random, so that overlapping windows of
one person, copies of faces and siblings of generated examples stand on both sides. The network with GAN is then judged
on easier, generated examples as well: its test is another, and so is its commonest class. Intervals take all generated
hearts for one person's.

**Pairs are made by label in both**: no recordings of a face and a wrist of one person exist here. A face that is angry,
disgusted, afraid or sad is given a heart under stress, any other a calm one. So the heart tells the hybrid part of its
answer by construction; its figures say that the network adds two kinds of evidence, and nothing about people."""


def write_hegh_card(network: str, runs: Path, cards: Path) -> Path:
    """Write hegh.md and its plots into `cards`; returns the page. TrainingError when no run of `network` is there."""
    told = {(name, protocol): card for name, protocol, card in _cards(runs)}
    if not any(name == network for name, _ in told):
        raise TrainingError(
            f"there is no run of {network} in {runs}; python -m models train {network} --data DIR leaves one"
        )
    cards.mkdir(parents=True, exist_ok=True)
    parts = ["# Hegh et al. 2025: faces, hearts and both, without and with GAN", _ABOUT]
    parts += [f"## {protocol}\n\n{rows_table(_rows(told, protocol))}" for protocol in ("clean", "paper")]
    parts += ["\n".join(_plots(told, cards)), _pictures(told, runs, cards)]
    parts.append("## Runs\n\n" + "\n\n".join(_run(card) for card in told.values()))
    parts.append("## Limits\n\nA benchmark, in no bundle that ships. Not a medical device.")
    page = cards / "hegh.md"
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return page


def _cards(runs: Path) -> list[tuple[str, str, Figures]]:
    places = [(name, protocol) for name in NETWORK_NAMES for protocol in NETWORKS[name].protocols]
    return [
        (name, protocol, cast(Figures, json.loads(file.read_text(encoding="utf-8"))))
        for name, protocol in places
        if (file := runs / NETWORKS[name].run(protocol) / "card.json").exists()
    ]


def _rows(told: Mapping[tuple[str, str], Figures], protocol: str) -> dict[str, Figures]:
    rows: dict[str, Figures] = {}
    for name in NETWORK_NAMES:
        if (card := told.get((name, protocol))) is None:
            rows[f"{name}: not trained, `python -m models train {name} --data DIR --protocol {protocol}`"] = {}
            continue
        both = cast(Mapping[str, Figures], card["rows"])
        for (way, figures), reported in zip(both.items(), _REPORTED[name], strict=True):
            rows[f"{name} {way}"] = {**figures, "reported": reported}
            rows[f"{name} {way}: commonest class"] = {**cast(Figures, figures["majority"]), "n": figures["n"]}
    return rows


def _plots(told: Mapping[tuple[str, str], Figures], cards: Path) -> list[str]:
    lines: list[str] = []
    for (name, protocol), card in told.items():
        figures = cast(Mapping[str, Figures], card["rows"])["with GAN"]
        file = f"{name}_{protocol}_confusion.svg"
        counts = cast(Sequence[Sequence[int]], figures["confusion"])
        plot_confusion(counts, cast(Sequence[str], card["labels"]), cards / file)
        lines.append(f"![{name} with GAN, {protocol}]({file})")
    return lines


def _pictures(told: Mapping[tuple[str, str], Figures], runs: Path, cards: Path) -> str:
    """What the clean generators made, drawn by a run that is told of."""
    lines: list[str] = []
    for file, words in (
        ("faces.png", "Faces that nobody has, a row for a scarce class"),
        ("hearts.svg", "Hearts"),
    ):
        places = {name: runs / NETWORKS[name].run(protocol) / file for name, protocol in told if protocol == "clean"}
        if name := next((name for name, place in places.items() if place.exists()), ""):
            (cards / f"hegh_gan_{file}").write_bytes(places[name].read_bytes())
            lines.append(f"{words} ({name}, seed {told[name, 'clean']['seed']}):\n\n![generated](hegh_gan_{file})")
    return "\n\n".join(["## Generated", *lines]) if lines else ""


def _run(card: Figures) -> str:
    return (
        f"{card['network']}, {card['protocol']}: {card['parameters']} parameters, seed {card['seed']}, "
        f"{card['generated']} generated examples{_copies(card)}.{_pairs(card)} "
        "With `--resume` it goes on from its last checkpoint.\n\n"
        f"    {card['command']}\n\n```json\n{json.dumps(card['recipe'])}\n```"
    )


def _copies(card: Figures) -> str:
    """How many generated faces look like one that the generator saw."""
    return "" if card["network"] == "hegh_heart" else f" ({card['generated_copies']} of the faces look like a real one)"


def _pairs(card: Figures) -> str:
    """How few people the hybrid's hearts are of."""
    judged = cast(Mapping[str, Figures], card["rows"])["without GAN"]
    hybrid = card["network"] == "hegh_hybrid"
    return f" Without GAN it is judged by {judged['n']} pairs of {judged['people']} people's hearts." if hybrid else ""

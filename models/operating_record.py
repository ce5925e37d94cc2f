"""Runs of one recipe in; the decision settings picked on them, recorded beside the first, out."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from edge.inference.decision import DecisionSettings
from models.catalog import TrainingError
from models.operating import alerts, curve, read_people
from models.operating_point import point, tried
from models.wrist_streams import Judged


def record(runs: Sequence[Path], most: float) -> dict[str, object]:
    """Pick, say what picking does to people it was not picked on, and write both into the first run.

    TrainingError when a run holds no predictions of people left out, or of one person alone.
    """
    if not math.isfinite(most):
        raise TrainingError(f"--most {most} is no rate; give a number of false alerts an hour, such as 0.5")
    people: list[Judged] = []
    for file in (each / "oof.npz" for each in runs):
        if not file.is_file():
            raise TrainingError(f"there is no {file}; python -m models train wrist leaves one in runs/wrist")
        people += read_people(file)
    first = runs[0]
    if len({person.subject for person in people}) < 2:
        raise TrainingError(
            f"{first / 'oof.npz'} holds one person, and picking is judged on others: give a run of two or more"
        )
    card = first / "card.json"
    try:
        told = json.loads(card.read_text(encoding="utf-8")) if card.is_file() else None
    except ValueError as error:
        raise TrainingError(f"{card} is no JSON ({error}); train the run again, or remove that file") from error
    found = point(tried(people), most=most)
    found["alerts"] = alerts(people, msgspec.convert(found["settings"], DecisionSettings))
    found["runs"] = len(runs)
    (first / "operating.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if told is not None:  # its curve was drawn by the daemon's settings of that day
        told |= {"alerts": curve(read_people(first / "oof.npz")), "operating": found}
        card.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return found

"""A run whose training took hours in, one small file beside the cards out; and that file in, the run's weights out.

`python -m models.kept runs/bagga_model_1_paper` keeps a run; `python -m models restore NAME` makes it anew.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast
from zipfile import BadZipFile

import keras
import numpy as np
import typer

from edge.flow import Floats
from models.catalog import TrainingError

KEPT = Path(__file__).parent / "weights"
_TOLD = ("command", "seed", "recipe", "epochs")
"""What a card tells of a training that weights cannot tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A trained network without its graph."""

    weights: list[Floats]
    """In Keras' order, float32."""
    told: Mapping[str, Any]
    """Of the run's card: its command, seed, recipe and epochs."""


def keep(run: Path, place: Path = KEPT) -> Path:
    """Write the network that a run left to PLACE/RUN.npz; returns the file. TrainingError when the run is not whole."""
    try:
        card = json.loads((run / "card.json").read_text(encoding="utf-8"))
        told = json.dumps({name: card[name] for name in _TOLD})
        weights = cast(keras.Model, keras.models.load_model(run / "model.keras")).get_weights()
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{run} is no run that can be kept ({error}); train it to its end first") from error
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{run.name}.npz"
    cast(Any, np.savez_compressed)(file, *weights, told=np.array(told))
    return file


def kept(name: str, place: Path = KEPT) -> Kept:
    """What was kept of the run of that name. TrainingError when there is nothing, or the file is damaged."""
    file = place / f"{name}.npz"
    if not file.is_file():
        known = ", ".join(sorted(each.stem for each in place.glob("*.npz"))) or "nothing"
        raise TrainingError(f"nothing is kept of {name}, only of {known}; python -m models train makes it anew")
    try:
        with file.open("rb") as opened, np.load(opened) as held:
            weights = [held[f"arr_{index}"] for index in range(len(held.files) - 1)]
            return Kept(weights, json.loads(str(held["told"])))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise TrainingError(f"{file} cannot be read ({error}); take it from the repository again") from error


def fill(model: keras.Model, held: Kept) -> None:
    """Set a network's weights to what was kept; TrainingError when they are of another network."""
    wanted, found = ([weight.shape for weight in weights] for weights in (model.get_weights(), held.weights))
    if wanted != found:
        raise TrainingError(f"what is kept of {model.name} is of another network; train it anew")
    model.set_weights(held.weights)


def main(run: Annotated[Path, typer.Argument(help="A finished run, such as runs/bagga_model_1_paper.")]) -> None:
    """Keep the network of a run beside the cards, so that nobody has to train it again to look at it."""
    typer.echo(keep(run))


if __name__ == "__main__":
    typer.run(main)

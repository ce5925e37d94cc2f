"""`python -m models`: train a network by name, or judge a bundle on a data set."""

import json
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from edge.bundle import BundleError
from models.catalog import JUDGES, NETWORKS, Network, Task, TrainingError, WithoutGraph
from models.datasets import DatasetError
from models.evaluation import DATASETS, as_json, evaluate_bundle, network_of
from models.places import must_hold, must_take

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train networks, and judge the bundle they end in.")
_REFUSED = 2
_WRIST_RUNS = [Path("runs/wrist")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Starts every random number.")]


@app.command()
def train(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join((*NETWORKS, *JUDGES))}.")],
    data: Annotated[Path, typer.Option(help="Directory of the recordings.")],
    seed: Seed = 0,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint, all else as it was begun.")] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the data, if not the network's own.")] = None,
    run: Annotated[Path | None, typer.Option(help="Where results go, if not runs/NAME or runs/NAME_PROTOCOL.")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="How the data are divided, where a network knows several ways: clean or paper.")
    ] = None,
) -> None:
    """Train a network and leave it, its contract and its figures in runs/NAME."""
    network = _network(name)
    divided = _protocol(network, protocol)
    if not data.exists():
        raise _refusal(f"there is nothing at {data}; give the directory of the recordings with --data")
    with _refusing():
        must_hold(run or Path("runs") / network.run(divided), "--run")
    # The line that TensorFlow prints for each of its start-up notes is no news to whoever trains.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    command = f"python -m models train {name} --data {data} --seed {seed}"
    for option, given in (("protocol", divided), ("epochs", epochs), ("run", run)):
        command += f" --{option} {given}" if given else ""
    console = Console(stderr=True)
    with _progress(console, name) as bar:
        task = bar.add_task(name, total=1.0, note="")
        wanted = Task(
            network=name,
            data=data,
            run=run or Path("runs") / network.run(divided),
            seed=seed,
            resume=resume,
            epochs=epochs,
            command=command,
            seen=lambda done, note: bar.update(task, completed=done, note=note),
            say=lambda line: bar.console.print(line, highlight=False),
            protocol=divided,
        )
        with _refusing():
            figures = network.train(wanted)
    _say({key: value for key, value in figures.items() if key not in ("epochs", "recipe")})


@app.command()
def restore(
    data: Annotated[Path, typer.Option(help="Directory of the recordings.")],
    name: Annotated[str, typer.Argument(help="face, from a bundle, or a network that models/weights keeps.")] = "face",
    bundle: Annotated[Path | None, typer.Option(help="Directory of the bundle whose face comes back.")] = None,
    run: Annotated[Path | None, typer.Option(help="Where the run goes, if not where training would put it.")] = None,
    cards: Annotated[Path, typer.Option(help="Where model cards are, for the record of its training.")] = (
        Path(__file__).parent / "cards"
    ),
    protocol: Annotated[str | None, typer.Option(help="As it was trained: clean or paper.")] = None,
) -> None:
    """Leave the run of a trained network without training it: to release it beside others, or to look at it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from edge.bundle import Bundle
    from models.face_training import restore_ours
    from models.model_card import training_record

    network = _network(name)
    divided = _protocol(network, protocol)
    if (name == "face") != (bundle is not None):
        raise _refusal("the face, and it alone, comes from a bundle: restore face --bundle edge/bundles/default")
    command = f"python -m models restore {name} --data {data}" + (f" --bundle {bundle}" if bundle else "")
    place = run or Path("runs") / network.run(divided)
    task = Task(name, data, place, 0, False, None, command, lambda _done, _note: None, lambda _line: None, divided)
    with _refusing():
        if bundle is not None:
            figures = restore_ours(task, Bundle.open(bundle), training_record(cards / "face_fer2013.md"))
        else:
            figures = dict(network.restore(task))
    _say({key: value for key, value in figures.items() if key not in ("epochs", "recipe")})


@app.command()
def tune(
    name: Annotated[str, typer.Argument(help="mouthami_face or mouthami_fusion.")],
    data: Annotated[Path, typer.Option(help="Directory of the recordings.")],
    trials: Annotated[int, typer.Option(min=1, help="Points of the grid to try, those of earlier calls counted.")] = 8,
    share: Annotated[float, typer.Option(min=0.001, max=1, help="Share of the data to learn from.")] = 0.1,
    sampler: Annotated[str, typer.Option(help="random or tpe, which learns from what was tried.")] = "tpe",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data, at most.")] = 10,
    seed: Seed = 0,
    run: Annotated[Path | None, typer.Option(help="Where the search is kept, if not runs/NAME.")] = None,
) -> None:
    """Search what a paper leaves open, in five folds; called again, the search goes on where it was."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from models.mouthami_search import tune as search

    console = Console(stderr=True)
    with _progress(console, name) as bar, _refusing():
        task = bar.add_task(name, total=1.0, note="")
        found = search(
            name, data, run or Path("runs") / name, trials=trials, share=share, sampler=sampler, epochs=epochs,
            seed=seed, seen=lambda done, note: bar.update(task, completed=done, note=note),
        )  # fmt: skip
    _say(found)


@app.command()
def evaluate(
    bundle: Annotated[Path, typer.Option(help="Directory of the bundle.")],
    dataset: Annotated[str, typer.Option(help="NAME=PATH; NAME is fer2013, stress_predict, wesad, hmp or pairs.")],
    json_file: Annotated[str | None, typer.Option("--json", help="Also write the figures here; - is stdout.")] = None,
    split: Annotated[
        str | None, typer.Option(help="fer2013 only: usages to score, such as 1 or 1,2, or `all`.")
    ] = None,
    card: Annotated[bool, typer.Option(help="Write the figures as a model card.")] = False,
    cards: Annotated[Path, typer.Option(help="Where model cards go.")] = Path(__file__).parent / "cards",
    runs: Annotated[Path, typer.Option(help="Where trainings left their records, for the card.")] = Path("runs"),
) -> None:
    """Score a bundle's int8 models through the daemon's own preprocessing.

    The shipped wrist learned from all of stress_predict: what it is worth on people it never met stands in its card.
    """
    name, separator, path = dataset.partition("=")
    if not separator or not path:
        raise _refusal(f"--dataset {dataset} names no file; NAME=PATH would work, such as fer2013=faces.npz")
    command = f"python -m models evaluate --bundle {bundle} --dataset {dataset}" + (
        f" --split {split}" if split else ""
    )
    with _refusing():
        must_take(json_file)
        if card:
            must_hold(cards, "--cards")
        figures = evaluate_bundle(bundle, name, Path(path), split=split) | {"command": command}
        if card:
            # Plots need matplotlib, which evaluation itself does not.
            from models.model_card import write_card

            network = network_of(name)
            page = write_card(figures, network, cards, runs / network)
            Console(stderr=True).print(f"wrote {page}", highlight=False)
    if json_file not in (None, "-"):
        try:
            Path(str(json_file)).write_bytes(as_json(figures))
        except OSError as error:
            raise _refusal(f"cannot write {json_file} ({error.strerror}); give a path that can be written") from error
    _say(figures)


@app.command()
def card(
    name: Annotated[str, typer.Argument(help="A benchmark: wesad_binary, kang_cnn_lstm, eeg, bagga_model_1, ...")],
    runs: Annotated[Path, typer.Option(help="Where trainings left their records.")] = Path("runs"),
    cards: Annotated[Path, typer.Option(help="Where model cards go.")] = Path(__file__).parent / "cards",
) -> None:
    """Write the card of a benchmark, whose network is in no bundle, from what its training left."""
    network = _network(name)
    for dataset, (judged, _) in DATASETS.items():
        if judged == name:
            raise _refusal(f"the card of {name} is of a bundle: evaluate --bundle DIR --dataset {dataset}=FILE --card")
    with _refusing():
        must_hold(cards, "--cards")
        try:
            page = network.write_card(runs, cards)
        except (json.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise _refusal(f"the run of {name} in {runs} is not whole ({error}); train it again") from error
    Console(stderr=True).print(f"wrote {page}", highlight=False)


@app.command()
def operating(
    run: Annotated[
        list[Path], typer.Option(help="A run with oof.npz, predictions of people left out; or several of one recipe.")
    ] = _WRIST_RUNS,
    most: Annotated[float, typer.Option(min=0, help="False alerts an hour that are bearable.")] = 0.5,
) -> None:
    """Pick the decision settings for a run, say what picking does to people it was not picked on, and record both."""
    from models.operating_record import record

    with _refusing():
        _say(record(run, most))


@app.command()
def sampling(
    data: Annotated[Path, typer.Option(help="Directory of the recordings.")],
    json_file: Annotated[str | None, typer.Option("--json", help="Also write the figures here; - is stdout.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the trade-off here, as SVG.")] = None,
    page: Annotated[Path | None, typer.Option(help="Put the table between this page's marks.")] = None,
    seed: Seed = 0,
    run: Annotated[Path, typer.Option(help="Where windows and networks are kept between runs.")] = Path(
        "runs/sampling"
    ),
) -> None:
    """Compare adaptive sampling with full rate, a fixed low rate and a threshold, on replayed recordings."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Keras takes seconds to import, and the other commands need not wait for it.
    from models.sampling import compare_sampling
    from models.sampling_page import write_page

    console = Console(stderr=True)
    with _refusing():
        must_take(json_file)
        figures = compare_sampling(data, run, seed, lambda line: console.print(line, highlight=False), plot)
        figures["command"] = f"python -m models sampling --data {data} --seed {seed}"
        if page is not None:
            write_page(figures, page)
        if json_file not in (None, "-"):
            Path(str(json_file)).write_bytes(as_json(figures))
    _say(figures)


def _network(name: str) -> Network | WithoutGraph:
    found = NETWORKS.get(name) or JUDGES.get(name)
    if found is None:
        raise _refusal(f"no network is called {name}; there are {', '.join((*NETWORKS, *JUDGES))}")
    return found


def _protocol(network: Network | WithoutGraph, wanted: str | None) -> str:
    """The one that is wanted, or the network's first; empty for a network that knows none."""
    if wanted is None:
        return next(iter(network.protocols), "")
    if wanted not in network.protocols:
        known = f"it knows {', '.join(network.protocols)}" if network.protocols else "leave --protocol out"
        raise _refusal(f"{network.name} has no protocol {wanted}; {known}")
    return wanted


def _progress(console: Console, name: str) -> Progress:
    return Progress(
        TextColumn(name), BarColumn(), TextColumn("{task.percentage:>5.1f} %"), TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=console,
    )  # fmt: skip


@contextmanager
def _refusing() -> Generator[None, None, None]:
    """Bad input ends in one sentence and exit 2, never in a traceback."""
    try:
        yield
    except (BundleError, DatasetError, TrainingError, FileNotFoundError) as error:
        raise _refusal(str(error)) from error
    except OSError as error:
        place = error.filename or "a file"
        raise _refusal(f"{place} cannot be used: {error.strerror or error}; mend that, or name another") from error


def _refusal(sentence: str) -> typer.Exit:
    Console(stderr=True).print(sentence, highlight=False, soft_wrap=True, markup=False)
    return typer.Exit(_REFUSED)


def _say(figures: Mapping[str, object]) -> None:
    sys.stdout.write(as_json(figures).decode())


if __name__ == "__main__":
    app()

"""What lowering brings: `python tests/benchmarks/lowering.py runs/NAME ...` prints JSON.

Each run's network goes through every form that the exporter knows. Then the chosen file and the float Keras network
answer in turns, on one thread of one process: as a call of the model, and as a compiled function of fixed shape, which
is Keras at its best. `wall` is on the clock, `cpu` of the processor, which other programs do not lengthen; all in ms
per answer: of a stepwise form the answer to one new moment, of Keras and all others that to the whole window.
`--learn` first trains two LSTM layers of 64 on the calibration windows of the wrist's run, to be judged on its held
people, whom they never met. `--forms` tries the named forms only.
"""
# TensorFlow and Keras ship no types: what their objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from edge.flow import Floats
from edge.inference.runtime import load_network
from export.apart import apart
from export.choose import choose
from export.forms import form_named
from export.trained import Trained, read_run, weight_of

ROUNDS = 60
_WARM = 5


def main() -> None:
    """Measure each run and print what came of it."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("runs", nargs="*", type=Path, help="directories of training runs")
    given.add_argument("--learn", metavar="WRIST_RUN", type=Path, help="train 2 x LSTM 64 beside it, as lstm_2x64")
    given.add_argument("--epochs", type=int, default=12)
    given.add_argument("--max-loss", type=float, default=0.5)
    given.add_argument("--forms", nargs="*", help="such as unrolled-int8 stepwise-dynamic; all when not given")
    asked = given.parse_args()
    runs = cast("list[Path]", asked.runs)
    if asked.learn:
        runs.append(asked.learn.with_name("lstm_2x64"))
        apart("tests.benchmarks.lowering", "learn", asked.learn, runs[-1], asked.epochs)
    print(json.dumps({run.name: measured(read_run(run), asked.max_loss, asked.forms) for run in runs}, indent=1))


def measured(run: Trained, max_loss: float, forms: Sequence[str] | None) -> object:
    """The forms of one network, and the chosen one beside its parent."""
    wanted = None if forms is None else tuple(form_named(name) for name in forms)
    choice = choose(run, max_loss=max_loss, only=wanted, say=lambda word: print(word, file=sys.stderr))
    row: dict[str, Floats] = {name: values[:1] for name, values in run.held.items()}
    lowered = choice.lowered
    beside = cast(
        "dict[str, dict[str, float]]",
        apart("tests.benchmarks.lowering", "take_turns", run.parent, lowered.content, row, lowered.carries_state),
    )
    fastest = min(beside["keras_call"]["cpu_p50"], beside["keras_function"]["cpu_p50"])
    return {
        "chosen": lowered.form.name,
        "times_faster_than_the_best_keras": round(fastest / beside["lowered"]["cpu_p50"], 1),
        "share_of_the_keras_file": round(len(lowered.content) / weight_of(run.parent), 3),
        "share_of_the_float_file": round(len(lowered.content) / len(choice.twin.content), 3),
        "parameters": choice.parent.parameters,
        "keras_bytes": weight_of(run.parent),
        "measured": msgspec.to_builtins(choice.measured),
        "ms": beside,
        "candidates": msgspec.to_builtins(choice.candidates),
    }


def take_turns(path: Path, content: bytes, row: dict[str, Floats], carries_state: bool) -> dict[str, dict[str, float]]:
    """Keras and the file, one answer each in turn. Runs in a process that has TensorFlow."""
    import tensorflow as tf

    from export.convert import served
    from export.parents import answers, read_parent

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = read_parent(path)
    function = served(model, {name: values.shape[1:] for name, values in row.items()}).serve.get_concrete_function()
    tensors = [tf.constant(values) for values in row.values()]
    network = load_network(content, name="lowered.tflite", carries_state=carries_state)
    feeds = {name: np.zeros(port.shape, port.dtype) for name, port in network.inputs.items()}
    calls: dict[str, Callable[[], object]] = {
        "keras_call": lambda: answers(model, row),
        "keras_function": lambda: [value.numpy() for value in function(*tensors).values()],
        "lowered": lambda: network.run_raw(feeds),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(_WARM + ROUNDS):
        for name, call in calls.items():
            repeats = 20 if name == "lowered" else 1  # the clock of the processor is too coarse for one
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                call()
            if turn >= _WARM:
                spent = (1000 * (time.perf_counter() - wall) / repeats, 1000 * (time.process_time() - cpu) / repeats)
                taken[name].append(spent)
    return {
        name: {
            f"{clock}_p{share}": round(float(np.percentile([pair[place] for pair in pairs], share)), 4)
            for place, clock in enumerate(("wall", "cpu"))
            for share in (50, 99)
        }
        for name, pairs in taken.items()
    }


def learn(wrist: Path, out: Path, epochs: int) -> None:
    """Two LSTM layers of 64 over the wrist's windows, learned from its calibration people."""
    import keras

    keras.utils.set_random_seed(0)
    with np.load(wrist / "calibration.npz") as stored:
        rows, labels = stored["features"], stored["labels"]
    sequence = keras.Input(rows.shape[1:], name="features")
    x = keras.layers.LSTM(64, return_sequences=True, name="first")(sequence)
    x = keras.layers.LSTM(64, name="second")(keras.layers.Dropout(0.3, name="drop")(x))
    model = keras.Model(sequence, keras.layers.Dense(2, name="logits")(x), name="lstm_2x64")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3), loss)
    model.fit(rows, labels, batch_size=32, epochs=epochs, verbose="0")
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / "model.keras")
    for file in ("calibration.npz", "held.npz", "contract.json"):
        shutil.copy(wrist / file, out / file)


if __name__ == "__main__":
    main()

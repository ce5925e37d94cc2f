"""Small Keras networks and the runs around them. Called in a child process, so that tests import no TensorFlow."""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edge.flow import EMOTIONS, Floats

FEATURES = ("heart_rate", "rmssd", "enmo")


def save_runs(runs: Path) -> None:
    """`runs/face`, `runs/wrist` and `runs/fusion`: networks that tell apart what is easily told apart."""
    face_run(runs / "face", face_cnn())
    wrist_run(runs / "wrist", wrist_lstm("lstm"))
    fusion_run(runs / "fusion")


def save_face(run: Path, kind: str) -> None:
    """A face run whose network is a `cnn`, a `cnn_lstm`, or a `bfloat16` one with open sides."""
    face_run(run, {"cnn": face_cnn, "cnn_lstm": face_cnn_lstm, "bfloat16": face_bfloat16}[kind]())


def save_wrist(run: Path, kind: str) -> None:
    """A wrist run whose network is an `lstm`, a `gru`, two of them, `bidirectional` or `pooled`."""
    wrist_run(run, wrist_lstm(kind))


def save_broken(path: Path) -> None:
    """A network with one weight that is NaN."""
    model = face_cnn()
    weights = cast("list[npt.NDArray[np.float32]]", model.get_weights())
    weights[0][0, 0, 0, 0] = np.nan
    model.set_weights(weights)
    model.save(path)


def save_odd(path: Path) -> None:
    """A network that needs an operator outside of TFLite's own."""
    face = keras.Input((48, 48, 1), name="face")
    x = layers.GlobalAveragePooling2D(name="pool")(layers.Conv2D(7, 3, name="conv")(face))
    x = keras.ops.erfinv(keras.ops.tanh(x))
    keras.Model(face, x, name="odd").save(path)


def save_unsure(run: Path) -> None:
    """A face network whose seven logits differ by less than int8 can tell."""
    model = face_cnn()
    face_run(run, model)
    kernel, bias = cast("list[npt.NDArray[np.float32]]", model.get_layer("logits").get_weights())
    model.get_layer("logits").set_weights([kernel * 1e-3, bias * 0 + np.linspace(40, 40.01, 7, dtype=np.float32)])
    model.save(run / "model.keras")


def save_sure(run: Path) -> None:
    """A face network that holds one of its classes to be quite impossible, so that its logits reach from -60 on."""
    model = face_cnn()
    face_run(run, model)
    kernel, bias = cast("list[npt.NDArray[np.float32]]", model.get_layer("logits").get_weights())
    kernel[:, 1], bias[1] = 0, -60
    model.get_layer("logits").set_weights([kernel, bias])
    model.save(run / "model.keras")


def save_two_inputs(run: Path) -> None:
    """A run of inputs that no bundle knows: moments through an LSTM, numbers beside it, as Hegh et al. have it."""
    keras.utils.set_random_seed(3)
    heart, beside = keras.Input((6, len(FEATURES)), name="heart"), keras.Input((2,), name="beside")
    x = layers.Concatenate(name="both")([layers.LSTM(12, name="memory")(heart), beside])
    model = keras.Model([heart, beside], layers.Dense(2, name="logits")(x), name="tiny_two")
    windows, labels = _windows(200)
    rows: dict[str, Floats] = {"heart": windows, "beside": windows[:, -1, :2]}
    _fitted(model, rows, labels)
    run.mkdir(parents=True)
    model.save(run / "model.keras")
    np.savez(run / "calibration.npz", **cast(Any, {name: values[:100] for name, values in rows.items()}))
    np.savez(run / "held.npz", labels=labels[100:], **cast(Any, {name: values[100:] for name, values in rows.items()}))
    (run / "contract.json").write_text("{}")


def save_saved_models(place: Path) -> None:
    """`face/graph` as Keras 3 exports it, `wrist/layers` as Keras 2 saves it, with their runs around them."""
    import tf_keras

    face = face_cnn()
    face_run(place / "face", face)
    face.export(place / "face" / "graph", verbose=False)
    wrist_run(place / "wrist", wrist_lstm("lstm"))
    features = tf_keras.Input((6, len(FEATURES)), name="features")
    x = tf_keras.layers.LSTM(12, name="memory")(features)
    tf_keras.Model(features, tf_keras.layers.Dense(2, name="logits")(x)).save(place / "wrist" / "layers")


def save_registered(name: str, path: Path) -> None:
    """A network of the register, untrained."""
    from models.catalog import NETWORKS

    keras.utils.set_random_seed(5)
    NETWORKS[name].build().save(path)


def walk_of(path: Path, windows: Floats) -> tuple[Floats, Floats]:
    """What a saved network says of whole windows (n, steps, k), and what its stepwise form says moment by moment."""
    from export.lowering import stepwise
    from export.parents import answers, inputs_of, read_parent

    model = read_parent(path)
    step = stepwise(model)
    states = {name: np.zeros((len(windows), cast(int, s[0])), np.float32) for name, s in inputs_of(step).items()}
    states.pop("features")
    said: dict[str, Floats] = {}
    for moment in range(windows.shape[1]):
        said = answers(step, {"features": windows[:, moment], **states})
        states = {name: said[f"{name}_out"] for name in states}
    return answers(model, {"features": windows})["logits"], said["logits"]


def face_cnn() -> keras.Model:
    keras.utils.set_random_seed(3)
    face = keras.Input((48, 48, 1), name="face")
    return _fitted(keras.Model(face, _logits(_trunk(face)), name="tiny_face"), *faces(210))


def face_cnn_lstm() -> keras.Model:
    keras.utils.set_random_seed(3)
    face = keras.Input((48, 48, 1), name="face")
    x = layers.Reshape((16, 36), name="rows")(_trunk(face))
    x = layers.LSTM(24, name="over_rows")(x)
    return _fitted(keras.Model(face, _logits(x), name="tiny_face_lstm"), *faces(210))


def face_bfloat16() -> keras.Model:
    keras.utils.set_random_seed(3)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        face = keras.Input((None, None, 1), name="face")
        x = layers.Conv2D(16, 3, strides=2, activation="relu", name="conv")(face)
        x = layers.BatchNormalization(name="norm")(x)
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        model = keras.Model(face, layers.Dense(7, dtype="float32", name="logits")(x), name="tiny_bfloat16")
    finally:
        keras.config.set_dtype_policy("float32")
    return _fitted(model, *faces(210))


def wrist_lstm(kind: str) -> keras.Model:
    keras.utils.set_random_seed(3)
    features = keras.Input((6, len(FEATURES)), name="features")
    x: Any = layers.Dense(8, activation="tanh", name="mix")(features)
    if kind == "lstm":
        x = layers.LSTM(12, name="memory")(layers.LSTM(12, return_sequences=True, name="first")(x))
    elif kind == "gru":
        x = layers.GRU(12, name="memory")(layers.Dropout(0.2, name="drop")(x))
    elif kind == "bidirectional":
        x = layers.Bidirectional(layers.LSTM(6), name="both_ways")(x)
    else:
        x = layers.GlobalAveragePooling1D(name="pooled")(layers.LSTM(12, return_sequences=True, name="memory")(x))
    model = keras.Model(features, layers.Dense(2, name="logits")(x), name=f"tiny_{kind}")
    return _fitted(model, *_windows(200))


def face_run(run: Path, model: keras.Model) -> None:
    piece: dict[str, object] = {"labels": list(EMOTIONS), "offset": 127.5, "divisor": 127.5, "temperature": 1.5}
    _run(run, model, piece, {"face": faces(70, 1)[0]}, faces(140, 2))


def wrist_run(run: Path, model: keras.Model) -> None:
    piece: dict[str, object] = {
        "features": list(FEATURES),
        "window_s": 60,
        "step_s": 5,
        "temperature": 1.2,
        "threshold": 0.55,
        "state_clip": 9.0,
        "units": 12,
        "normalise": {"centre": [70.0, 40.0, 0.1], "scale": [9.0, 12.0, 0.1], "memory": 720},
    }
    _run(run, model, piece, {"features": _windows(64, 1)[0]}, _windows(120, 2))


def fusion_run(run: Path) -> None:
    face, wrist, present = (keras.Input((n,), name=name) for n, name in ((7, "face"), (1, "wrist"), (2, "present")))
    x = layers.Concatenate(name="all")([face, wrist, present])
    model = keras.Model([face, wrist, present], layers.Dense(1, name="logits")(x), name="tiny_fusion")
    weights = np.array([0.3, 0.1, 1, -1, 0.5, 0.1, -0.2, 1, 0.1, -0.1], np.float32)[:, None]
    model.get_layer("logits").set_weights([weights * 2, np.zeros(1, np.float32)])
    rng = np.random.default_rng(0)
    rows = {
        "face": rng.dirichlet(np.full(7, 0.3), 200).astype(np.float32),
        "wrist": rng.normal(0, 2, (200, 1)).astype(np.float32),
        "present": np.ones((200, 2), np.float32),
    }
    run.mkdir(parents=True)
    model.save(run / "model.keras")
    np.savez(run / "calibration.npz", **cast(Any, {name: values[:100] for name, values in rows.items()}))
    np.savez(run / "held.npz", **cast(Any, {name: values[100:] for name, values in rows.items()}))
    (run / "contract.json").write_text(json.dumps({"threshold": 0.5}))


def _trunk(face: Any) -> Any:
    x = layers.Conv2D(8, 3, strides=4, padding="same", activation="relu", name="conv")(face)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.MaxPooling2D(2, name="pool")(layers.ReLU(name="relu")(x))
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv2")(x)
    return layers.Flatten(name="flat")(x)


def _logits(x: Any) -> Any:
    return layers.Dense(7, name="logits")(x)


def faces(count: int, seed: int = 0) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Seven patterns under noise, each as often."""
    patterns = np.random.default_rng(77).uniform(-1, 1, (7, 6, 6)).repeat(8, axis=1).repeat(8, axis=2)
    labels = np.arange(count) % 7
    noise = np.random.default_rng(seed).normal(0, 0.1, (count, 48, 48))
    return np.clip(patterns[labels] + noise, -1, 1)[..., None].astype(np.float32), labels


def _windows(count: int, seed: int = 0) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Calm and stressed sequences of six windows."""
    labels = np.arange(count) % 2
    rise = np.where(labels, 1.5, -1.5)[:, None, None] * np.linspace(0.2, 1, 6)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 0.4, (count, 6, len(FEATURES)))
    return (rise + noise).astype(np.float32), labels


def _fitted(model: keras.Model, inputs: Floats | dict[str, Floats], labels: npt.NDArray[np.int64]) -> keras.Model:
    """Random but for its last layer, which is solved for the labels."""
    layer = cast(Any, model.layers[-1])
    below = keras.Model(model.inputs, layer.input)
    seen = np.asarray(below.predict(inputs, verbose="0"), np.float64)
    seen = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    wanted = 6 * np.eye(int(labels.max()) + 1)[labels] - 3
    solved = np.linalg.solve(seen.T @ seen + 1e-2 * np.eye(seen.shape[1]), seen.T @ wanted)
    layer.set_weights([solved[:-1], solved[-1]])
    return model


def _run(
    run: Path,
    model: keras.Model,
    piece: dict[str, object],
    calibration: dict[str, Floats],
    held: tuple[Floats, npt.NDArray[np.int64]],
) -> None:
    run.mkdir(parents=True)
    model.save(run / "model.keras")
    (name,) = calibration
    np.savez(run / "calibration.npz", **cast(Any, calibration))
    np.savez(run / "held.npz", labels=held[1], **cast(Any, {name: held[0]}))
    (run / "contract.json").write_text(json.dumps(piece))
    (run / "card.json").write_text(json.dumps({"network": run.name}))

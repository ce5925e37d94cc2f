"""A bundle's activity judge hears a window's last seconds, or says that it cannot tell."""

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.bundle import Bundle, BundleError
from edge.bundle_canary import CANARY
from edge.bundle_contract import TensorModel
from edge.flow import Floats
from edge.pace import MODEL, Pace
from export.pack import describe, write_bundle
from tests.edge.signals.bodies import signal, window
from tests.fakes.bundles import KEY, canary, tiny_bundle, tiny_files

FILE = f"{MODEL}.npz"


def with_activity(out: Path, features: tuple[str, ...]) -> Bundle:
    """A bundle whose prototypes are one wrist at rest and one that shakes."""
    buffer = io.BytesIO()
    rows = np.array([[-5.0] * len(features), [-1.0] * len(features)], np.float32)
    np.savez(
        buffer, allow_pickle=False, kind=np.asarray("knn"), rows=rows, classes=np.array([0, 1]),
        neighbours=np.asarray(1), weighting=np.asarray("uniform"), metric=np.asarray("euclidean"),
    )  # fmt: skip
    made, files = tiny_files()
    files[FILE] = buffer.getvalue()
    judge = TensorModel(describe(FILE, files[FILE], "knn"), features=features, labels=("sedentary", "moderate"))
    made = msgspec.structs.replace(made, models=msgspec.structs.replace(made.models, tensors={MODEL: judge}))
    files[CANARY] = canary(files, made)
    return write_bundle(out, made, files, KEY)


def wrist(size_g: float) -> Floats:
    """A minute of an arm that shakes twice a second."""
    t = np.arange(32 * 60) / 32
    return np.stack((size_g * np.sin(4 * np.pi * t), 0 * t, np.ones(len(t))), axis=1).astype(np.float32)


def test_a_window_becomes_a_level(tmp_path: Path) -> None:
    pace = Pace(with_activity(tmp_path / "b", ("size_spread", "jerk")))
    still, shaken = (pace.judge(window(60, motion=signal(wrist(size), 32))) for size in (0.0, 1.2))
    assert still is not None
    assert shaken is not None
    assert (still.level, shaken.level) == ("sedentary", "moderate")
    assert still.share == shaken.share == 1
    assert still.at == window(60).end


def test_too_little_acceleration_says_nothing(tmp_path: Path) -> None:
    pace = Pace(with_activity(tmp_path / "b", ("size_spread", "jerk")))
    assert pace.judge(window(60)) is None
    assert pace.judge(window(60, motion=signal(wrist(0)[:64], 32))) is None


def test_a_bundle_without_a_judge_says_nothing(tmp_path: Path) -> None:
    assert Pace(tiny_bundle(tmp_path / "b")).judge(window(60, motion=signal(wrist(1), 32))) is None


def test_features_that_nobody_computes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="its activity wants unknown features: steps"):
        Pace(with_activity(tmp_path / "b", ("steps", "jerk")))

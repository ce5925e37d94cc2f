"""The converted detector computes what the wheel's weights say, and says what it is."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from edge.bundle_contract import DetectorModel
from edge.sensing.face_cascade import DetectorPlan
from export.detector import CANVAS, lay_sheet, pyramid
from export.detector_networks import DetectorError, fold_input, read_weights
from tests.fakes.detector import load

Reals = npt.NDArray[np.floating[Any]]

needs_export = pytest.mark.skipif(
    find_spec("mtcnn") is None or find_spec("tensorflow") is None, reason="conversion needs the export extra"
)


@pytest.fixture(name="built", scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh conversion, in a process of its own: TensorFlow stays out of this one."""
    out = tmp_path_factory.mktemp("detector")
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run(
        [sys.executable, "-m", "export.detector", "--out", str(out)], check=True, env=quiet, capture_output=True
    )
    return out


@needs_export
def test_the_contract_says_what_the_files_are(built: Path) -> None:
    piece = msgspec.json.decode((built / "contract.json").read_bytes(), type=DetectorModel)
    plan = DetectorPlan.read(msgspec.to_builtins(piece))
    assert plan.canvas == CANVAS
    assert piece.networks["pnet"].inputs[0].shape == (1, plan.sheet[1], plan.sheet[0], 3)
    for network in piece.networks.values():
        assert (built / network.file).is_file()
        assert len(network.inputs) == len(network.outputs) == 1
        assert network.inputs[0].dtype == network.outputs[0].dtype == "float32"
    assert "MIT License" in (built / piece.license).read_text()
    assert sum(path.stat().st_size for path in (built / "detector").iterdir()) < 2_100_000


@needs_export
@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_a_network_computes_what_its_weights_say(built: Path, name: str) -> None:
    piece = msgspec.json.decode((built / "contract.json").read_bytes(), type=DetectorModel)
    network = piece.networks[name]
    pixels = (np.random.default_rng(3).random(network.inputs[0].shape) * 255).astype(np.float32)
    (output,) = load(built / network.file)(pixels)
    assert output.shape == network.outputs[0].shape
    scaled = (pixels[0, :, :, ::-1].astype(np.float64) - 127.5) / 128
    assert output[0] == pytest.approx(_forward(name, scaled), abs=2e-4)


@needs_export
def test_folding_the_input_changes_no_sum() -> None:
    weights = read_weights("pnet")
    kernel, bias = fold_input(weights)[:2]
    pixels = np.random.default_rng(1).integers(0, 256, (3, 3, 3)).astype(np.float64)
    scaled = (pixels[:, :, ::-1] - 127.5) / 128
    folded = np.tensordot(pixels, kernel, 3) + bias
    assert folded == pytest.approx(np.tensordot(scaled, weights[0], 3) + weights[1], abs=1e-5)


@needs_export
def test_weights_that_nobody_reviewed_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.detector_networks._WEIGHTS", {"pnet": "0" * 64})
    with pytest.raises(DetectorError, match="not the reviewed file"):
        read_weights("pnet")
    monkeypatch.setattr("export.detector_networks.MTCNN_VERSION", "0.1.1")
    with pytest.raises(DetectorError, match=r"only the weights of 0\.1\.1 were reviewed"):
        read_weights("pnet")


def test_the_pyramid_begins_with_the_smallest_face_and_ends_with_the_largest() -> None:
    sizes = pyramid((320, 240), 40, 0.709)
    assert sizes[0] == (96, 72)
    assert min(sizes[-1]) >= 12
    assert min(sizes[-1]) * 0.709 < 13


@pytest.mark.parametrize(
    ("canvas", "smallest"), [((320, 240), 40), ((320, 240), 20), ((640, 360), 48), ((200, 320), 33)]
)
def test_the_levels_lie_apart_on_even_corners(canvas: tuple[int, int], smallest: int) -> None:
    sizes = pyramid(canvas, smallest, 0.709)
    levels, (width, height) = lay_sheet(sizes)
    assert [(level.width, level.height) for level in levels] == sizes
    covered = np.zeros((height, width), int)
    for level in levels:
        assert level.x % 2 == level.y % 2 == 0
        assert level.x + level.width <= width
        assert level.y + level.height <= height
        covered[level.y : level.y + level.height, level.x : level.x + level.width] += 1
    assert covered.max() == 1


def _forward(name: str, x: Reals) -> Reals:
    """MTCNN in plain NumPy: (h, w, 3) scaled RGB to joined heads, from the wheel's arrays as they are."""
    weights = list(read_weights(name))
    pools = {"pnet": [(2, 2, True)], "rnet": [(3, 2, True), (3, 2, False)]}.get(
        name, [(3, 2, True), (3, 2, False), (2, 2, True)]
    )
    while weights[0].ndim == 4 and weights[0].shape[0] > 1:
        kernel, bias, slope, *weights = weights
        windows = sliding_window_view(x, kernel.shape[:2], axis=(0, 1))
        x = _prelu(np.einsum("ijcab,abcd->ijd", windows, kernel.astype(np.float64)) + bias, slope[0, 0])
        if pools:
            x = _pool(x, *pools.pop(0))
    if name != "pnet":
        kernel, bias, slope, *weights = weights
        x = _prelu(x.transpose(1, 0, 2).ravel() @ kernel.astype(np.float64) + bias, slope)
    heads = [x @ weights[i].reshape(x.shape[-1], -1) + weights[i + 1] for i in range(0, len(weights), 2)]
    *boxes, face = heads
    sure = 1 / (1 + np.exp(face[..., :1] - face[..., 1:]))
    return np.concatenate([sure, *boxes], axis=-1)


def _prelu(x: Reals, slope: Reals) -> Reals:
    return np.maximum(x, 0) + slope * np.minimum(x, 0)


def _pool(x: Reals, side: int, stride: int, same: bool) -> Reals:
    if same:
        # the smallest padding that lets every pixel into a window, the odd one behind
        lacks = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[:2]]
        x = np.pad(x, [*((lack // 2, lack - lack // 2) for lack in lacks), (0, 0)], constant_values=-np.inf)
    return sliding_window_view(x, (side, side), axis=(0, 1))[::stride, ::stride].max(axis=(-2, -1))

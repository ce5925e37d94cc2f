"""The face detector for a device: MTCNN's three networks from the `mtcnn` wheel, as static float TFLite.

Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks",
IEEE Signal Processing Letters 23(10), 2016; weights by Iván de Paz Centeno (`mtcnn` 1.0.0, MIT).
Three things differ from the paper's graph, none of them its arithmetic: the input scaling and the RGB order are folded
into the first convolution, so that a network eats BGR pixels from 0 to 255; the heads are joined into one output, so
that no reader can mix them up; P-Net runs once, on a sheet that carries every level of the pyramid.
"""

import argparse
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from edge.bundle_contract import DetectorModel, Network
from export.detector_networks import (
    MTCNN_VERSION,
    Weights,
    fill,
    fold_input,
    onet,
    pnet,
    read_licence,
    read_weights,
    rnet,
)
from export.errors import ExportError
from export.pack import describe, pretty
from export.places import must_take

Builder = Callable[[Any, tuple[int, ...]], Any]
"""Keras and an input shape in, an untrained Keras model out."""

CANVAS = (320, 240)
"""Width and height that every frame is fitted into, in pixels."""
SMALLEST_FACE = 40
"""Side of the smallest face that is looked for, in pixels of the canvas."""
SHRINK = 0.709
"""Ratio of one level of the pyramid to the one before (the paper's square root of one half)."""
THRESHOLDS = {"pnet": 0.6, "rnet": 0.7, "onet": 0.9, "track": 0.8}
"""Least face probability per stage. The paper's are .6, .7, .7: here a face on no face costs more than a missed one."""
MOST = {"pnet": 16, "rnet": 4}
"""How many boxes a stage may hand on at most: this bounds the time of the worst frame."""

_PNET_CELL = 12
_RNET_SIDE = 24
_ONET_SIDE = 48


class Level(NamedTuple):
    """Where one level of the pyramid lies on the sheet, in pixels."""

    x: int
    y: int
    width: int
    height: int


def build_detector(out: Path) -> DetectorModel:
    """Write `detector/*.tflite` and `LICENSES/mtcnn.txt` under ``out``; return the detector's piece of the contract.

    Paths in the piece are relative to ``out``. Raises DetectorError without the `mtcnn` wheel of the reviewed version.
    """
    levels, (width, height) = lay_sheet(pyramid(CANVAS, SMALLEST_FACE, SHRINK))
    builders: dict[str, tuple[Builder, tuple[int, ...]]] = {
        "pnet": (pnet, (1, height, width, 3)),
        "rnet": (rnet, (1, _RNET_SIDE, _RNET_SIDE, 3)),
        "onet": (onet, (1, _ONET_SIDE, _ONET_SIDE, 3)),
    }
    licence, files = "LICENSES/mtcnn.txt", dict[str, bytes]()
    networks: dict[str, Network] = {}
    for name, (builder, shape) in builders.items():
        file = f"detector/{name}.tflite"
        files[file] = _convert(builder, shape, fold_input(read_weights(name)))
        networks[name] = describe(file, files[file], "float")
    files[licence] = read_licence().encode()
    for file, content in files.items():
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        (out / file).write_bytes(content)
    return DetectorModel(
        kind="mtcnn",
        networks=networks,
        input={"dtype": "float32", "channels": "BGR", "low": 0, "high": 255},
        canvas=CANVAS,
        sheet=(width, height),
        levels=tuple((level.x, level.y, level.width, level.height) for level in levels),
        thresholds=THRESHOLDS,
        most=MOST,
        source=f"mtcnn {MTCNN_VERSION}",
        license=licence,
    )


def pyramid(canvas: tuple[int, int], smallest: int, shrink: float) -> list[tuple[int, int]]:
    """Widths and heights of the levels: P-Net's 12 pixels show the smallest face on the first, all on the last."""
    sizes: list[tuple[int, int]] = []
    scale = _PNET_CELL / smallest
    while min(canvas) * scale >= _PNET_CELL:
        sizes.append((round(canvas[0] * scale), round(canvas[1] * scale)))
        scale *= shrink
    return sizes


def lay_sheet(sizes: Sequence[tuple[int, int]]) -> tuple[list[Level], tuple[int, int]]:
    """Lay the levels on one sheet, largest first, row upon row; return their places and the sheet's width and height.

    Every corner is even, because P-Net looks at every second pixel: each level sees the grid it would see alone.
    """
    sheet = _even(sizes[0][0])
    levels: list[Level] = []
    shelves: list[tuple[int, int, int]] = []  # x where free, y, height left
    bottom = 0
    for width, height in sizes:
        for index, (x, y, room) in enumerate(shelves):
            if x + width <= sheet and height <= room:
                levels.append(Level(x, y, width, height))
                shelves[index] = (x, y + _even(height), room - _even(height))
                if x + _even(width) < sheet:
                    shelves.append((x + _even(width), y, _even(height)))
                break
        else:
            levels.append(Level(0, bottom, width, height))
            if _even(width) < sheet:
                shelves.append((_even(width), bottom, _even(height)))
            bottom += _even(height)
    return levels, (sheet, bottom)


def _convert(builder: Builder, shape: tuple[int, ...], weights: Weights) -> bytes:
    """One network as a float TFLite flatbuffer."""
    keras, tensorflow = import_module("keras"), import_module("tensorflow")
    network = builder(keras, shape)
    fill(network, weights)
    with redirect_stdout(StringIO()):  # the converter lists every variable
        return tensorflow.lite.TFLiteConverter.from_keras_model(network).convert()


def _even(size: int) -> int:
    return size + size % 2


def main() -> None:
    """Build the detector alone: `python -m export.detector --out runs/detector`."""
    parser = argparse.ArgumentParser(description="MTCNN from the mtcnn wheel to static float TFLite")
    parser.add_argument("--out", type=Path, default=Path("runs/detector"))
    out: Path = parser.parse_args().out
    try:
        must_take(out / "contract.json", "--out")
        (out / "contract.json").write_bytes(pretty(build_detector(out)))
    except (ExportError, OSError) as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()

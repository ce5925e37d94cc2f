"""`--onnx`: a network of anyone's making onto the road of the `.keras` files, or straight to ONNX Runtime."""

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from edge.flow import Floats
from edge.inference.ports import NetworkError
from edge.inference.runtime import load_network
from export.apart import apart, examine
from export.calibration import representative
from export.errors import ExportError, LoweringError
from export.onnx_choose import SAME
from export.onnx_parent import LOGITS, prepared
from export.onnx_source import OnnxSource, source_of
from export.trained import Trained, read_run
from export.verify import compare, logits_of

_ROWS = 64
_COLOURS = (1, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A network that came as ONNX."""

    run: Trained
    """Its parent is the `.keras` file made of it, or a prepared `.onnx` file where none could be made."""
    source: OnnxSource
    said: Floats
    """Logits of the float ONNX file on the first held rows."""
    refused: str | None
    """Why it runs under ONNX Runtime only; None when every lowering applies."""


@contextmanager
def foreign(path: Path, contract: Path | None) -> Generator[Foreign]:
    """Read an `.onnx` file with its contract and data; raise ExportError naming what is missing or wrong.

    The contract is ``contract``, or NAME.json or contract.json beside the file; calibration.npz and held.npz lie
    beside it too. The `.keras` file made of it lives as long as the context.
    """
    if not path.is_file():
        raise ExportError(f"{path} is missing; name the .onnx file that was exported")
    beside = path.with_suffix(".json")
    told = contract or (beside if beside.is_file() else path.with_name("contract.json"))
    run, names = _named(read_run(path.parent, name=path.stem, parent=path, contract=told))
    with tempfile.TemporaryDirectory() as folder:
        content = prepared(str(path), path.read_bytes(), names, run.held)
        try:
            source = source_of(content, (), representative(run))
            sample = {name: values[:_ROWS] for name, values in run.held.items()}
            said = logits_of(load_network(source.content, name=path.name), sample)
        except (ExportError, NetworkError) as error:
            raise ExportError(f"{path}: {error}") from error
        if said.ndim != 2:
            raise ExportError(f"{path} answers {said.shape[1:]} to a row, expected logits (classes,); export it so")
        place = Path(folder) / "model.keras"
        try:
            apart("export.onnx_read", "read", source.content, place)
            drift = compare(examine(place, sample).answers[LOGITS], said, None).drift
            if drift > SAME:
                raise LoweringError(f"as Keras layers the network is off by {drift:.2g}, so it stays with ONNX Runtime")
        except LoweringError as error:
            kept = Path(folder) / "model.onnx"
            kept.write_bytes(content)
            yield Foreign(replace(run, parent=kept), source, said, str(error))
            return
        yield Foreign(replace(run, parent=place), source, said, None)


def _named(run: Trained) -> tuple[Trained, Mapping[str, str]]:
    """The run with vagus's names on its data, pictures as (height, width, colours); and those names by the file's."""
    names = run.piece.get("inputs", {})
    if not isinstance(names, dict) or not all(
        isinstance(ours, str) for ours in cast(dict[str, object], names).values()
    ):
        raise ExportError(f'{run.name}: the contract\'s inputs are {names!r}, expected {{"theirs": "ours"}}')
    known = cast(dict[str, str], names)
    calibration, held = (
        {known.get(name, name): _upright(values) for name, values in rows.items()}
        for rows in (run.calibration, run.held)
    )
    piece = {key: value for key, value in run.piece.items() if key != "inputs"}
    return replace(run, piece=piece, calibration=calibration, held=held), known


def _upright(values: Floats) -> Floats:
    """Pictures (n, colours, height, width) as (n, height, width, colours); anything else as it is."""
    turned = values.ndim == 4 and values.shape[1] in _COLOURS and values.shape[3] not in _COLOURS
    return values.transpose(0, 2, 3, 1) if turned else values

"""The canary: stored inputs with the outputs they gave when the bundle was made.

canary.npz holds, for each network and vector, `NETWORK/VECTOR/in/INPUT` and `NETWORK/VECTOR/out/OUTPUT`, in the dtypes
of the network's file.
"""

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from edge.inference.ports import Raw
from edge.inference.runtime import Network

CANARY = "canary.npz"
TWINS = "onnx"
"""The vectors of a network's ONNX twin stand under `onnx/NETWORK`."""
LEAST_VECTORS = 1
"""Vectors that every network must have."""


class CanaryError(ValueError):
    """A network that does not answer as it did when the bundle was made."""


class Vector(NamedTuple):
    """One stored run of a network, in the file's own dtypes."""

    inputs: dict[str, Raw]
    outputs: dict[str, Raw]


Canary: TypeAlias = Mapping[str, list[Vector]]


def write_canary(canary: Canary) -> bytes:
    """The vectors of each network as the bytes of canary.npz."""
    arrays: dict[str, Raw] = {}
    for network, vectors in canary.items():
        for index, vector in enumerate(vectors):
            arrays |= {f"{network}/{index}/in/{name}": values for name, values in vector.inputs.items()}
            arrays |= {f"{network}/{index}/out/{name}": values for name, values in vector.outputs.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_canary(content: bytes) -> Canary:
    """The vectors of each network; raise CanaryError when the bytes are none."""
    canary: dict[str, dict[int, Vector]] = defaultdict(dict)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            for key in stored.files:
                network, index, side, name = key.rsplit("/", 3)
                vector = canary[network].setdefault(int(index), Vector({}, {}))
                {"in": vector.inputs, "out": vector.outputs}[side][name] = stored[key]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise CanaryError(f"{CANARY} cannot be read ({error})") from error
    return {network: [vectors[index] for index in sorted(vectors)] for network, vectors in canary.items()}


def check_canary(content: bytes, networks: Mapping[str, tuple[Network, float]]) -> None:
    """Run each network, given with the tolerance of its float outputs, twice on each of its vectors.

    Twice in a row, because a network that keeps its state between runs is right once only. Integer outputs may be one
    step off, as they are between processors. Raises CanaryError at the first wrong answer.
    """
    canary = read_canary(content)
    for name, (network, tolerance) in networks.items():
        vectors = canary.get(name, [])
        if len(vectors) < LEAST_VECTORS:
            raise CanaryError(f"{CANARY} has no vector for network {name}")
        for index, vector in enumerate(vectors):
            for turn in ("first", "second"):
                _compare(f"{name}, canary {index}, {turn} run", network.run_raw(vector.inputs), vector, tolerance)


def _compare(where: str, answers: Mapping[str, Raw], vector: Vector, tolerance: float) -> None:
    if answers.keys() != vector.outputs.keys():
        raise CanaryError(f"network {where}: outputs are {sorted(answers)}, expected {sorted(vector.outputs)}")
    for output, expected in vector.outputs.items():
        answer = answers[output]
        if answer.shape != expected.shape or answer.dtype != expected.dtype:
            raise CanaryError(
                f"network {where}: output {output} is {answer.dtype} {answer.shape}, "
                f"expected {expected.dtype} {expected.shape}"
            )
        allowed = 1.0 if np.issubdtype(expected.dtype, np.integer) else tolerance
        off = np.abs(answer.astype(np.float64) - expected.astype(np.float64))
        if not bool(np.all(off <= allowed)):
            raise CanaryError(f"network {where}: output {output} is off by {off.max():.3g}, at most {allowed:g} may be")

"""Training runs in, one bundle out: every network lowered and judged, then all written together."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import MANIFEST, REPORT, Bundle, Manifest
from edge.bundle_canary import CANARY, Vector, write_canary
from edge.bundle_contract import Contract, DetectorModel, FaceModel, FusionModel, Models, Network, WristModel
from edge.flow import Floats
from edge.inference.runtime import load_network
from edge.signals.features import FEATURE_VERSION
from export.choose import Choice, choose
from export.errors import ExportError
from export.operators import fully_integer, operators
from export.pack import describe, pretty, write_bundle
from export.report_page import page
from export.trained import Trained, read_run
from export.verify import MAX_LOSS, timed

ROLES: Mapping[str, frozenset[str]] = {
    "face": frozenset({"face"}),
    "wrist": frozenset({"features"}),
    "fusion": frozenset({"face", "wrist", "present"}),
}
"""What a network is for is told by its inputs."""
DETECTOR = "detector"
PAGE = "report.html"
CANARY_VECTORS = 3
_TOOLS = ("vagus", "tensorflow", "keras", "ai-edge-litert", "numpy")
_NOTES = ("layers", "units", "parameters")
"""What training tells of itself beside the contract; it stands in the card."""

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Order:
    """What the release engineer asked for."""

    runs: Path
    out: Path
    command: str
    network: str | None = None
    """Only this run; all that are there when None."""
    parent: Path | None = None
    """Only this `.keras` file, with the data that lies beside it."""
    max_loss: float = MAX_LOSS
    full_int8: bool = False
    name: str = "vagus"
    release: str | None = None
    """None for one more than what lies at ``out``."""
    min_version: str | None = None
    """None for what the bundle at ``out`` asks, 0.0.0 when there is none."""
    expires: datetime | None = None


@dataclass(slots=True)
class _Gathered:
    """What the bundle will hold, as it grows."""

    files: Files = field(default_factory=dict[str, bytes])
    models: dict[str, object] = field(default_factory=dict[str, object])
    canary: dict[str, list[Vector]] = field(default_factory=dict[str, list[Vector]])
    networks: dict[str, object] = field(default_factory=dict[str, object])
    """Of the report."""
    cards: dict[str, object] = field(default_factory=dict[str, object])
    choices: dict[str, Choice] = field(default_factory=dict[str, Choice])


def release_bundle(
    order: Order, key: Ed25519PrivateKey, say: Callable[[str], None] = lambda _: None
) -> tuple[Bundle, Mapping[str, Choice]]:
    """Export what the order names and write the bundle; ExportError, PackError or BundleError, and then no bundle."""
    found = _runs(order)
    number, least = _numbers(order)
    gathered = _Gathered()
    for run in found:
        role = _role(run)
        if role in gathered.models:
            raise ExportError(f"{order.runs} holds two networks for {role}; name one with --network")
        _add(gathered, role, run, choose(run, max_loss=order.max_loss, full_int8=order.full_int8, say=say))
        _licences(gathered, order.runs / run.name)
    if order.network is None and order.parent is None and (order.runs / DETECTOR).is_dir():
        say("detector")
        _add_detector(gathered, order.runs / DETECTOR)
    contract = Contract(
        schema=1,
        name=order.name,
        version=number,
        min_version=least,
        feature_version=FEATURE_VERSION,
        models=msgspec.convert(gathered.models, Models),
        command=order.command,
    )
    gathered.files[CANARY] = write_canary(gathered.canary)
    report = _report(order, gathered)
    gathered.files[REPORT] = pretty(report)
    gathered.files[PAGE] = page(f"{contract.name} {contract.version}", report)
    say("canary, signature, disk")
    return write_bundle(order.out, contract, gathered.files, key, expires=order.expires), gathered.choices


def _runs(order: Order) -> list[Trained]:
    if order.parent is not None:
        return [read_run(order.parent.parent, parent=order.parent)]
    if order.network is not None:
        return [read_run(order.runs / order.network)]
    found = [read_run(order.runs / role) for role in ROLES if (order.runs / role / "contract.json").is_file()]
    if not found:
        raise ExportError(
            f"{order.runs} holds none of {', '.join(ROLES)}; train first: python -m models train NAME --data DIR"
        )
    return found


def _role(run: Trained) -> str:
    inputs = frozenset(run.calibration)
    for role, wanted in ROLES.items():
        if inputs == wanted:
            return role
    raise ExportError(
        f"{run.name} has inputs {sorted(inputs)}; a bundle knows {', '.join(str(sorted(w)) for w in ROLES.values())}"
    )


def _numbers(order: Order) -> tuple[str, str]:
    """The new bundle's version and the least version that may run after it."""
    try:
        there = msgspec.json.decode((order.out / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return order.release or "0.1.0", order.min_version or "0.0.0"
    major, minor, patch = there.version.split(".")
    return order.release or f"{major}.{minor}.{int(patch) + 1}", order.min_version or there.min_version


def _add(gathered: _Gathered, role: str, run: Trained, choice: Choice) -> None:
    """Take a chosen network into the bundle: files, contract, canary, report."""
    file, twin_file = f"{role}.tflite", f"float/{role}.tflite"
    is_float = choice.lowered.form.weights == "float"
    content = choice.lowered.content
    entry = describe(file, content, choice.lowered.form.name, twin=None if is_float else twin_file)
    gathered.files[file] = content
    if not is_float:
        gathered.files[twin_file] = choice.twin.content
    gathered.models[role] = _model(role, run, choice, entry)
    gathered.canary[role] = _vectors(file, content, run, choice)
    gathered.networks[role] = {
        "run": run.name,
        "lowering": choice.lowered.form.name,
        "parameters": choice.parent.parameters,
        "bytes": len(content),
        "float_bytes": len(choice.twin.content),
        "parent_bytes": run.parent.stat().st_size,
        "fully_integer": fully_integer(content),
        "operators": operators(content),
        "measured": choice.measured,
        "latency_ms": choice.latency,
        "candidates": choice.candidates,
        "inputs": _ranges(file, content),
    }
    gathered.cards[role] = run.card
    gathered.choices[role] = choice


def _model(role: str, run: Trained, choice: Choice, entry: Network) -> object:
    """The run's piece of the contract with its network; ExportError names a field that it must not have or lacks."""
    piece = {key: value for key, value in run.piece.items() if key not in _NOTES}
    piece["network"] = msgspec.to_builtins(entry)
    if (trained := piece.pop("feature_version", FEATURE_VERSION)) != FEATURE_VERSION:
        raise ExportError(
            f"{run.name} was trained on features of version {trained}, the device computes {FEATURE_VERSION}; "
            "train it again"
        )
    if role == "wrist":
        told = piece.pop("state_clip", None)
        piece["steps"] = next(iter(run.calibration.values())).shape[1]
        piece["states"] = [
            {
                "input": state.input,
                "output": state.output,
                "clip": told if told is not None and state.input.endswith("_c") else state.clip,
            }
            for state in choice.lowered.states
        ]
    kinds = {"face": FaceModel, "wrist": WristModel, "fusion": FusionModel}
    try:
        return msgspec.to_builtins(msgspec.convert(piece, kinds[role]))
    except msgspec.ValidationError as error:
        raise ExportError(f"{run.parent.with_name('contract.json')}: {error}; train the network again") from error


def _vectors(file: str, content: bytes, run: Trained, choice: Choice) -> list[Vector]:
    """Runs on held rows, in the file's own dtypes; a stepwise network is met in the middle of a sequence."""
    network = load_network(content, name=file)
    states = choice.lowered.states
    vectors: list[Vector] = []
    for row in range(CANARY_VECTORS):
        feeds: dict[str, Floats] = {name: values[row : row + 1] for name, values in run.held.items()}
        if states:
            ((name, windows),) = feeds.items()
            feeds = {
                name: windows[:, 0],
                **{s.input: np.zeros(network.inputs[s.input].shape, np.float32) for s in states},
            }
            for moment in range(1, windows.shape[1]):
                said = network.run(feeds)
                feeds = {name: windows[:, moment], **{s.input: said[s.output] for s in states}}
        raw = {name: network.inputs[name].quantise(values) for name, values in feeds.items()}
        vectors.append(Vector(raw, network.run_raw(raw)))
    return vectors


def _ranges(file: str, content: bytes) -> Mapping[str, tuple[float, ...]]:
    """The numbers that each integer input can stand for: what calibration found."""
    ports = load_network(content, name=file).inputs.values()
    return {
        port.name: tuple(
            float(end) for end in port.dequantise(np.array([np.iinfo(port.dtype).min, np.iinfo(port.dtype).max]))
        )
        for port in ports
        if port.scale
    }


def _add_detector(gathered: _Gathered, folder: Path) -> None:
    """Take the detector's files as export/detector.py left them."""
    try:
        model = msgspec.json.decode((folder / "contract.json").read_bytes(), type=DetectorModel)
        files = {entry.file: (folder / entry.file).read_bytes() for entry in model.networks.values()}
    except (OSError, msgspec.DecodeError) as error:
        raise ExportError(f"{folder} holds no detector ({error}); make it: python -m export.detector") from error
    rng = np.random.default_rng(0)
    for name, entry in model.networks.items():
        network = load_network(files[entry.file], name=entry.file)
        feeds = {key: rng.uniform(0, 255, port.shape).astype(np.float32) for key, port in network.inputs.items()}
        gathered.canary[f"{DETECTOR}/{name}"] = [Vector(dict(feeds), network.run_raw(feeds))]
        gathered.networks[f"{DETECTOR}/{name}"] = {
            "lowering": entry.lowering,
            "bytes": len(files[entry.file]),
            "fully_integer": False,
            "operators": operators(files[entry.file]),
            "latency_ms": timed(network),
        }
    gathered.files |= files
    gathered.models[DETECTOR] = msgspec.to_builtins(model)
    _licences(gathered, folder)


def _licences(gathered: _Gathered, folder: Path) -> None:
    for path in sorted((folder / "LICENSES").glob("*")):
        gathered.files[f"LICENSES/{path.name}"] = path.read_bytes()


def _report(order: Order, gathered: _Gathered) -> object:
    return {
        "command": order.command,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "tools": {name: _version(name) for name in _TOOLS},
        "bars": {"agreement": 0.97, "max_loss_points": order.max_loss},
        "networks": gathered.networks,
        "cards": gathered.cards,
    }


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"

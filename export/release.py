"""Training runs in, one bundle out: every network lowered and judged, then all written together."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import MANIFEST, REPORT, Bundle, Manifest
from edge.bundle_canary import CANARY, Vector, write_canary
from edge.bundle_contract import Contract, DetectorModel, Models, Version
from edge.bundle_contract import release as numbers
from edge.inference.ports import NetworkError
from edge.inference.runtime import load_network
from edge.signals.features import FEATURE_VERSION
from export.choose import Choice, choose
from export.errors import ExportError
from export.gathered import LEADS, Gathered, add_late, add_network
from export.judges import TENSORS, Judge, add_judge, read_judge
from export.onnx_choose import OnnxChoice, choose_onnx
from export.onnx_road import Foreign, foreign
from export.onnx_twins import add_onnx, add_twin
from export.operators import operators
from export.pack import check_place, pretty, write_bundle
from export.report_page import page
from export.trained import Trained, read_run
from export.verify import AGREEMENT, DRIFT, MAX_LOSS, timed
from models.catalog import JUDGES

ROLES: Mapping[str, frozenset[str]] = {
    "face": frozenset({"face"}),
    "wrist": frozenset({"features"}),
    "fusion": frozenset({"face", "wrist", "present"}),
}
"""What a network is for is told by its inputs."""
_BENCHMARKS = frozenset(judge.name for judge in JUDGES.values() if not judge.ships)
DETECTOR = "detector"
PAGE = "report.html"
_TOOLS = ("vagus", "tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx", "numpy")


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
    onnx: Path | None = None
    """Only this `.onnx` file, with the data that lies beside it."""
    contract: Path | None = None
    """Its contract, where it is not beside it."""
    leads: tuple[str, ...] = ()
    """Runs of ECG and EEG networks that come along; a bundle has none unless somebody asks for them."""


def release_bundle(
    order: Order, key: Ed25519PrivateKey, say: Callable[[str], None] = lambda _: None
) -> tuple[Bundle, Mapping[str, Choice | OnnxChoice]]:
    """Export what the order names and write the bundle; ExportError, PackError or BundleError, and then no bundle."""
    number, least = _numbers(order)
    check_place(order.out, number)
    judges, found = _judges(order), _runs(order)
    if not found and not judges and order.onnx is None:
        raise ExportError(
            f"{order.runs} holds none of {', '.join(ROLES)}; train first: python -m models train NAME --data DIR"
        )
    gathered = Gathered()
    for run in found:
        _add(order, gathered, run, say)
        gathered.licences(order.runs / run.name)
    if order.onnx is not None:
        with foreign(order.onnx, order.contract) as came:
            _add_foreign(order, gathered, came, say)
        gathered.licences(order.onnx.parent)
    for run in judges:
        say(f"{run.name}: {run.kind}")
        add_judge(gathered, run, order.max_loss)
        gathered.licences(order.runs / run.name)
    if order.network is None and order.parent is None and order.onnx is None and (order.runs / DETECTOR).is_dir():
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


def _add(order: Order, gathered: Gathered, run: Trained, say: Callable[[str], None]) -> None:
    """Lower one network, give it its twin; a fusion of two experts has none."""
    role = _role(run)
    if role in gathered.models:
        raise ExportError(f"{order.runs} holds two networks for {role}; name one with --network")
    if role == "fusion" and run.piece.get("kind") == "late":
        say(f"{run.name}: two experts, no network")
        add_late(gathered, run)
        return
    choice = choose(run, max_loss=order.max_loss, full_int8=order.full_int8, say=say)
    add_network(gathered, role, run, choice)
    add_twin(gathered, role, run, choice, order.max_loss, say)


def _add_foreign(order: Order, gathered: Gathered, came: Foreign, say: Callable[[str], None]) -> None:
    """What came as ONNX goes the same way where Keras has its layers, else to ONNX Runtime alone."""
    if came.refused is None:
        _add(order, gathered, came.run, say)
        return
    say(f"{came.run.name}: {came.refused}")
    made = choose_onnx(came.run, came.source, came.said, max_loss=order.max_loss, say=say)
    add_onnx(gathered, _role(came.run), came.run, made, came.refused)


def _runs(order: Order) -> list[Trained]:
    if order.onnx is not None:
        return []
    if order.parent is not None:
        return [read_run(order.parent.parent, parent=order.parent)]
    if order.network is not None:
        return [] if (order.runs / order.network / TENSORS).is_file() else [read_run(order.runs / order.network)]
    named = [role for role in ROLES if (order.runs / role / "contract.json").is_file()]
    return [read_run(order.runs / name) for name in (*named, *order.leads)]


def _judges(order: Order) -> list[Judge]:
    if order.parent is not None or order.onnx is not None:
        return []
    if order.network is None:
        found = sorted(path.parent for path in order.runs.glob(f"*/{TENSORS}"))
        found = [folder for folder in found if folder.name not in _BENCHMARKS]
    else:
        found = [file.parent for file in [order.runs / order.network / TENSORS] if file.is_file()]
    for folder in found:
        if folder.name in (*ROLES, DETECTOR):
            raise ExportError(f"{folder} is no {folder.name} but a judge without a graph; name its run otherwise")
    return [read_judge(folder) for folder in found]


def _role(run: Trained) -> str:
    inputs = frozenset(run.calibration)
    channel = run.piece.get("channel")
    if channel in LEADS:
        if "recipe" not in run.piece:
            raise ExportError(
                f"{run.name} cannot be fed live: its contract names no recipe, for it learned from signals that were "
                "cleaned with independent components; train eeg_headband or eeg_cap"
            )
        return str(channel)
    for role, wanted in ROLES.items():
        if inputs == wanted:
            return role
    raise ExportError(
        f"{run.name} has inputs {sorted(inputs)}; a bundle knows {', '.join(str(sorted(w)) for w in ROLES.values())}"
    )


def _numbers(order: Order) -> tuple[str, str]:
    """The new bundle's version and the least version that may run after it; ExportError where they are none."""
    for option, given in (("--release", order.release), ("--min-version", order.min_version)):
        try:
            msgspec.convert(given, Version | None)
        except msgspec.ValidationError:
            raise ExportError(f"{option} {given} is no version; give three numbers, such as 1.4.0") from None
    try:
        there = msgspec.json.decode((order.out / MANIFEST).read_bytes(), type=Manifest)
        major, minor, patch = there.version.split(".")
        next_one, least = f"{major}.{minor}.{int(patch) + 1}", there.min_version
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        next_one, least = "0.1.0", "0.0.0"
    number, least = order.release or next_one, order.min_version or least
    if order.min_version is not None and numbers(least) > numbers(number):
        raise ExportError(
            f"--min-version {least} lies above the bundle's own version {number}, so that it would run once and never "
            "again; lower it, or raise --release"
        )
    return number, least


def _add_detector(gathered: Gathered, folder: Path) -> None:
    """Take the detector's files as export/detector.py left them."""
    try:
        model = msgspec.json.decode((folder / "contract.json").read_bytes(), type=DetectorModel)
        files = {entry.file: (folder / entry.file).read_bytes() for entry in model.networks.values()}
        loaded = {name: load_network(files[entry.file], name=entry.file) for name, entry in model.networks.items()}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, NetworkError) as error:
        raise ExportError(f"{folder} holds no detector ({error}); make it: python -m export.detector") from error
    rng = np.random.default_rng(0)
    for name, entry in model.networks.items():
        network = loaded[name]
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
    gathered.licences(folder)


def _report(order: Order, gathered: Gathered) -> object:
    return {
        "command": order.command,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "tools": {name: _version(name) for name in _TOOLS},
        "bars": {"agreement": AGREEMENT, "mean_drift": DRIFT, "max_loss_points": order.max_loss},
        "networks": gathered.networks,
        "cards": gathered.cards,
    }


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"

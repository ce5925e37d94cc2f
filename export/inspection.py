"""What a bundle is, for people: releases told in tables, two of them compared, one timed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias, cast

import msgspec

from edge.bundle import Bundle
from edge.bundle_canary import TWINS
from edge.inference.choice import installed
from export.verify import timed

Row: TypeAlias = tuple[str, ...]
ONNX_RUNTIME = "onnxruntime"


def proven_twins(bundle: Bundle) -> int | None:
    """Put the ONNX twins to their canary, too; how many there are, or None where ONNX Runtime is not installed.

    Raises WrongAnswerError when one answers otherwise than where the bundle was made.
    """
    count = sum(piece.onnx is not None for _, piece in bundle.contract.networks())
    if count and not installed(ONNX_RUNTIME):
        return None
    bundle.check_twins()
    return count


def summary(bundle: Bundle) -> dict[str, object]:
    """What `--json` says of a bundle."""
    return {
        "bundle": bundle.label,
        "path": str(bundle.path),
        "bytes": kept_bytes(bundle),
        "min_version": bundle.contract.min_version,
        "feature_version": bundle.contract.feature_version,
        "expires": bundle.manifest.expires,
        "command": bundle.contract.command,
        "networks": bundle.report.get("networks", {}),
    }


def kept_bytes(bundle: Bundle) -> int:
    """Size of all files that the manifest lists."""
    return sum(entry.bytes for entry in bundle.manifest.files.values())


def network_rows(bundle: Bundle) -> Iterator[Row]:
    """Each network, its ONNX twin below it: name, form, kB, inputs, agreement with float, accuracy."""
    told = cast(Mapping[str, Mapping[str, object]], bundle.report.get("networks", {}))
    for name, piece in bundle.contract.networks():
        forms = [(name, piece.file, piece.lowering)]
        if piece.onnx is not None:
            forms.append((f"{TWINS}/{name}", piece.onnx.file, piece.onnx.lowering))
        for place, file, form in forms:
            measured = cast(Mapping[str, object], told.get(place, {}).get("measured", {}))
            size = bundle.manifest.files[file].bytes
            dtypes = ("float32" if place.startswith(TWINS) else port.dtype for port in piece.inputs)
            ports = zip(piece.inputs, dtypes, strict=True)
            inputs = ", ".join(f"{port.name} {'x'.join(map(str, port.shape))} {dtype}" for port, dtype in ports)
            shares = _share(measured, "agreement"), _share(measured, "accuracy")
            yield (place, form, f"{size / 1000:.1f}", inputs, *shares)


def bench_rows(
    bundle: Bundle, threads: int, say: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[Row, object]]:
    """Each network's time here and now, as it runs here and in float: name, p50 and p99, float p50 and p99, in ms.

    Below it the time of its ONNX twin, where that is another file and ONNX Runtime is installed.
    """
    for name, piece in bundle.contract.networks():
        say(name)
        network = bundle.network(name, threads=threads)
        lowered = timed(network)
        twin = timed(bundle.network(name, threads=threads, twin=True)) if piece.float_file is not None else None
        words = (f"{lowered.p50:.3f}", f"{lowered.p99:.3f}")
        words += (f"{twin.p50:.3f}", f"{twin.p99:.3f}") if twin is not None else ("-", "-")
        yield (name, *words), {"network": name, "latency_ms": lowered, "float_latency_ms": twin}
        if piece.onnx is not None and network.name != piece.onnx.file and installed(ONNX_RUNTIME):
            place = f"{TWINS}/{name}"
            say(place)
            other = timed(replace(bundle, runtime="onnx").network(name, threads=threads))
            row = (place, f"{other.p50:.3f}", f"{other.p99:.3f}", "-", "-")
            yield row, {"network": place, "latency_ms": other, "float_latency_ms": None}


def differences(old: Bundle, new: Bundle) -> dict[str, tuple[object, object]]:
    """What changed between two releases, by its place: contract, accuracy, agreement, size, speed; None is absent.

    Files are compared by their checksums, so that a network that was trained anew shows though nothing else did.
    """
    before, after = _facts(old), _facts(new)
    return {
        place: (before.get(place), after.get(place))
        for place in sorted(before.keys() | after.keys())
        if before.get(place) != after.get(place)
    }


def _facts(bundle: Bundle) -> dict[str, object]:
    facts = _flat("contract", msgspec.to_builtins(bundle.contract))
    for name, network in cast(Mapping[str, Mapping[str, object]], bundle.report.get("networks", {})).items():
        for key in ("bytes", "float_bytes", "parameters", "measured", "latency_ms"):
            facts |= _flat(f"measured.{name}.{key}", network.get(key))
    return facts | {f"files.{file}": entry.sha256[:16] for file, entry in bundle.manifest.files.items()}


def _flat(place: str, thing: object) -> dict[str, object]:
    if not isinstance(thing, Mapping):
        return {} if thing is None else {place: thing}
    flat: dict[str, object] = {}
    for key, value in cast(Mapping[str, object], thing).items():
        flat |= _flat(f"{place}.{key}", value)
    return flat


def _share(measured: Mapping[str, object], key: str) -> str:
    value = measured.get(key)
    return f"{value:.3f}" if isinstance(value, float) else "-"

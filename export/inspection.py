"""What a bundle is, for people: releases told in tables, two of them compared, one timed."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, cast

import msgspec

from edge.bundle import Bundle
from export.verify import timed

Row: TypeAlias = tuple[str, ...]


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
    """Each network: name, form, kB, inputs, agreement with float, accuracy."""
    told = cast(Mapping[str, Mapping[str, object]], bundle.report.get("networks", {}))
    for name, piece in bundle.contract.networks():
        measured = cast(Mapping[str, object], told.get(name, {}).get("measured", {}))
        inputs = ", ".join(f"{port.name} {'x'.join(map(str, port.shape))} {port.dtype}" for port in piece.inputs)
        size = bundle.manifest.files[piece.file].bytes
        yield (
            name,
            piece.lowering,
            f"{size / 1000:.0f}",
            inputs,
            _share(measured, "agreement"),
            _share(measured, "accuracy"),
        )


def bench_rows(
    bundle: Bundle, threads: int, say: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[Row, object]]:
    """Each network's time here and now, int8 and float: name, int8 p50 and p99, float p50 and p99, in ms."""
    for name, piece in bundle.contract.networks():
        say(name)
        lowered = timed(bundle.network(name, threads=threads))
        twin = timed(bundle.network(name, threads=threads, twin=True)) if piece.float_file is not None else None
        words = (f"{lowered.p50:.3f}", f"{lowered.p99:.3f}")
        words += (f"{twin.p50:.3f}", f"{twin.p99:.3f}") if twin is not None else ("-", "-")
        yield (name, *words), {"network": name, "latency_ms": lowered, "float_latency_ms": twin}


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

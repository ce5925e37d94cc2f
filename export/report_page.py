"""report.json as a page: what each network became, what else was tried, what it cost; no script, nothing fetched."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TypeAlias, cast

import msgspec

Facts: TypeAlias = Mapping[str, object]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.5rem }
th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
tr.chosen { font-weight: 600 } tr.refused { color: #888 }
svg { display: block } rect { fill: #4a7fb5 } tr.chosen rect { fill: #1d8a55 } tr.refused rect { fill: #bbb }
code { background: #f4f4f4; padding: 0.1rem 0.3rem } .note { color: #666 }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } code { background: #2a2a2a }
th, td { border-color: #444 } }
"""


def page(label: str, report: object) -> bytes:
    """The whole page, UTF-8. ``report`` is what report.json holds."""
    facts = cast(Facts, msgspec.to_builtins(report))
    networks = cast(Mapping[str, Facts], facts["networks"])
    tools = ", ".join(f"{name} {version}" for name, version in cast(Mapping[str, str], facts["tools"]).items())
    parts = [
        f"<h1>{escape(label)}</h1>",
        f"<p><code>{escape(str(facts['command']))}</code></p>",
        f'<p class="note">Made {escape(str(facts["made"]))} with {escape(tools)}. Times are of one thread '
        "of the machine that exported; a device is slower. Not a medical device.</p>",
        _table(
            ("network", "form", "kB", "float kB", "agreement", "accuracy", "float accuracy", "p50 ms"),
            ((name, *_overview(network)) for name, network in networks.items()),
        ),
    ]
    for name, network in networks.items():
        parts += _network(name, network)
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>{escape(label)}</title><style>{_STYLE}</style>'
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return f'<!doctype html><html lang="en"><head>{head}{viewport}</head><body>\n{body}\n</body></html>\n'.encode()


def _overview(network: Facts) -> Iterator[str]:
    measured = cast(Facts, network.get("measured") or {})
    yield str(network["lowering"])
    yield _kilobytes(network.get("bytes"))
    yield _kilobytes(network.get("float_bytes"))
    yield from (_number(measured.get(key)) for key in ("agreement", "accuracy", "float_accuracy"))
    yield _number(cast(Facts, network["latency_ms"])["p50"])


def _network(name: str, network: Facts) -> Iterator[str]:
    """One network: its forms with bars of time, its operators, its input ranges."""
    yield f"<h2>{escape(name)}</h2>"
    candidates = cast(Sequence[Facts], network.get("candidates") or ())
    if candidates:
        heads = ("form", "kB", "rows", "agreement", "drift", "accuracy", "p50 ms", "p99 ms", "time (logarithmic)", "")
        yield f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
        yield from _candidates(candidates)
        yield "</table>"
    operators = cast(Mapping[str, int], network.get("operators") or {})
    if operators:
        whole = "integers throughout" if network.get("fully_integer") else "some tensors in float"
        yield f"<p>Operators ({whole}): {escape(', '.join(f'{op} x {n}' for op, n in operators.items()))}.</p>"
    else:
        yield "<p>No graph: arrays in float, computed by NumPy.</p>"
    ranges = cast(Mapping[str, Sequence[float]], network.get("inputs") or {})
    if ranges:
        told = "; ".join(f"{port} {low:.3g} to {high:.3g}" for port, (low, high) in ranges.items())
        yield f"<p>What the integer inputs can stand for, found in calibration: {escape(told)}.</p>"


def _candidates(candidates: Sequence[Facts]) -> Iterator[str]:
    slowest = max((_p50(candidate) for candidate in candidates), default=0.0)
    for candidate in candidates:
        measured = cast(Facts, candidate.get("measured") or {})
        latency = cast(Facts, candidate.get("latency_ms") or {})
        refused = candidate.get("refused")
        kind = "chosen" if candidate.get("chosen") else "refused" if refused else ""
        numbers = [_kilobytes(candidate.get("bytes")), str(measured.get("n", "-"))]
        numbers += [_number(measured.get(key)) for key in ("agreement", "drift", "accuracy")]
        numbers += [_number(latency.get(key)) for key in ("p50", "p99")]
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        verdict = escape(str(refused)) if refused else "chosen" if kind else ""
        form, bar = escape(str(candidate["form"])), _bar(_p50(candidate), slowest)
        yield f'<tr class="{kind}"><td>{form}</td>{cells}<td>{bar}</td><td>{verdict}</td></tr>'


def _bar(ms: float, slowest: float) -> str:
    """A bar on a scale on which each tenfold takes as much room, from 1 microsecond on."""
    if ms <= 0:
        return ""
    from_microsecond, whole = max(ms, 1e-3) / 1e-3, max(slowest, 2e-3) / 1e-3
    width = 120 * max(0.02, math.log10(from_microsecond) / math.log10(whole))
    return (
        f'<svg width="120" height="12" role="img" aria-label="{ms:g} ms"><rect width="{width:.1f}" height="12"/></svg>'
    )


def _p50(candidate: Facts) -> float:
    return float(cast(float, cast(Facts, candidate.get("latency_ms") or {}).get("p50", 0.0)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(word)}</th>" for word in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _kilobytes(size: object) -> str:
    return f"{size / 1000:,.0f}" if isinstance(size, int) and size else "-"


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, (int, float)) else "-"

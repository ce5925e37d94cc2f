"""What each program answered -> figures, ratios to ours, and how far the answers agree."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
Answer = dict[str, object]
Figures = dict[str, object]


class Track(Protocol):
    """The inputs."""

    @property
    def file(self) -> Path: ...

    @property
    def items(self) -> int: ...


class Run(Protocol):
    """One program's run; the first of a race is ours."""

    @property
    def name(self) -> str: ...

    @property
    def ready_s(self) -> float: ...

    @property
    def ms(self) -> list[float]: ...

    @property
    def answers(self) -> list[Answer]: ...

    @property
    def rss_mb(self) -> float: ...


def judge(name: str, track: Track, runs: Sequence[Run]) -> Figures:
    """Times in ms (p50, p99), their ratio to ours (theirs / ours, of the medians), memory, and what was answered."""
    first = runs[0]
    base = float(np.median(first.ms))
    programs: dict[str, Figures] = {}
    for run in runs:
        p50, p99 = (round(float(v), 3) for v in np.percentile(run.ms, [50, 99]))
        programs[run.name] = {
            "ms_p50": p50,
            "ms_p99": p99,
            "times_ours": round(p50 / base, 2),
            "rss_mb": run.rss_mb,
            "ready_s": run.ready_s,
            "failed": sum("failed" in answer for answer in run.answers),
            **_quality(name, track, first, run),
        }
        failures = sorted({str(answer["failed"]) for answer in run.answers if "failed" in answer})
        if failures:
            programs[run.name]["failures"] = failures[:3]
    return {"items": track.items, "programs": programs}


def table(races: Mapping[str, Figures]) -> str:
    """The same for people, as Markdown."""
    lines = [
        "# Beside others",
        "",
        "Written by `python tests/benchmarks/peers/race.py --data ../shared/data --json docs/peers.json --table "
        "docs/peers.md`: not by hand.",
        "Each program is one process with one thread; all take turns on the same inputs within one run: ratios count,",
        "milliseconds are this machine's. *Times ours*: median of the program over the median of vagus.",
        "",
    ]
    for name, race in races.items():
        programs = cast(dict[str, Figures], race["programs"])
        more = list(dict.fromkeys(key for figures in programs.values() for key in figures if key not in _PLAIN))
        lines += [f"## {name[:1].upper()}{name[1:]} ({race['items']} items)", ""]
        head = ["program", "ms p50", "ms p99", "times ours", "MB", "failed", *(key.replace("_", " ") for key in more)]
        lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        for program, figures in programs.items():
            cells = [program, *(str(figures[key]) for key in _PLAIN[:5]), *(_cell(figures.get(key)) for key in more)]
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", _NOTES[name], ""]
    lines += ["## How far to trust these", "", _TRUST, ""]
    return "\n".join(lines)


_PLAIN = ("ms_p50", "ms_p99", "times_ours", "rss_mb", "failed", "ready_s", "failures")
_NOTES = {
    "face to emotion": "Frames of three real clips, in the order they were filmed. There are no labels of emotion for "
    "them, so agreement is told, not accuracy. fer runs by its defaults: a Haar cascade (OpenCV 4) and its own "
    "quantised TFLite; its other finder needs PyTorch, which ended the process beside the TensorFlow of today.",
    "face detection": "The original MTCNN of the same weights on TensorFlow, with its defaults (faces from 20 px; ours "
    "from 40 px). Overlap: median intersection over union where both found a face; the boxes' conventions differ.",
    "emotion of a cropped face": "FER-2013 PublicTest against the contest's labels. Ours never saw a copy of these "
    "pictures; what fer's network was trained on is not documented, and may include them.",
    "features of one minute": "WESAD wrists (Empatica E4), 60 s. Ours computes 13 heart, 7 or more skin and motion "
    "features; NeuroKit2 pulse, HRV in time and frequency, skin conductance; FLIRT its HRV, skin and motion sets, on "
    "beat intervals that ours found (it finds none itself). The libraries do not compute the same: read the ratio as "
    "what a minute costs. Difference: median absolute difference of the heart rate from ours, in beats a minute.",
    "decoding of 100 packets": "GATT heart rate with two intervals, and ECG (73 samples) and acceleration (36 samples) "
    "frames of a Polar H10, in turn; decoding alone is timed, on packets that lie ready. bleakheart returns dicts and "
    "lists; ours checks lengths and types and returns frozen messages that encode back to the same bytes.",
}

_TRUST = (
    "One run on a machine with two cores that also did other work, the programs at real-time priority: all met the "
    "same of it, so ratios hold within some percent, while p99 is the machine's more than the program's. Memory is "
    "each process's peak: its Python, its libraries, and the inputs, which are 89 MB of frames in the races of faces."
)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _quality(name: str, track: Track, ours: Run, run: Run) -> Figures:
    if name in ("face to emotion", "face detection"):
        return _faces(ours, run, emotions=name == "face to emotion")
    if name == "emotion of a cropped face":
        with np.load(track.file) as held:
            labels: list[int] = held["labels"].tolist()
        said = [answer.get("emotion") for answer in run.answers]
        right = np.mean([EMOTIONS[label] == word for label, word in zip(labels, said, strict=True)])
        half = 1.96 * float(np.sqrt(right * (1 - right) / len(labels)))
        return {"accuracy": round(float(right), 4), "within_95": round(half, 4)}
    if name == "features of one minute":
        return _rates(ours, run)
    same = [a.get("sum") == b.get("sum") for a, b in zip(ours.answers, run.answers, strict=True)]
    kinds = {str(answer.get("kind")) for answer in ours.answers}
    spent = {
        f"{kind}_us": round(
            float(np.median([ms for ms, a in zip(run.ms, run.answers, strict=True) if a.get("kind") == kind])) * 10, 2
        )
        for kind in sorted(kinds)
    }
    return {"same_values": round(float(np.mean(same)), 4), **spent}


def _faces(ours: Run, run: Run, *, emotions: bool) -> Figures:
    pairs = [(a, b) for a, b in zip(ours.answers, run.answers, strict=True) if a.get("box") and b.get("box")]
    told: Figures = {
        "found": round(float(np.mean([bool(answer.get("box")) for answer in run.answers])), 4),
        "overlap_with_ours": round(float(np.median([_overlap(a["box"], b["box"]) for a, b in pairs])), 3)
        if pairs
        else None,
    }
    if emotions and pairs:
        told["same_emotion_as_ours"] = round(float(np.mean([a["emotion"] == b["emotion"] for a, b in pairs])), 4)
    return told


def _rates(ours: Run, run: Run) -> Figures:
    def rate(answer: Answer) -> float | None:
        value = answer.get("heart_rate")
        return float(value) if isinstance(value, int | float) and np.isfinite(value) else None

    both = [(a, b) for a, b in zip(map(rate, ours.answers), map(rate, run.answers), strict=True) if a and b]
    gap = float(np.median([abs(a - b) for a, b in both])) if both else None
    known = float(np.mean([rate(answer) is not None for answer in run.answers]))
    return {"heart_rate_known": round(known, 4), "difference_bpm": None if gap is None else round(gap, 2)}


def _overlap(first: object, second: object) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    ax, ay, aw, ah = cast(list[float], first)
    bx, by, bw, bh = cast(list[float], second)
    wide = min(ax + aw, bx + bw) - max(ax, bx)
    high = min(ay + ah, by + bh) - max(ay, by)
    inside = max(wide, 0.0) * max(high, 0.0)
    return inside / (aw * ah + bw * bh - inside)


if __name__ == "__main__":
    import sys

    print(table(json.loads(Path(sys.argv[1]).read_text())["races"]))

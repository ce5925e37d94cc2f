"""How fast and how surely faces are found: `python tests/benchmarks/faces.py [--data ../shared/data]` prints JSON.

One thread. Times are per frame of the given size: `p50`, `p99` and `mean_ms` on the wall, `cpu_p50` and `cpu_p99` of
the processor, which other programs on the machine do not lengthen (all in milliseconds). Recall is found frames of
frames with a face; ghosts are faces found on frames of nobody.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from edge.clock import HostNs
from edge.flow import Crop, Frame
from edge.sensing.face import FaceFinder
from edge.sensing.face_align import align
from edge.sensing.face_canvas import fit
from edge.sensing.face_cascade import DetectorPlan, Networks, detect


class Cost(NamedTuple):
    """What one piece of work took."""

    wall_ms: float
    cpu_ms: float


class Outcome(NamedTuple):
    """One frame's result and cost."""

    crop: Crop | None
    cost: Cost


def main() -> None:
    """Measure, print one JSON object."""
    parser = argparse.ArgumentParser(description="face detection: time, recall, false positives")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="directory that holds clips/")
    data: Path = parser.parse_args().data
    os.environ["VAGUS_DATA"] = str(data.resolve())
    from tests.fakes.detector import load_detector
    from tests.fakes.faces import animate, recorded

    cv2.setNumThreads(1)
    before_mb = _rss_mb()
    plan, networks = load_detector()
    FaceFinder(networks, plan).find(Frame(np.zeros((480, 640, 3), np.uint8), HostNs(0), 0))
    detector_mb = round(_rss_mb() - before_mb, 1)
    shots = list(animate())
    portrait = [shot.frame for shot in shots]
    present = [shot.face is not None for shot in shots]
    report: dict[str, object] = {
        "detector_mb": detector_mb,
        "parts_ms": _parts(portrait[:120], plan, networks),
        "animated_portrait": _judge(portrait, present, plan, networks),
    }
    for clip, face in (
        ("pyfeat_single_face.mp4", True),
        ("intel_head-pose-face-detection-male.gif", True),
        ("pyfeat_WolfgangLanger_Pexels.mp4", True),
        ("pyfeat_no_face.mp4", False),
    ):
        if (data / "clips" / clip).is_file():
            frames = list(recorded(clip))
            report[clip] = _judge(frames, [face] * len(frames), plan, networks)
    print(json.dumps(report, indent=1))


def _judge(frames: list[Frame], present: list[bool], plan: DetectorPlan, networks: Networks) -> dict[str, object]:
    """Recall, ghosts and times, with a detection on every frame and on every fifth."""
    verdict: dict[str, object] = {"frames": len(frames), "size": list(frames[0].image.shape[1::-1])}
    for every in (1, 5):
        finder = FaceFinder(networks, plan, every)
        outcomes = [_timed(finder, frame) for frame in frames]
        found = [outcome.crop is not None for outcome in outcomes]
        faces = sum(present)
        verdict[f"every_{every}"] = {
            "recall": round(sum(f and p for f, p in zip(found, present, strict=True)) / faces, 4) if faces else None,
            "ghosts": sum(f and not p for f, p in zip(found, present, strict=True)),
            "mean_ms": round(float(np.mean([outcome.cost.wall_ms for outcome in outcomes])), 2),
            **_spread(outcome.cost for outcome in outcomes),
            "detected_ms": _spread(o.cost for o in outcomes if o.crop is not None and not o.crop.tracked),
            "followed_ms": _spread(o.cost for o in outcomes if o.crop is not None and o.crop.tracked),
        }
    return verdict


def _parts(frames: list[Frame], plan: DetectorPlan, networks: Networks) -> dict[str, object]:
    """What the stages cost, each alone."""
    canvases = [fit(frame.image, plan.canvas, None)[0].image for frame in frames]
    finder = FaceFinder(networks, plan)
    crop = next(found for frame in frames if (found := finder.find(frame)) is not None)
    return {
        "prepare": _spread(_cost(lambda frame=frame: fit(frame.image, plan.canvas, None)) for frame in frames),
        "detect": _spread(_cost(lambda canvas=canvas: detect(canvas, plan, networks)) for canvas in canvases),
        "crop": _spread(_cost(lambda frame=frame: align(frame.image, crop.landmarks)) for frame in frames),
    }


def _timed(finder: FaceFinder, frame: Frame) -> Outcome:
    crops: list[Crop | None] = []
    cost = _cost(lambda: crops.append(finder.find(frame)))
    return Outcome(crops[0], cost)


def _cost(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    return Cost((time.perf_counter() - wall) * 1e3, (time.thread_time() - cpu) * 1e3)


def _spread(costs: Iterable[Cost]) -> dict[str, float]:
    values = np.array(list(costs))
    if not len(values):
        return {"n": 0}
    (p50, cpu_p50), (p99, cpu_p99) = np.percentile(values, [50, 99], axis=0).round(2).tolist()
    return {"p50": p50, "p99": p99, "cpu_p50": cpu_p50, "cpu_p99": cpu_p99, "n": len(values)}


def _rss_mb() -> float:
    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    main()

"""Ours and theirs on the same inputs in the same run, taking turns: figures and ratios as JSON, and a table.

    python tests/benchmarks/peers/race.py --data ../shared/data --json docs/peers.json --table docs/peers.md

Each program is a process of one thread; they are asked for some items each in turn, so that what else the machine does
falls on all alike. Peers are installed by `uv run` when the race begins, each into an environment of its own: they
cannot live in one, nor in ours.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.benchmarks.peers import inputs, judging

HERE = Path(__file__).parent
UV = shutil.which("uv") or str(HERE.parents[2] / ".uv" / "bin" / "uv")
"""The Makefile fetches one where there is none."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"} | {
    "TF_NUM_INTEROP_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
}  # fmt: skip
OURS = "vagus"


@dataclass(frozen=True, slots=True)
class Runner:
    """One program in one race."""

    name: str
    job: str
    needs: tuple[str, ...] = ()
    """Packages of a peer; none: it is ours."""

    @property
    def command(self) -> list[str]:
        if not self.needs:
            return [sys.executable, str(HERE / "ours.py"), self.job]
        given = [part for package in self.needs for part in ("--with", package)]
        uv = [UV, "run", "-q", "--no-project", "--isolated", "--python", "3.11", *given, "--", "python"]
        return [*uv, str(HERE / "theirs.py"), self.job]


FER = ("fer==25.10.3", "setuptools<81", "opencv-python-headless<5", "opencv-contrib-python<5")
RACES: dict[str, tuple[int, tuple[Runner, ...]]] = {
    "face to emotion": (
        5,
        (
            Runner(OURS, "face"),
            Runner(f"{OURS}, followed between detections", "followed"),
            Runner("fer 25.10.3", "fer", FER),
        ),
    ),
    "face detection": (5, (Runner(OURS, "detect"), Runner("mtcnn 1.0.0", "mtcnn", ("mtcnn==1.0.0", "tensorflow")))),
    "emotion of a cropped face": (25, (Runner(OURS, "emotions"), Runner("fer 25.10.3", "fer_emotions", FER))),
    "features of one minute": (
        5,
        (
            Runner(OURS, "features"),
            Runner("NeuroKit2 0.2.13", "neurokit", ("neurokit2==0.2.13",)),
            Runner("FLIRT 0.0.2", "flirt", ("flirt==0.0.2", "numpy<2", "pandas<2.2", "scipy<1.12")),
        ),
    ),
    "decoding of 100 packets": (
        6,
        (Runner(OURS, "decoding"), Runner("bleakheart 0.2.0", "bleakheart", ("bleakheart==0.2.0", "numpy"))),
    ),
}
"""Name -> items a turn, and who runs; ours first."""


@dataclass(slots=True)
class Run:
    """What one program did."""

    name: str
    ready_s: float
    ms: list[float] = field(default_factory=list[float])
    answers: list[judging.Answer] = field(default_factory=list[judging.Answer])
    rss_mb: float = 0.0


def main() -> None:
    """Run the races that are asked for; print or write what came out."""
    parser = argparse.ArgumentParser(description="ours and theirs on the same inputs, taking turns")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="directory with clips/ and the .npz")
    parser.add_argument("--json", type=Path, help="where to write the figures; default: standard output")
    parser.add_argument("--table", type=Path, help="where to write a table for people (Markdown)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the inputs, for a quick look")
    parser.add_argument("--race", action="append", choices=sorted(RACES), help="this race only; may be repeated")
    asked = parser.parse_args()
    chosen = cast(list[str] | None, asked.race) or list(RACES)
    with TemporaryDirectory() as place:
        report = {name: run(name, course(name, asked.data, Path(place), asked.share)) for name in chosen}
    told = {"machine": platform.machine(), "cpus": os.cpu_count(), "python": platform.python_version(), "races": report}
    text = json.dumps(told, indent=1)
    asked.json.write_text(text + "\n") if asked.json else print(text)
    if asked.table:
        asked.table.write_text(judging.table(report))


def course(name: str, data: Path, place: Path, share: float) -> inputs.Course:
    """The inputs of one race."""

    def some(n: int) -> int:
        return max(1, round(n * share))

    if name in ("face to emotion", "face detection"):
        return inputs.frames(data, place, some(50))
    if name == "emotion of a cropped face":
        return inputs.faces(data, place, some(3589))
    if name == "features of one minute":
        return inputs.minutes(data, place, some(8))
    return inputs.packets(place)


def run(name: str, track: inputs.Course) -> dict[str, object]:
    """One race: everybody gets ready, then takes turns."""
    turn, runners = RACES[name]
    with ExitStack() as stack:
        processes = [stack.enter_context(_start(runner, track)) for runner in runners]
        runs = [
            Run(runner.name, float(cast(float, _line(process)["ready_s"])))
            for runner, process in zip(runners, processes, strict=True)
        ]
        for process in processes:  # a first time that does not count
            _ask(process, 0, min(2, track.items))
        for first in range(0, track.items, turn):
            for one, process in zip(runs, processes, strict=True):
                said = _ask(process, first, min(first + turn, track.items))
                one.ms += cast(list[float], said["ms"])
                one.answers += cast(list[judging.Answer], said["answers"])
                one.rss_mb = cast(float, said["rss_mb"])
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
    print(f"{name}: {track.items} items", file=sys.stderr)
    return judging.judge(name, track, runs)


def _start(runner: Runner, track: inputs.Course) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*runner.command, str(track.file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | ONE_THREAD,
        cwd=HERE,
    )


def _ask(process: "subprocess.Popen[str]", first: int, last: int) -> dict[str, object]:
    line = cast(IO[str], process.stdin)
    line.write(f"{first} {last}\n")
    line.flush()
    return _line(process)


def _line(process: "subprocess.Popen[str]") -> dict[str, object]:
    said = cast(IO[str], process.stdout).readline()
    if not said:
        raise SystemExit(f"{' '.join(cast(Sequence[str], process.args))} ended; run it by hand to see why")
    return json.loads(said)


if __name__ == "__main__":
    main()

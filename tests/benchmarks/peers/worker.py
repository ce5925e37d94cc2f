"""One program of the race: asked for items over a pipe, it answers with what it found and how long each took.

Standard library and NumPy only: peers run it in environments of their own.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np

Answer = dict[str, object]
Work = Callable[[int], Answer | Callable[[], Answer]]
"""Does one item; what is returned as a function is called when the clock has stopped."""


def serve(jobs: Mapping[str, Callable[[str], Work]]) -> None:
    """`python FILE JOB INPUTS`: prepare the job, then answer each line `FROM TO` with one line of JSON."""
    # Libraries print what they like; the pipe is ours.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    job, inputs = sys.argv[1:]
    begun = time.perf_counter()
    work = jobs[job](inputs)
    print(json.dumps({"ready_s": round(time.perf_counter() - begun, 2)}), file=answers)
    for line in sys.stdin:
        first, last = map(int, line.split())
        told: list[Answer] = []
        spent_ms: list[float] = []
        for item in range(first, last):
            start = time.perf_counter()
            answer: Answer | Callable[[], Answer]
            try:
                answer = work(item)
            except Exception as error:  # noqa: BLE001  a peer may fail in any way: that is a finding, not our end
                answer = {"failed": f"{type(error).__name__}: {error}"[:200]}
            spent_ms.append((time.perf_counter() - start) * 1e3)
            told.append(answer() if callable(answer) else answer)
        print(json.dumps({"ms": spent_ms, "answers": told, "rss_mb": _peak_mb()}), file=answers)


def batches(inputs: str) -> list[tuple[str, list[bytearray]]]:
    """The packets of the decoding race, as a radio's library hands them out: each item's kind, and what it decodes."""
    with np.load(inputs, allow_pickle=False) as held:
        kinds, rows, count = held["kinds"].tolist(), held["rows"].tolist(), int(held["batch"])
        sent = {kind: held[kind] for kind in set(kinds)}
    return [
        (kind, [bytearray(packet.tobytes()) for packet in sent[kind][row : row + count]])
        for kind, row in zip(kinds, rows, strict=True)
    ]


def _peak_mb() -> float:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123  as short as it can be
        line = next(line for line in status if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)

"""Run by an arm64 Python: opens a bundle as a device does, and answers what every network is asked.

Arguments: the bundle's directory, the questions (`NETWORK/INPUT` to rows in the file's dtype), where the answers go
(`NETWORK/OUTPUT`). Prints one JSON object on the processor and the runtime; a refusal ends it with a traceback.
"""

import json
import platform
import sys
from pathlib import Path

import numpy as np

from edge.bundle import Bundle
from edge.inference.ports import Raw


def main() -> None:
    """Open, canary and all; then row by row."""
    place, asked, answered = map(Path, sys.argv[1:])
    bundle = Bundle.open(place)
    with np.load(asked, allow_pickle=False) as stored:
        questions = {key: stored[key] for key in stored.files}
    answers, runtimes = answer(bundle, questions)
    np.savez(answered, allow_pickle=False, **answers)
    told = {"machine": platform.machine(), "python": platform.python_version(), "runtimes": sorted(runtimes)}
    print(json.dumps(told))


def answer(bundle: Bundle, questions: dict[str, Raw]) -> tuple[dict[str, Raw], set[str]]:
    """Every network's outputs (rows, ...) in the file's dtype, and the runtimes that gave them."""
    answers: dict[str, Raw] = {}
    runtimes: set[str] = set()
    for name, _ in bundle.contract.networks():
        network = bundle.network(name)
        runtimes.add(network.runtime.split()[0])
        feeds = {port: questions[f"{name}/{port}"] for port in network.inputs}
        rows = [
            network.run_raw({port: values[row : row + 1] for port, values in feeds.items()})
            for row in range(len(next(iter(feeds.values()))))
        ]
        answers |= {f"{name}/{port}": np.concatenate([row[port] for row in rows]) for port in network.outputs}
    return answers, runtimes


if __name__ == "__main__":
    main()

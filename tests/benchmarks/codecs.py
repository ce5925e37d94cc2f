"""How fast the codecs read, and whether a million wrong packets can make one fail: prints one JSON object.

python tests/benchmarks/codecs.py [--packets 1000000] [--seed 1]
"""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

# The vectors are read by the tests' own reader, which is not installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from firmware_bridge.errors import CodecError
from tests.vectors.reading import Vector, vectors

_TIMED_S = 0.2


def speed(chosen: list[Vector]) -> float:
    """Packets a second that one format's vectors are read at."""
    rounds, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < _TIMED_S:
        for _ in range(50):
            for vector in chosen:
                vector.read()
        rounds += 50 * len(chosen)
    return rounds / spent


def wrong_packet(chance: random.Random, vector: Vector) -> bytes:
    """Random bytes, or a vector with some bytes changed, cut off or added."""
    if chance.random() < 0.3:
        return chance.randbytes(chance.randrange(64))
    packet = bytearray(vector.payload)
    for _ in range(chance.randint(1, 4)):
        if packet:
            packet[chance.randrange(len(packet))] = chance.randrange(256)
    if chance.random() < 0.2:
        packet = packet[: chance.randrange(len(packet) + 1)]
    if chance.random() < 0.2:
        packet += chance.randbytes(chance.randrange(20))
    return bytes(packet)


def fuzz(chosen: list[Vector], packets: int, seed: int) -> dict[str, float | int]:
    """Read so many wrong packets; anything but a message or a CodecError ends the program with its traceback."""
    chance, refused, begun = random.Random(seed), 0, time.perf_counter()
    for _ in range(packets):
        vector = chosen[chance.randrange(len(chosen))]
        packet = wrong_packet(chance, vector)
        try:
            vector.read(packet)
        except CodecError:
            refused += 1
    return {
        "packets": packets,
        "refused": refused,
        "read": packets - refused,
        "s": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    formats: dict[str, list[Vector]] = defaultdict(list)
    for vector in vectors():
        formats[vector.name.partition(":")[0]].append(vector)
    packets_per_s = {name: round(speed(chosen)) for name, chosen in formats.items()}
    print(json.dumps({"packets_per_s": packets_per_s, "fuzz": fuzz(vectors(), given.packets, given.seed)}, indent=1))


if __name__ == "__main__":
    main()

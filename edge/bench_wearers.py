"""People to measure with: boards on TCP in a process beside the daemon's, each spoken for beforehand."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Sequence
from itertools import islice

from edge.clock import SystemClock
from edge.refusal import RefusalError
from firmware_bridge import gatt
from firmware_bridge.links.formats import FORMATS
from firmware_bridge.links.pace import Pace
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear

_START_S = 60.0

Frame = tuple[int, bytes]
"""When it is sent, in ns of watch time, and its bytes on the line."""


@contextlib.asynccontextmanager
async def wearers(people: Sequence[int], seconds: float, speed: float) -> AsyncGenerator[str]:
    """The address of a TCP port where each who connects hears the next of these, for so many seconds of watch time.

    What a person's body does is thought out before anybody connects, and in another process: a watch is no part of the
    daemon, and to make a second of it costs as much as to hear it.
    """
    arguments = [",".join(map(str, people)), str(round(seconds)), str(speed)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.bench_wearers", *arguments, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_S):
            port = (await process.stdout.readline()).decode().strip()
        if not port:
            raise RefusalError("the wearers to measure with did not start; see what they said above")
        yield f"tcp:127.0.0.1:{port}?format=stream"
    finally:
        process.stdin.close()
        await process.wait()


def spoken(seed: int, seconds: int) -> list[Frame]:
    """What a board says over a line: the sensors' frames; a watch's standard services have no place there."""
    wrap = FORMATS["stream"].wrap
    said = Watch().speak(islice(wear(seed), seconds))
    return [(each.at_ns, wrap(each.payload)) for each in said if each.source == gatt.STREAM]


async def serve(lives: list[list[Frame]], speed: float) -> None:
    """Speak to whoever connects, one life each, until standard input ends; print the port first."""
    clock = SystemClock()

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pace = Pace(clock.now, speed)
        # who is cancelled at the end is a fault in the eyes of Python 3.11's streams, and told at length
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            for at_ns, frame in lives.pop():
                await pace.until(at_ns)
                writer.write(frame)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """`python -m edge.bench_wearers SEED,SEED... SECONDS SPEED`."""
    people, seconds, speed = sys.argv[1:]
    lives = [spoken(int(seed), int(seconds)) for seed in reversed(people.split(","))]
    asyncio.run(serve(lives, float(speed)))


if __name__ == "__main__":
    main()

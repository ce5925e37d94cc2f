"""A thread that is at work when the process ends comes to its end first."""

import subprocess
import sys

PROGRAM = """
import asyncio, contextlib, threading
from edge.worker import Worker

def slow():
    threading.Event().wait(0.3)
    print("done", flush=True)

async def main():
    with Worker("slow") as worker, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await worker.do(10, slow)

asyncio.run(main())
print("over", flush=True)
"""


def test_the_end_of_the_process_waits_for_what_a_thread_still_does() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout.split()) == (0, ["over", "done"]), ended.stderr

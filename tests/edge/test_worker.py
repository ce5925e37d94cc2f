"""A thread that is at work when the process ends comes to its end first."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from edge.worker import StuckError, Worker

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


async def test_what_comes_while_the_loop_is_held_up_is_taken_after_its_time() -> None:
    held = threading.Event()
    with Worker("held up") as worker:
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, lambda: (held.set(), time.sleep(0.3)))  # a disk, or a machine that was put to sleep
        assert await worker.do(0.1, held.wait, 10) is True


async def test_a_time_out_of_the_calls_own_is_no_stuck_thread() -> None:
    def fails() -> None:
        raise TimeoutError("its own")

    with Worker("own") as worker, pytest.raises(TimeoutError, match="its own") as raised:
        await worker.do(10, fails)
    assert not isinstance(raised.value, StuckError)


async def test_what_nobody_waits_for_is_done_when_nothing_else_waits() -> None:
    going, done, held = threading.Event(), list[int](), threading.Event()

    def fails() -> None:
        done.append(1)
        raise ValueError("nobody hears this")

    with Worker("idle") as worker:
        worker.if_none_waits(lambda: (going.set(), held.wait(10)))
        await asyncio.to_thread(going.wait, 10)
        worker.if_none_waits(fails)
        worker.if_none_waits(done.append, 2)  # one waits already
        held.set()
        await worker.do(10, done.append, 3)
    assert done == [1, 3]

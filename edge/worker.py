"""A thread that does one thing after another, and can be left behind when one of them never ends.

The standard pool's threads are joined when the interpreter ends, so that one stuck network would keep the process from
ever ending; a stuck thread cannot be killed either.
"""

import asyncio
import atexit
import queue
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class StuckError(TimeoutError):
    """A thread has not come back in time; it was left behind."""


@dataclass(frozen=True, slots=True)
class _Task:
    call: Callable[[], Any]
    done: asyncio.Future[Any] | None
    """None when nobody waits for it."""


_left: set[threading.Thread] = set()
_begun: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
_END_S = 2.0
"""How long the end of the process waits for what a thread still does."""


def leave_behind(thread: threading.Thread) -> None:
    """Count a thread that is stuck."""
    _left.add(thread)


def left_behind() -> int:
    """Threads of this process that were left behind and have not ended since."""
    _left.intersection_update(thread for thread in tuple(_left) if thread.is_alive())
    return len(_left)


@atexit.register
def _end() -> None:
    # A thread that comes back from native code into an interpreter that has ended aborts the process.
    for thread in {*_begun, *_left}:
        thread.join(_END_S)


class Worker:
    """One thread for one lane; a context manager. After a StuckError it goes on with a new thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[_Task | None] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        """Let the thread end after what it does now, without waiting for it."""
        if self._tasks is not None:
            self._tasks.put(None)
            self._tasks = self._thread = None

    async def do(self, limit_s: float, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result; StuckError, and a new thread for the next call, when it takes longer than ``limit_s``."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._queue().put(_Task(lambda: call(*args, **kwargs), done))
        try:
            async with asyncio.timeout(limit_s):
                return await done
        except TimeoutError as error:
            if not done.cancelled():
                return done.result()  # it came while the loop was held up; or it raises a TimeoutError of its own
            self._leave()
            raise StuckError(f"{self._name} did not come back in {limit_s:g} s") from error

    def if_none_waits(self, call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """The call, unless another waits already: for what can be done without, as nobody hears how it ended."""
        tasks = self._queue()
        if tasks.empty():
            tasks.put(_Task(lambda: call(*args, **kwargs), None))

    def _queue(self) -> queue.SimpleQueue[_Task | None]:
        if self._tasks is None:
            self._tasks = queue.SimpleQueue()
            self._thread = threading.Thread(target=_serve, args=(self._tasks,), name=self._name, daemon=True)
            self._thread.start()
            _begun.add(self._thread)
        return self._tasks

    def _leave(self) -> None:
        """Give the thread up: should it ever come back, it finds that it may end."""
        if self._tasks is not None and self._thread is not None:
            self._tasks.put(None)
            leave_behind(self._thread)
        self._tasks = self._thread = None


def _serve(tasks: "queue.SimpleQueue[_Task | None]") -> None:
    while (task := tasks.get()) is not None:
        try:
            result = task.call()
        except Exception as error:  # noqa: BLE001 - whoever awaits the call gets it
            _tell(task.done, None, error)
        else:
            _tell(task.done, result, None)


def _tell(done: asyncio.Future[Any] | None, result: object, error: Exception | None) -> None:
    if done is None:
        return

    def settle() -> None:
        if done.done():  # nobody waits any more
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    loop = done.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)

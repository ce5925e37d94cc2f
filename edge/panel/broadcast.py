"""One look at the daemon, told to every open page at once as server-sent events (WHATWG HTML, 9.2)."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Mapping

import msgspec

from edge.lanes import Lane
from edge.panel.errors import BusyError
from edge.panel.snapshot import Source
from edge.panel.tap import Tap

PERIOD_S = 0.1
SLOW = 10
"""So many beats of signals to one of everything else."""
PAGES = 8
"""Pages open at once; each costs the same few kB/s."""
WAITING = 50
"""Events that a slow page may lag behind, five seconds; then it loses the oldest."""


class Broadcast:
    """Looks at the source while a page is open; while none is, it costs nothing."""

    def __init__(self, source: Source, rest: Callable[[], Mapping[str, object]]) -> None:
        """``rest`` is asked what else to tell with the snapshot: the recording and the pairing under way."""
        self._source = source
        self._rest = rest
        self._tap = Tap()
        self._pages: list[Lane[bytes]] = []
        self._someone = asyncio.Event()
        self._beats = 0

    @property
    def pages(self) -> int:
        """How many are open."""
        return len(self._pages)

    @contextlib.contextmanager
    def join(self) -> Generator[Lane[bytes]]:
        """Events for one page, as bytes ready to be sent; BusyError when too many pages are open."""
        if len(self._pages) >= PAGES:
            raise BusyError(f"{PAGES} pages are open already; close one of them")
        page: Lane[bytes] = Lane("page", size=WAITING)
        if not self._pages:
            self._source.attend(self._tap.put)
            self._someone.set()
        self._pages.append(page)
        page.put(self._state())
        try:
            yield page
        finally:
            self._pages.remove(page)
            if not self._pages:
                self._someone.clear()
                self._source.attend(None)
                self._tap.clear()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._someone.wait()
            self.beat()
            await asyncio.sleep(PERIOD_S)

    def beat(self) -> None:
        """Tell every page what came since the last beat, and every so often everything else."""
        if bunches := self._tap.take():
            self._tell(event("signals", bunches))
        self._beats += 1
        if self._beats % SLOW == 0:
            self._tell(self._state())

    def refresh(self) -> None:
        """Tell everything else now: the tester has changed something."""
        if self._pages:
            self._tell(self._state())

    def close(self) -> None:
        """End every page's events."""
        for page in self._pages:
            page.close()

    def _state(self) -> bytes:
        told = {"daemon": self._source.snapshot(), "pages": len(self._pages), **self._rest()}
        return event("state", told)

    def _tell(self, message: bytes) -> None:
        for page in self._pages:
            page.put(message)


def event(name: str, data: object) -> bytes:
    """One event; JSON holds no line breaks, so one `data` line carries it."""
    return b"event: %s\ndata: %s\n\n" % (name.encode("ascii"), msgspec.json.encode(data))

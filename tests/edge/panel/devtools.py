"""Chromium as a tester runs it, asked over its DevTools protocol: nothing of the page is recorded, so memory is true.

Playwright enables Chromium's network recorder, which keeps what an event stream brought; here nothing is enabled.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import psutil

from tests.edge.panel.browser import CHROMIUM, FLAGS

_START_S = 60.0
_ANSWER_S = 120.0
_MB = 1e6


@dataclass(frozen=True, slots=True)
class PageMemory:
    """What one page holds after a forced garbage collection."""

    heap_mb: float
    nodes: int
    listeners: int


class _Reply(msgspec.Struct):
    id: int = 0
    result: dict[str, object] = {}
    error: dict[str, object] | None = None


class _Metric(msgspec.Struct):
    name: str
    value: float


class RefusedError(RuntimeError):
    """Chromium did not do what it was asked, in its own words."""


class Wire:
    """One DevTools connection; one question at a time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def ask(self, method: str, **given: object) -> dict[str, object]:
        """Ask, pass over events, return the result; RefusedError with Chromium's words if it does not do it."""
        number = next(self._ids)
        question = msgspec.json.encode({"id": number, "method": method, "params": given})
        await self._socket.send_str(question.decode())
        async with asyncio.timeout(_ANSWER_S):
            while True:
                reply = msgspec.json.decode(await self._socket.receive_str(), type=_Reply)
                if reply.id == number:
                    break
        if reply.error is not None:
            raise RefusedError(f"{method}: {reply.error}")
        return reply.result


class Tab(Wire):
    """One open page."""

    async def memory(self) -> PageMemory:
        """Collect garbage, then count."""
        await self.ask("HeapProfiler.collectGarbage")
        told = await self.ask("Performance.getMetrics")
        values = {each.name: each.value for each in msgspec.convert(told["metrics"], list[_Metric])}
        return PageMemory(
            round(values["JSHeapUsedSize"] / _MB, 3), int(values["Nodes"]), int(values["JSEventListeners"])
        )

    async def value(self, expression: str) -> object:
        """What a JavaScript expression is, as JSON; a promise is awaited. RuntimeError with what it threw."""
        told = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(f"{expression}: {told['exceptionDetails']}")
        return msgspec.convert(told["result"], dict[str, object]).get("value")


class Browser:
    """A running Chromium."""

    def __init__(self, process: psutil.Process, wire: Wire, http: aiohttp.ClientSession, port: int) -> None:
        self._process = process
        self._wire = wire
        self._http = http
        self._port = port

    @contextlib.asynccontextmanager
    async def open(self, url: str, size: tuple[int, int]) -> AsyncGenerator[Tab]:
        """A page in a window and with a profile of its own, as another person's browser would be."""
        person = (await self._wire.ask("Target.createBrowserContext"))["browserContextId"]
        target = (
            await self._wire.ask(
                "Target.createTarget",
                url=url, browserContextId=person, newWindow=True, width=size[0], height=size[1],
            )
        )["targetId"]  # fmt: skip
        try:
            async with self._http.ws_connect(f"http://127.0.0.1:{self._port}/devtools/page/{target}") as socket:
                tab = Tab(socket)
                await tab.ask("Performance.enable")
                async with asyncio.timeout(_START_S):
                    while not await _stands(tab, url):  # noqa: ASYNC110 - a page that is not there yet tells nobody
                        await asyncio.sleep(0.05)
                yield tab
        finally:
            await self._wire.ask("Target.disposeBrowserContext", browserContextId=person)

    def rss_mb(self) -> float:
        """Resident memory of all its processes together, shared pages counted in each."""
        return round(sum(_rss(each) for each in self._all()) / _MB, 1)

    def renderers_mb(self) -> float:
        """Resident memory of the processes that hold pages."""
        return round(sum(_rss(each) for each in self._all() if "--type=renderer" in _command(each)) / _MB, 1)

    def renderers_own_mb(self) -> float:
        """What those processes hold for themselves alone (USS): the program's code is not counted."""
        renderers = [each for each in self._all() if "--type=renderer" in _command(each)]
        return round(sum(_own(each) for each in renderers) / _MB, 1)

    def _all(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


@contextlib.asynccontextmanager
async def chromium(profile: Path) -> AsyncGenerator[Browser]:
    """Start it on an empty profile, end it afterwards."""
    flags = (*FLAGS, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *flags, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        port, path = await _port(process)
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"http://127.0.0.1:{port}{path}", max_msg_size=0) as socket,
        ):
            yield Browser(psutil.Process(process.pid), Wire(socket), http, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _stands(tab: Tab, url: str) -> bool:
    """Whether the page is there, whole. Between the empty page and it Chromium has nothing that could be asked."""
    try:
        return bool(await tab.value(f"location.href === '{url}' && document.readyState === 'complete'"))
    except RefusedError:
        return False


async def _port(process: asyncio.subprocess.Process) -> tuple[int, str]:
    """Chromium says on standard error where it listens: `DevTools listening on ws://127.0.0.1:PORT/PATH`."""
    if process.stderr is None:
        raise LookupError("chromium has no standard error")
    async with asyncio.timeout(_START_S):
        async for line in process.stderr:
            _, found, address = line.decode("utf-8", "replace").partition("ws://127.0.0.1:")
            if found:
                port, _, path = address.strip().partition("/")
                return int(port), f"/{path}"
    raise LookupError("chromium ended without saying where it listens")


def _rss(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def _own(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().uss
    except psutil.NoSuchProcess:
        return 0


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []

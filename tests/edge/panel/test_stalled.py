"""Who takes no bytes, breaks off or signs out loses the connection, the place on the page and the open file."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path

import aiohttp
import psutil
import pytest

from edge.panel.pieces import read_on
from edge.panel.sign_in import GUESTS, LASTS_S
from tests.edge.panel.serving import Served, serving

LARGE = 16 * 1024 * 1024
"""More than all buffers between two sockets hold."""
NAME = "20260101-000000"


@contextlib.asynccontextmanager
async def serving_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Served]:
    """A page with room for one connection, which believes in nobody who takes no bytes for a moment."""
    monkeypatch.setattr("edge.panel.pieces.STALLED_S", 0.1)
    monkeypatch.setattr("edge.panel.server.CONNECTIONS", 1)
    folder.joinpath(f"{NAME}.packets").write_bytes(b"{}\n" + bytes(LARGE))
    async with asyncio.timeout(30), serving(folder) as served:
        served.source.shot = replace(served.source.shot, reason="x" * LARGE)
        yield served


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncGenerator[socket.socket]:
    """A client that takes little at a time, and only when it is told to."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
        yield client


async def ask(client: socket.socket, path: str) -> None:
    """Send a request, and take the first bytes of its answer."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert (await loop.sock_recv(client, 100)).startswith(b"HTTP/1.1 200 ")


async def answers(served: Served) -> None:
    """Return when the page answers somebody else; it closes those it has no room for unheard."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"GET /session HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            with contextlib.closing(writer):
                if (await reader.read()).startswith(b"HTTP/1.1 200 "):
                    return


def opened(folder: Path) -> list[str]:
    return [file.path for file in psutil.Process().open_files() if Path(file.path).is_relative_to(folder)]


@pytest.mark.parametrize("path", [f"/recordings/{NAME}", "/events"])
async def test_who_stalls_makes_room_for_others(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_one(tmp_path, monkeypatch) as served, connected(served.port) as client:
        await ask(client, path)
        await answers(served)  # while the client still holds its end, and takes nothing
        assert opened(tmp_path) == []
        assert served.source.tap is None
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_download_that_is_broken_off_leaves_no_file_and_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_one(tmp_path, monkeypatch) as served:
        async with connected(served.port) as client:
            await ask(client, f"/recordings/{NAME}")
        while opened(tmp_path):  # its handler may have yet to see the client leave
            await answers(served)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_download_under_way_when_the_daemon_stops_leaves_no_file() -> None:
    loop, begun, may_go_on, closed = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), False

    def slow_disk() -> Generator[bytes]:
        nonlocal closed
        try:
            loop.call_soon_threadsafe(begun.set)
            may_go_on.wait(10)
            yield b"piece"
        finally:
            closed = True

    pieces = slow_disk()
    reading = asyncio.create_task(read_on(pieces))
    await begun.wait()
    reading.cancel()
    loop.call_soon(may_go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await reading
    pieces.close()  # ValueError while its thread still ran in it
    assert closed


@contextlib.asynccontextmanager
async def signed_in(folder: Path) -> AsyncGenerator[tuple[Served, aiohttp.StreamReader]]:
    """A guest with an open stream, of which the first event is read."""
    async with asyncio.timeout(30), serving(folder, lan=True) as served:
        assert await enter(served) == 200
        async with served.browser.get(f"{served.home}/events") as answer:
            assert await answer.content.readline() == b"event: state\n"
            yield served, answer.content


async def enter(served: Served) -> int:
    return (await served.post("/sign-in", {"token": served.panel.token}))[0]


async def test_a_stream_ends_when_its_guest_signs_out(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (served, stream):
        assert (await served.post("/sign-out", {}))[0] == 200
        await stream.read()


async def test_a_stream_ends_when_its_sign_in_is_too_old(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (served, stream):
        served.clock.move(LASTS_S)
        await stream.read()


async def test_a_stream_ends_when_newer_guests_have_put_its_own_out(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (served, stream):
        for _ in range(GUESTS):
            assert await enter(served) == 200
        await stream.read()

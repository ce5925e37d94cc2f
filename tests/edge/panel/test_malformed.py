"""Ten thousand requests that are none: the page still answers, nothing grows, nothing is logged."""

import asyncio
import logging
import random
import tracemalloc
from pathlib import Path

import pytest

from edge.panel.server import CONNECTIONS
from tests.edge.panel.serving import Served, serving

REQUESTS, AT_ONCE, LIMIT_S = 10_000, 16, 240
GOOD = (
    b"POST /session/tag HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Type: application/json\r\n"
)


def malformed(chance: random.Random) -> bytes:
    """Something near HTTP, or nothing like it."""
    match chance.randrange(8):
        case 0:
            return chance.randbytes(chance.randrange(1, 400))
        case 1:
            return b"GET /" + chance.randbytes(40) + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        case 2:
            return GOOD + b"Content-Length: " + chance.choice((b"-1", b"x", b"1e9", b"99999999999")) + b"\r\n\r\n{}"
        case 3:
            return GOOD + b"Transfer-Encoding: chunked\r\n\r\n" + chance.randbytes(30) + b"\r\n"
        case 4:
            body = chance.randbytes(60)
            return GOOD + b"Content-Length: 60\r\n\r\n" + body
        case 5:
            return b"GET / HTTP/1.1\r\n" + b"X-" + b"a" * chance.randrange(5000, 20000) + b": 1\r\n\r\n"
        case 6:
            flipped = bytearray(GOOD + b'Content-Length: 15\r\n\r\n{"word": "calm"}')
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            return bytes(flipped)
        case _:
            return GOOD + b"Content-Length: 10\r\nContent-Length: 11\r\n\r\n0123456789"


async def send(port: int, request: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        writer.write_eof()
        await reader.read(4096)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def send_all(served: Served, seed: int, requests: int) -> None:
    """As many at once as a browser has connections, several times over."""
    chance = random.Random(seed)
    for _ in range(requests // AT_ONCE):
        await asyncio.gather(*(send(served.port, malformed(chance)) for _ in range(AT_ONCE)))


async def test_ten_thousand_malformed_requests_change_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(LIMIT_S), serving(tmp_path / "recordings") as served:
        await send_all(served, 1, REQUESTS // 10)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await send_all(served, 2, REQUESTS // 10)
        first = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        await send_all(served, 3, REQUESTS - 2 * (REQUESTS // 10))
        assert first < 2_000_000
        assert (await served.get("/session"))[0] == 200
    assert served.source.keep is None
    assert not (tmp_path / "recordings").exists()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_body_that_is_not_packed_as_it_says_is_refused_and_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    packed = GOOD + b"Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 7\r\n\r\ngarbage"
    async with asyncio.timeout(30), serving(tmp_path / "recordings", lan=True) as served:
        for path in (b"/sign-in", b"/session/stop"):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(packed.replace(b"/session/tag", path))
            assert (await reader.read()).split(b" ", 2)[1] in (b"400", b"401")
            writer.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_connections_that_say_nothing_are_bounded_and_keep_nobody_waiting(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        held = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(CONNECTIONS)]
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        async with asyncio.timeout(10):
            assert await reader.read() == b""  # one too many: closed unheard
        for _, each in (*held, (reader, writer)):
            each.close()
            await each.wait_closed()
        for _ in range(100):
            try:
                assert (await served.get("/session"))[0] == 200
                return
            except OSError:  # the server has not yet seen them close
                continue
        pytest.fail("the page did not recover")

"""A long answer, handed on piece by piece to a page that may stall or be gone."""

import asyncio
from collections.abc import Generator

from aiohttp import web

STALLED_S = 15.0
"""A page that takes no bytes, or sends none, for so long is gone."""


async def read_on(pieces: Generator[bytes]) -> bytes:
    """The next of ``pieces``, read in a thread; empty at their end.

    When it is cancelled it waits for the thread first: what runs there could not be closed.
    """
    reading = asyncio.create_task(asyncio.to_thread(next, pieces, b""))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.gather(reading, return_exceptions=True)
        raise


async def hand_on(request: web.Request, answer: web.StreamResponse, piece: bytes) -> bool:
    """Send one more piece of an answer; False when the page is gone, or has taken no bytes for so long."""
    try:
        async with asyncio.timeout(STALLED_S):
            await answer.write(piece)
    except ConnectionError:
        return False
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # closed in order, it would wait for what is unsent, for good
        return False
    return True

"""Open pages hear everything; without one the daemon is not even looked at."""

import json

import pytest

from edge.panel.broadcast import PAGES, SLOW, WAITING, Broadcast
from edge.panel.errors import BusyError
from tests.edge.panel.looked_at import LookedAt, pulse


def broadcast() -> tuple[Broadcast, LookedAt]:
    source = LookedAt()
    return Broadcast(source, lambda: {"session": None}), source


def told(message: bytes) -> tuple[str, dict[str, object]]:
    name, data, *rest = message.decode().split("\n")
    assert rest == ["", ""]
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_a_page_hears_the_state_at_once_then_signals() -> None:
    beating, source = broadcast()
    with beating.join() as page:
        name, state = told(await anext(page))
        assert name == "state"
        assert state["session"] is None
        assert state["pages"] == 1
        assert source.tap is not None
        source.tap(pulse(1000, 5.0))
        beating.beat()
        assert told(await anext(page)) == ("signals", {"pulse": {"t": [1000], "v": [[5.0]], "gap": False}})


async def test_without_a_page_nobody_looks() -> None:
    beating, source = broadcast()
    assert source.tap is None
    with beating.join(), beating.join():
        assert source.tap is not None
    assert source.tap is None
    assert beating.pages == 0
    assert source.looks == 2


async def test_every_page_hears_the_same_and_the_state_comes_now_and_then() -> None:
    beating, source = broadcast()
    with beating.join() as one, beating.join() as two:
        for _ in range(SLOW):
            beating.beat()
        beating.close()
        assert [told(m)[0] async for m in one] == ["state", "state"]
        assert [told(m)[0] async for m in two] == ["state", "state"]
        assert source.looks == 3


async def test_a_page_that_does_not_read_loses_the_oldest() -> None:
    beating, _ = broadcast()
    with beating.join() as page:
        for _ in range(3 * WAITING):
            beating.refresh()
        assert len(page) == WAITING
        assert page.dropped == 2 * WAITING + 1


async def test_one_page_too_many_is_refused_in_words() -> None:
    beating, _ = broadcast()
    pages = [beating.join() for _ in range(PAGES)]
    for page in pages:
        page.__enter__()
    with pytest.raises(BusyError, match="close one"), beating.join():
        pass
    for page in pages:
        page.__exit__(None, None, None)
    with beating.join():
        assert beating.pages == 1

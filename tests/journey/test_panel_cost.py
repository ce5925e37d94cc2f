"""An open page holds no more after a while than before; tests/benchmarks/page.py measures an hour of it."""

import asyncio
from pathlib import Path

from tests.edge.panel.browser import DESK, PHONE, demo, needs_chromium
from tests.edge.panel.devtools import PageMemory, Tab, chromium

TOLD = """new Promise(done => {
  const events = new EventSource('/events');
  let left = %d;
  events.addEventListener('state', () => { left -= 1; if (!left) { events.close(); done(true); } });
})"""

JUDGED = """new Promise(done => {
  const full = id => document.querySelector(id).childElementCount > 0;
  const look = () => (full('#sources') && full('#emotions') ? done(true) : setTimeout(look, 200));
  look();
})"""


@needs_chromium
async def test_two_pages_hold_no_more_after_a_while(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        async with (
            chromium(tmp_path / "profile") as browser,
            browser.open(running.home, DESK) as desk,
            browser.open(running.home, PHONE) as phone,
        ):
            for tab in (desk, phone):
                assert await tab.value(JUDGED)  # what comes for the first time is new to the page
            before = await asyncio.gather(after(desk, 5), after(phone, 5))
            afterwards = await asyncio.gather(after(desk, 5), after(phone, 5))
            for first, last, tab in zip(before, afterwards, (desk, phone), strict=True):
                assert last.heap_mb - first.heap_mb < 0.5
                assert last.nodes - first.nodes < 60
                assert last.listeners == first.listeners
                assert await tab.value("document.querySelector('#line').dataset.state") == "good"


async def after(tab: Tab, seconds: int) -> PageMemory:
    """What the page holds when the daemon has told its state so many times, once a second.

    The least of three looks: what a state has just replaced is garbage that one look may still count.
    """
    assert await tab.value(TOLD % seconds)
    return min([await tab.memory() for _ in range(3)], key=lambda memory: memory.nodes)

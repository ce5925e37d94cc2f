"""An open page holds no more after a while than before; tests/benchmarks/page.py measures an hour of it."""

from pathlib import Path

from tests.edge.panel.browser import DESK, PHONE, demo, needs_chromium
from tests.edge.panel.devtools import PageMemory, Tab, chromium

TOLD = """new Promise(done => {
  const events = new EventSource('/events');
  let left = %d;
  events.addEventListener('state', () => { left -= 1; if (!left) { events.close(); done(true); } });
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
                assert await holds_no_more(tab)
                assert await tab.value("document.querySelector('#line').dataset.state") == "good"


async def holds_no_more(tab: Tab) -> bool:
    """Whether there are five seconds after which it holds what it held before: what comes for the first time, such as
    a judgement and an alert, is new to the page; what grows, grows always."""
    before = await after(tab, 5)
    for _ in range(12):
        now = await after(tab, 5)
        if (
            now.heap_mb - before.heap_mb < 0.5
            and now.nodes - before.nodes < 60
            and now.listeners == before.listeners
            and await tab.value("document.querySelectorAll('#sources dd').length > 0")
        ):
            return True
        before = now
    return False


async def after(tab: Tab, seconds: int) -> PageMemory:
    """What the page holds when the daemon has told its state so many times, once a second."""
    assert await tab.value(TOLD % seconds)
    return await tab.memory()

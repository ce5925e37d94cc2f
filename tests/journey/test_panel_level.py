"""The gauge shows what the state is decided from; the bars show what the models say of this moment."""

import asyncio
from pathlib import Path

from playwright.async_api import async_playwright

from edge.panel.server import open_panel
from edge.panel.settings import PanelSettings
from tests.edge.panel.browser import CHROMIUM, FLAGS, needs_chromium
from tests.edge.panel.looked_at import LookedAt, ScriptedRadio
from tests.fakes.clock import HandClock

pytestmark = needs_chromium


async def test_the_gauge_follows_the_level_that_decides(tmp_path: Path) -> None:
    """The models say 81 % of this moment, stress begins at 60 %: only the level says whether it does."""
    source, settings = LookedAt(), PanelSettings(enabled=True, port=0)
    source.level = 0.42
    async with (
        asyncio.timeout(150),
        open_panel(settings, source, ScriptedRadio(), HandClock(), tmp_path) as panel,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = await browser.new_page()
            await page.goto(panel.addresses[0])
            await page.wait_for_selector("#gauge[data-over=false]")
            assert await page.inner_text("#moment") == "42 %"
            assert await page.get_attribute("#gauge", "aria-label") == "Stress 42 %; it counts from 60 %"
            assert (await page.inner_text("#sources")).split("\n") == ["Now", "81 %", "Wrist", "76 %", "Face", "66 %"]
            assert "your own last hour" in await page.inner_text("#age")
            source.own_level = False
            await page.wait_for_function("() => !document.querySelector('#age').textContent.includes('last hour')")
            source.level = 0.66
            await page.wait_for_selector("#gauge[data-over=true]")
            assert await page.inner_text("#moment") == "66 %"
            source.level = None
            await page.wait_for_selector("#gauge[aria-label='Stress is not known yet']")
            assert await page.inner_text("#moment") == ""
        finally:
            await browser.close()

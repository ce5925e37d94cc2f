"""A passkey watch paired from the page: Chromium, our server, bleak, an emulated bluetoothd and a virtual radio."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from edge.page_radio import Bluetooth
from edge.panel.server import open_panel
from edge.panel.settings import PanelSettings
from edge.settings import Settings, WatchSettings, read_settings
from tests.edge.panel.browser import CHROMIUM, FLAGS, needs_chromium
from tests.edge.panel.looked_at import LookedAt
from tests.edge.panel.room import ADDRESS, KEY, watch_in_the_room
from tests.fakes.clock import HandClock

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (package dbus)"),
]


@asynccontextmanager
async def opened(config: Path, folder: Path) -> AsyncGenerator[Page]:
    radio = Bluetooth(Settings(watch=WatchSettings(allowed=(ADDRESS,))), config)
    settings = PanelSettings(enabled=True, port=0)
    async with open_panel(settings, LookedAt(), radio, HandClock(), folder) as panel, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = await browser.new_page(viewport={"width": 360, "height": 740})
            await page.goto(f"{panel.addresses[0]}#pair")
            yield page
        finally:
            await browser.close()


async def test_a_passkey_watch_is_paired_from_the_page(tmp_path: Path) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text("# mine\n[watch]\naddress = ''\n")
    async with asyncio.timeout(150), watch_in_the_room(), opened(config, tmp_path / "recordings") as page:
        await page.click("#scan")
        await page.click("#devices button")
        await page.fill("#digits", "111111")
        await page.press("#digits", "Enter")
        await page.wait_for_selector("#pair-trouble:has-text('passkey')")
        await page.click("#devices button")
        await page.fill("#digits", str(KEY))
        await page.press("#digits", "Enter")
        await page.wait_for_selector(".beat:has-text('bpm')")
        assert "vagus.toml" in await page.inner_text("#pair-body")
    assert read_settings(config).watch.address == f"ble:{ADDRESS}"
    assert config.read_text().startswith("# mine\n")

"""A tester's ten minutes: pair a passkey watch on the page, see its pulse, record, download, replay, hear the same.

Chromium, the page on a whole daemon, bleak, an emulated bluetoothd and a virtual radio. The wearer and the daemon live
eight times as fast as life, so that minutes of signal take seconds.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from edge.flow import Prediction
from edge.judges import Judges
from edge.page import DaemonPage
from edge.page_radio import Bluetooth
from edge.panel.server import open_panel
from edge.panel.settings import PanelSettings
from edge.service import Service, open_service
from edge.settings import Settings, WatchSettings, read_settings
from tests.edge.panel.browser import CHROMIUM, FLAGS, needs_chromium
from tests.edge.panel.room import ADDRESS, KEY, watch_in_the_room

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (package dbus)"),
]
SPEED = 8.0
JUDGED = 6
"""Predictions to be compared: one a hop of 5 s, the first after a window of a minute."""
MOVING = """async () => {
  const canvas = document.querySelector('#c-pulse');
  const before = canvas.toDataURL();
  const began = performance.now();
  while (canvas.toDataURL() === before) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


class Said:
    """What a daemon's wrist network says, until that is enough."""

    def __init__(self, judges: Judges, patch: pytest.MonkeyPatch) -> None:
        self.stress: list[float] = []
        self.enough = asyncio.Event()
        self._judges_said = judges.said
        patch.setattr(judges, "said", self._said)

    def _said(self, prediction: Prediction) -> bool:
        """Nobody else is told of each one: a page shows the newest."""
        if prediction.wrist is not None and len(self.stress) < JUDGED:
            self.stress.append(prediction.wrist)
            if len(self.stress) == JUDGED:
                self.enough.set()
        return self._judges_said(prediction)


@asynccontextmanager
async def listening(settings: Settings, patch: pytest.MonkeyPatch) -> AsyncGenerator[tuple[Service, Said]]:
    """A running daemon, and what it says."""
    stop = asyncio.Event()
    async with open_service(settings, speed=SPEED) as service, asyncio.TaskGroup() as lanes:
        said = Said(service.daemon.judges, patch)
        lanes.create_task(service.daemon.run(stop))
        yield service, said
        stop.set()


@asynccontextmanager
async def opened(service: Service, settings: Settings, config: Path) -> AsyncGenerator[Page]:
    """The daemon's page in a browser, allowed to follow a watch at another pace than life's."""
    daemon, place = service.daemon, PanelSettings(enabled=True, port=0)
    source = DaemonPage(settings, daemon, service.clock, service.broker)
    radio = Bluetooth(settings, config, daemon.follow)
    async with (
        open_panel(place, source, radio, service.clock, settings.state_path / "recordings") as panel,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = await browser.new_page(viewport={"width": 360, "height": 740})
            page.set_default_timeout(60_000)
            await page.goto(panel.addresses[0])
            yield page
        finally:
            await browser.close()


async def go(page: Page, view: str) -> None:
    await page.click(f"nav a[href='#{view}']")
    await page.wait_for_selector(f"#{view}:visible")


async def start_recording(page: Page) -> None:
    await go(page, "session")
    await page.check("#agreed")
    await page.fill("#person", "P07")
    await page.click("#start")
    await page.wait_for_selector("#running:visible")


async def pair(page: Page) -> None:
    await go(page, "pair")
    await page.click("#scan")
    await page.click("#devices button")
    await page.fill("#digits", str(KEY))
    await page.press("#digits", "Enter")
    await page.wait_for_selector(".beat:has-text('bpm')")


async def download(page: Page, folder: Path) -> Path:
    await go(page, "session")
    await page.click("#words button:has-text('calm')")
    await page.click("#stop")
    async with page.expect_download() as started:
        await page.click("#kept a:has-text('Download')")
    file = folder / "download.jsonl"
    await (await started.value).save_as(file)
    return file


async def test_paired_on_the_page_followed_recorded_and_judged_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "vagus.toml"
    settings = Settings(state_dir=str(tmp_path / "state"), watch=WatchSettings(allowed=(ADDRESS,)))
    async with (
        asyncio.timeout(240),
        watch_in_the_room(SPEED),
        listening(settings, monkeypatch) as (service, said),
        opened(service, settings, config) as page,
    ):
        await start_recording(page)
        await pair(page)
        assert "listens to it from now on" in await page.inner_text("#pair-body")
        assert read_settings(config).watch.address == f"ble:{ADDRESS}"
        await page.click("#pair-body a:has-text('See it live')")
        await page.wait_for_function("() => document.querySelector('#v-pulse').textContent !== '–'")
        assert await page.evaluate(MOVING) < 2000
        assert "ble" in await page.inner_text("#facts")
        await said.enough.wait()
        file = await download(page, tmp_path)

    again = Settings(state_dir=str(tmp_path / "again"), watch=WatchSettings(address=f"replay:{file}"))
    async with asyncio.timeout(120), listening(again, monkeypatch) as (_, replayed):
        await replayed.enough.wait()
    assert replayed.stress == pytest.approx(said.stress, abs=1e-3)

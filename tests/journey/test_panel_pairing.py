"""A passkey watch paired from the page: Chromium, our server, bleak, an emulated bluetoothd and a virtual radio."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bumble.link import LocalLink
from playwright.async_api import Page, async_playwright

from edge.page_radio import Bluetooth
from edge.panel.server import open_panel
from edge.panel.settings import PanelSettings
from edge.settings import Settings, WatchSettings, read_settings
from firmware_bridge.links.pace import Pace
from firmware_bridge.virtual.peripheral import Pairing, Peripheral
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.edge.panel.browser import CHROMIUM, FLAGS, needs_chromium
from tests.edge.panel.looked_at import LookedAt
from tests.fakes.bluez import Bluez, bluez, private_bus
from tests.fakes.clock import HandClock
from tests.fakes.computer import computer

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (package dbus)"),
]
ADDRESS, KEY = "F0:F1:F2:F3:F4:F5", 123456


@asynccontextmanager
async def watch_in_the_room() -> AsyncGenerator[None]:
    """A watch that shows six digits and beats for ever, and a computer whose bluetoothd is emulated."""
    radio, watch = LocalLink(), Watch()
    peripheral = Peripheral(radio, watch, ADDRESS, Pairing(KEY))
    await peripheral.power_on()
    async with private_bus(), computer(radio) as here, bluez(here) as daemon:
        daemon.shows_passkey = True
        daemon.heard = partial(heard_again, daemon, daemon.heard)
        spoken = watch.speak(islice(wear(1), 1_000_000))
        playing = asyncio.create_task(peripheral.play(spoken, Pace(time.monotonic_ns, 1.0)))
        try:
            yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await peripheral.power_off()


def heard_again(
    daemon: Bluez, heard: Callable[[BLEDevice, AdvertisementData], None], device: BLEDevice, said: AdvertisementData
) -> None:
    """As bluetoothd does: a known device that is heard in a later scan is told as a change of its signal."""
    heard(device, said)
    for known in daemon.devices.values():
        known.emit_properties_changed({"RSSI": said.rssi})


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

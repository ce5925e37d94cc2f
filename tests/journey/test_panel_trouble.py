"""What is wrong stands on top of the page with its cure, and nothing of the past is shown as if it were now."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from edge.check import Check
from edge.panel.server import open_panel
from edge.panel.settings import PanelSettings
from edge.panel.snapshot import CameraSeen, Snapshot, WatchSeen
from tests.edge.panel.browser import CHROMIUM, FLAGS, PATIENCE_MS, needs_chromium
from tests.edge.panel.looked_at import LookedAt, ScriptedRadio, a_snapshot
from tests.fakes.clock import HandClock

pytestmark = needs_chromium

SILENT = Check("Watch", "bad", "Silent for 20 s.", "Wear it, see `ls /dev`.")
LOW = Check("Watch battery", "warn", "12 % are left.", "Charge it soon.")


@asynccontextmanager
async def looking(source: LookedAt, folder: Path, ready: str = "#line:not([data-state=off])") -> AsyncGenerator[Page]:
    settings = PanelSettings(enabled=True, port=0)
    async with (
        open_panel(settings, source, ScriptedRadio(), HandClock(), folder) as panel,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = await browser.new_page()
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(panel.addresses[0])
            await page.wait_for_selector(ready)
            yield page
        finally:
            await browser.close()


async def test_what_is_wrong_is_on_top_of_every_view_with_its_cure(tmp_path: Path) -> None:
    source = LookedAt()
    async with looking(source, tmp_path) as page:
        assert await page.is_hidden("#troubles")
        assert await page.inner_text("#line") == "live"
        assert await page.is_hidden("#quiet")
        source.shot = replace(a_snapshot(), snooze_minutes=43, kept_back=2)
        await page.wait_for_selector("#quiet")
        assert await page.inner_text("#quiet") == "Kept back for 43 more minutes, as somebody asked; 2 so far."
        source.shot = replace(a_snapshot(), troubles=(SILENT,))
        await page.wait_for_selector("#line:has-text('watch silent')")
        assert await page.inner_text("#troubles") == "Watch silent. Silent for 20 s.\n\nWear it, see ls /dev."
        assert await page.inner_text("#troubles code") == "ls /dev"
        await page.click("nav a[href='#session']")
        assert await page.is_visible("#troubles")
        source.shot = replace(a_snapshot(), troubles=(replace(SILENT, says="Silent for 21 s."), LOW))
        await page.wait_for_selector("#line:has-text('2 troubles')")
        assert await page.locator("#troubles > div").count() == 2
        # A screen reader is told what is wrong once, not every second for how long.
        assert await page.get_attribute("#troubles .says", "aria-live") == "off"
        await page.click("nav a[href='#doctor']")
        await page.wait_for_selector("#checks li[data-state=bad]")
        assert await page.is_hidden("#troubles")
        source.shot = replace(a_snapshot(), troubles=(LOW,))
        await page.wait_for_selector("#line[data-state=warn]:has-text('battery low')")
        source.shot = a_snapshot()
        await page.wait_for_selector("#line:has-text('live')")
        await page.click("nav a[href='#live']")
        assert await page.is_hidden("#troubles")


async def test_a_view_that_is_opened_by_its_address_begins_with_what_is_wrong(tmp_path: Path) -> None:
    source = LookedAt()
    source.shot = replace(a_snapshot(), troubles=(SILENT, LOW))
    async with looking(source, tmp_path) as page:
        await page.set_viewport_size({"width": 390, "height": 600})
        await page.goto(f"{page.url}#live")
        await page.wait_for_selector("#troubles > div")
        await page.goto(page.url.replace("#live", "#session"))
        await page.wait_for_selector("#consent:not(:empty)")
        await page.evaluate("new Promise((over) => requestAnimationFrame(() => requestAnimationFrame(over)))")
        assert await page.evaluate("scrollY") == 0


async def test_the_doctor_looks_again_when_something_breaks(tmp_path: Path) -> None:
    source = LookedAt()
    async with looking(source, tmp_path) as page:
        await page.click("nav a[href='#doctor']")
        await page.wait_for_selector("#checks li:nth-child(2)")
        async with page.expect_request("**/checks"):
            source.shot = replace(a_snapshot(), troubles=(SILENT,))


async def test_a_daemon_that_is_gone_is_not_shown_as_if_it_were_there(tmp_path: Path) -> None:
    async with looking(LookedAt(), tmp_path) as page:
        assert await page.inner_text("#word") == "Stress"
        await page.route("**/*", lambda route: route.abort())
        await page.evaluate("dispatchEvent(new Event('pagehide'))")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for_selector("#line:has-text('no answer')")
        assert "What stands here is from" in await page.inner_text("#troubles")
        assert "systemctl status vagus" in await page.inner_text("#troubles")
        assert float(await page.evaluate("getComputedStyle(document.querySelector('#live')).opacity")) < 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"state": "unknown"}, "Not decided yet"),
        ({"state": "unknown", "reason": "", "judgement": None}, "about a minute"),
        ({"state": "unknown", "reason": "", "judgement": None, "troubles": (SILENT,)}, "Nothing is heard"),
        ({"state": "unknown", "reason": "", "watch": WatchSeen()}, "Waiting for a face"),
        ({"state": "unknown", "reason": "", "watch": WatchSeen(), "camera": CameraSeen()}, "pair a watch"),
    ],
)
async def test_an_unknown_state_says_why(changed: dict[str, object], says: str, tmp_path: Path) -> None:
    source = LookedAt()
    async with looking(source, tmp_path) as page:
        await page.wait_for_selector("#reason:has-text('Stress 81%')")
        source.shot = told(changed)
        await page.wait_for_selector(f"#reason:has-text('{says}')")


def told(changed: dict[str, object]) -> Snapshot:
    return replace(a_snapshot(), **changed)  # pyright: ignore[reportArgumentType] - a table of fields


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        (CameraSeen("device", 60, 58, 40.0, closed="resting"), "The camera rests"),
        (CameraSeen("device", 60, 58, 40.0, closed="paused"), "paused, as somebody asked"),
        (CameraSeen("device", 60, 58, 40.0), "No frames come. Last frame: 40 s ago"),
        (CameraSeen("device", 60, 58, 0.2), "No face in view"),
    ],
)
async def test_a_camera_that_sees_nobody_shows_no_face(camera: CameraSeen, says: str, tmp_path: Path) -> None:
    source = LookedAt()
    async with looking(source, tmp_path) as page:
        await page.wait_for_selector("#skeleton .mark")
        source.shot = replace(a_snapshot(), camera=camera)
        await page.wait_for_selector(f"#face-says:has-text('{says}')")
        assert await page.locator("#skeleton .mark").count() == 0
        assert await page.is_disabled("#look") is bool(camera.closed)


async def test_a_device_that_nobody_has_set_up_says_so(tmp_path: Path) -> None:
    source = LookedAt()
    source.shot = told({"state": "unknown", "reason": "", "watch": WatchSeen(), "camera": CameraSeen()})
    async with looking(source, tmp_path, "#line:has-text('nothing set')") as page:
        assert await page.inner_text("#face-says") == "None is set."
        rates = await page.inner_text("#plan-rates")
        assert "Pulse" not in rates  # nobody is asked for anything
        assert "not set" in rates


async def test_no_figure_of_the_watch_looks_like_a_fault_that_is_none(tmp_path: Path) -> None:
    source = LookedAt()
    source.shot = replace(a_snapshot(), skipped={"frozen_frame": 0})
    async with looking(source, tmp_path) as page:
        await page.wait_for_selector("#facts dd")
        facts = await page.inner_text("#facts")
        assert "offset" not in facts  # the watch's clock counts from its own start
        assert "unreadable 2" in facts
        assert "frozen" not in facts  # none of them

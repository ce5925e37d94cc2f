"""Five quiet minutes, guided by the page: begun, left, begun anew, told in words, used, and deleted."""

from collections.abc import Generator

import pytest
from playwright.sync_api import Page

from tests.edge.panel.browser import Demo, chromium, demo, go, needs_chromium, visit

pytestmark = needs_chromium

SPEED = 40
ENOUGH_MS = 120_000
"""Five quiet minutes and what was not quiet, at SPEED, with time to spare on a busy machine."""
SHARE = "() => +document.querySelector('#ring').getAttribute('aria-valuenow')"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    with demo(tmp_path_factory.mktemp("demo"), speed=SPEED) as started:
        yield started


@pytest.fixture
def page(running: Demo) -> Generator[Page]:
    with chromium() as browser, visit(browser, running.home) as opened:
        yield opened


def test_a_baseline_is_guided_from_the_chair_to_its_deletion(page: Page, running: Demo) -> None:
    file = running.state / "baseline.json"
    go(page, "session")
    page.wait_for_selector("#rest-says:has-text('Not measured yet')")
    assert "Do not talk" in page.inner_text("#rest-how")
    page.click("#rest-start")
    page.wait_for_selector("#ring:visible")
    page.wait_for_function(f"() => ({SHARE})() >= 5")
    assert page.inner_text("#rest-left").startswith("4:")
    page.click("#rest-leave")
    page.wait_for_selector("#rest-says:has-text('nothing of it was kept')")
    assert not file.exists()

    page.click("#rest-start")
    page.wait_for_selector("#rest-says:has-text('At rest the')", timeout=ENOUGH_MS)
    told = page.inner_text("#rest-says")
    assert told.startswith("Done. Measured on ")
    assert "µS" in told
    assert file.stat().st_mode & 0o077 == 0
    assert page.inner_text("#rest-start") == "Measure again"

    page.click("#rest-forget")
    assert file.exists(), "the first click only asks"
    page.click("#rest-forget")
    page.wait_for_selector("#rest-says:has-text('Not measured yet')")
    assert not file.exists()

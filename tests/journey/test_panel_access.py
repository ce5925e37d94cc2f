"""axe-core finds nothing serious in any view, in light and dark, on a phone and on a desk."""

import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.edge.panel.browser import DESK, PHONE, Demo, chromium, demo, go, needs_chromium, visit

pytestmark = needs_chromium

AXE = "axe-core@4.14.1"
KEPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run({resultTypes: ['violations']})).violations
  .filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => `${v.id}: ${v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | ')}`)"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library's source: from this checkout, else from npm, else the test is skipped."""
    if KEPT.exists():
        return KEPT.read_text()
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("no npm, so no axe-core")
    command = (npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), AXE)
    if subprocess.run(command, capture_output=True, timeout=120).returncode:
        pytest.skip(f"npm could not install {AXE}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as started:
        yield started


def faults(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    return page.evaluate(RUN)


@pytest.mark.parametrize(("size", "dark"), [(PHONE, False), (PHONE, True), (DESK, False), (DESK, True)])
def test_no_view_has_a_serious_fault(
    size: tuple[int, int], dark: bool, running: Demo, browser: Browser, axe: str
) -> None:
    with visit(browser, running.home, size, dark=dark) as page:
        page.wait_for_selector("#sources dt")
        assert faults(page, axe) == []
        go(page, "doctor")
        page.wait_for_selector("#checks li")
        assert faults(page, axe) == []
        go(page, "pair")
        assert faults(page, axe) == []
        go(page, "session")
        page.wait_for_selector("#consent:has-text('I agree')")
        assert faults(page, axe) == []
        page.check("#agreed")
        page.click("#start")
        page.click("#words button:has-text('calm')")
        page.click("#rest-start")
        page.wait_for_selector("#ring:visible")
        assert faults(page, axe) == []
        page.click("#rest-leave")
        page.click("#stop")
        page.wait_for_selector("#kept a")
        assert faults(page, axe) == []


def test_the_sign_in_page_has_no_serious_fault(tmp_path: Path, browser: Browser, axe: str) -> None:
    with demo(tmp_path, "[panel]\nenabled = true\nlan = true\nhost = '127.0.0.1'\nport = 0\n") as started:
        for dark in (False, True):
            with visit(browser, started.home, PHONE, dark=dark) as page:
                assert faults(page, axe) == []

"""The page as a tester uses it: real Chromium, the real demo, a recording that plays again."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.edge.panel.browser import DRAWN, PHONE, Demo, chromium, demo, go, needs_chromium, visit

pytestmark = needs_chromium

PIXELS = "() => document.querySelector('#c-pulse').toDataURL()"
LASTED = "(id, least) => document.querySelector(id).textContent.localeCompare(least, 'en', {numeric: true}) >= 0"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(running: Demo, browser: Browser) -> Generator[Page]:
    with visit(browser, running.home) as opened:
        yield opened


def test_the_pulse_is_drawn_and_moves(page: Page) -> None:
    """How soon, tests/benchmarks/page.py tells: on a busy machine a browser is slow."""
    page.evaluate(DRAWN)
    before = page.evaluate(PIXELS)
    page.wait_for_function(f"before => ({PIXELS})() !== before", arg=before)


def test_everything_a_tester_asks_for_is_in_view(page: Page) -> None:
    page.wait_for_selector("#state:not([data-state=unknown])")
    page.wait_for_selector("#skeleton .mark")
    page.wait_for_selector("#sources dt:has-text('wrist')")
    page.wait_for_function("() => document.querySelector('[data-leg=infer] .leg').textContent.endsWith('ms')")
    text = page.inner_text("main").lower()
    for word in ("this moment", "watch clock", "ppm", "battery", "losses", "connected", "waiting", "happy"):
        assert word in text, word
    assert "not a medical device" in page.inner_text("footer").lower()


def test_the_picture_is_shown_on_request_only_and_stored_nowhere(page: Page, running: Demo) -> None:
    page.wait_for_selector("#look:enabled")
    assert page.is_hidden("#picture")
    before = stored(running.state)
    page.click("#look")
    page.wait_for_selector("#picture:visible")
    assert page.evaluate("document.querySelector('#picture').width") > 100
    page.click("#look")
    assert page.is_hidden("#picture")
    assert page.evaluate("document.querySelector('#picture').width") == 1
    assert stored(running.state) == before


def stored(state: Path) -> set[str]:
    return {file.name for file in state.rglob("*") if not file.name.startswith("outbox")}


def test_a_session_is_recorded_downloaded_played_again_and_deleted(page: Page, running: Demo, tmp_path: Path) -> None:
    go(page, "session")
    assert page.is_disabled("#start")
    page.check("#agreed")
    page.fill("#person", "P07")
    page.click("#start")
    page.click("#words button:has-text('calm')")
    page.fill("#word-field", "deep breath")
    page.press("#word-field", "Enter")
    page.click("#rest-start")
    page.wait_for_selector("#tags li:has-text('baseline begins')")
    page.click("#rest-leave")
    page.wait_for_selector("#tags li:has-text('baseline cancelled')")
    page.fill("#notes", "left wrist")
    page.wait_for_selector("#notes-says:has-text('kept')")
    page.wait_for_function(f"() => ({LASTED})('#elapsed', '1:40')")
    page.click("#stop")
    with page.expect_download() as download:
        page.click("#kept a:has-text('Download')")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    header = json.loads(file.read_text().splitlines()[0])["session"]
    assert [tag["word"] for tag in header["tags"]][:3] == ["calm", "deep breath", "baseline begins"]
    assert (header["person"], header["notes"], header["ended_by"]) == ("P07", "left wrist", "tester")
    summary = replay(file, tmp_path)
    assert summary["predictions_by_modality"]["wrist"] > 0
    assert summary["dropped"] == 0
    page.click("#kept button:has-text('Delete')")
    page.click("#kept button:has-text('for good')")
    page.wait_for_selector("#kept .none")
    assert list((running.state / "recordings").iterdir()) == []


def replay(file: Path, state: Path) -> dict[str, dict[str, int]]:
    config = state / "vagus.toml"
    config.write_text(f"state_dir = '{state}'\n")
    command = (sys.executable, "-m", "edge.cli", "replay", str(file), "--speed", "10", "--config", str(config))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_doctor_says_what_is_well_and_hands_out_a_file_without_health_data(page: Page, tmp_path: Path) -> None:
    go(page, "doctor")
    page.wait_for_selector("#checks li:nth-child(7)")
    assert page.locator("#checks li[data-state=good]").count() >= 5
    with page.expect_download() as download:
        page.click("#support")
    file = tmp_path / "support.json"
    download.value.save_as(file)
    said = json.loads(file.read_text())
    assert said["bundle"].startswith("vagus")
    health = {"judgement", "state", "reason", "alerts", "stress", "emotion", "features", "heart_rate", "battery"}
    assert health & keys(said) == set()
    assert "127.0.0.1" not in file.read_text()


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | set[str]().union(*map(keys, value.values()))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON
    if isinstance(value, list):
        return set[str]().union(*map(keys, value))  # pyright: ignore[reportUnknownArgumentType] - JSON
    return set()


def test_two_testers_see_the_same(running: Demo, browser: Browser) -> None:
    with visit(browser, running.home) as one, visit(browser, running.home, PHONE) as two:
        for page in (one, two):
            page.wait_for_selector("#line[data-state=good]")
            page.wait_for_selector("#about:has-text('2 pages open')")
        go(one, "session")
        go(two, "session")
        one.check("#agreed")
        one.click("#start")
        two.wait_for_selector("#running:visible")
        two.click("#stop")
        one.wait_for_selector("#begin:visible")


@pytest.mark.parametrize("view", ["live", "session", "pair", "doctor"])
def test_a_phone_of_360_pixels_shows_everything(view: str, running: Demo, browser: Browser) -> None:
    with visit(browser, running.home, PHONE) as page:
        page.wait_for_selector("#line[data-state=good]")
        go(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, .button, nav a, input:not([type=checkbox]), textarea')]
                .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""
        )
        assert small == []


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached: list[str] = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
    assert reached[:6] == ["vagus", "Live", "Session", "Pair", "Doctor", "theme"]
    assert "Show the picture" in reached
    page.focus("nav a[href='#doctor']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#doctor:visible")
    page.focus("#theme")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_page_that_is_put_away_costs_nothing_and_comes_back(page: Page) -> None:
    page.wait_for_selector("#line[data-state=good]")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: false})")
    with page.expect_request("**/events"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_scanning_the_code_signs_in_and_leaves_no_token_behind(tmp_path: Path, browser: Browser) -> None:
    settings = "[panel]\nenabled = true\nlan = true\nhost = '127.0.0.1'\nport = 0\n"
    with demo(tmp_path, settings) as started:
        token_file = tmp_path / "page-token"
        assert token_file.stat().st_mode & 0o077 == 0
        with visit(browser, f"{started.home}sign-in#{token_file.read_text().strip()}") as page:
            page.wait_for_selector("#line[data-state=good]")
            assert page.url == started.home
        with visit(browser, started.home) as stranger:
            assert stranger.url.endswith("/sign-in")
            assert stranger.is_visible("#token")

"""The system's Chromium, driven by Playwright; and the demo whose page it opens."""

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or ""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DRAWN = """async () => {
  const canvas = document.querySelector('#c-pulse');
  const inked = () => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    .reduce((sum, value, k) => (k % 4 === 0 && value > 150 && sum < 1e6 ? sum + 1 : sum), 0);
  for (;;) {
    await new Promise(requestAnimationFrame);
    if (document.querySelector('#v-pulse').textContent === '–' || !canvas.width) continue;
    if (inked() > 200) return performance.now();
  }
}"""
"""When the pulse stands on the page, in milliseconds since it was asked for."""
PHONE, DESK = (360, 740), (1280, 900)
PATIENCE_MS = 30_000
"""Two busy cores may be slow; nothing is measured by this."""

needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no chromium: install Debian's package of that name")


@dataclass(frozen=True, slots=True)
class Demo:
    """`edge-daemon demo` in a process of its own."""

    home: str
    state: Path


@contextlib.contextmanager
def demo(state: Path, settings: str = "", speed: int = 10) -> Generator[Demo]:
    """The demo with its page, until the block ends."""
    config = state / "vagus.toml"
    config.write_text(settings)
    command = (
        sys.executable, "-m", "edge.cli", "demo", "--headless", "--seconds", "900", "--speed", str(speed),
        "--state", str(state), "--config", str(config), "--json", str(state / "summary.json"),
    )  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        if process.stderr is None:
            raise LookupError("the demo has no standard error")
        said = next((line for line in process.stderr if line.startswith("page: ")), "")
        if not said:
            raise LookupError("the demo ended without naming its page")
        yield Demo(said.split()[1], state)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


@contextlib.contextmanager
def chromium() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visit(browser: Browser, home: str, size: tuple[int, int] = DESK, *, dark: bool = False) -> Generator[Page]:
    """One tester with the page open. Whatever the page complains of, a broken policy above all, fails the test."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="no-preference",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        page.goto(home)
        yield page
        assert complaints == []
    finally:
        context.close()


def go(page: Page, view: str) -> None:
    page.click(f"nav a[href='#{view}']")
    page.wait_for_selector(f"#{view}:visible")

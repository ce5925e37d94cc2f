"""The page served for one test, and requests as a browser sends them."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from edge.panel.served import Panel
from edge.panel.server import open_panel
from edge.panel.settings import PanelSettings
from tests.edge.panel.looked_at import LookedAt, ScriptedRadio
from tests.fakes.clock import HandClock


@dataclass(slots=True)
class Served:
    """A served page with everything behind it."""

    panel: Panel
    source: LookedAt
    radio: ScriptedRadio
    clock: HandClock
    browser: aiohttp.ClientSession
    folder: Path

    @property
    def port(self) -> int:
        return int(self.panel.addresses[0].rstrip("/").rpartition(":")[2])

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.browser.get(self.home + path, headers=_named(headers), allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, body: object, origin: str | None = "", **headers: str) -> tuple[int, str]:
        """``origin``: empty for the page's own, None for no such header."""
        own = {} if origin is None else {"Origin": origin or self.home}
        async with self.browser.post(self.home + path, json=body, headers={**own, **_named(headers)}) as answer:
            return answer.status, await answer.text()

    async def delete(self, path: str) -> tuple[int, str]:
        async with self.browser.delete(self.home + path, headers={"Origin": self.home}) as answer:
            return answer.status, await answer.text()


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextlib.asynccontextmanager
async def serving(folder: Path, *, lan: bool = False, names: tuple[str, ...] = ()) -> AsyncGenerator[Served]:
    """The page on a free loopback port; with ``lan`` it asks for a token, but still listens on loopback alone."""
    source, radio, clock = LookedAt(), ScriptedRadio(), HandClock()
    settings = PanelSettings(enabled=True, host="127.0.0.1", port=0, lan=lan, names=names)
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        open_panel(settings, source, radio, clock, folder) as panel,
        aiohttp.ClientSession(cookie_jar=jar) as browser,
    ):
        yield Served(panel, source, radio, clock, browser, folder)

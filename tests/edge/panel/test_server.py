"""The page over real HTTP: what it serves, to whom, and what it refuses."""

import json
import re
import socket
from pathlib import Path

import pytest

from edge.panel.broadcast import PAGES
from edge.panel.errors import PanelError
from edge.panel.server import BODY, open_panel
from edge.panel.session import CONSENT
from edge.panel.settings import PanelSettings
from edge.panel.sign_in import TRIES
from edge.panel.snapshot import RestSeen
from tests.edge.panel.looked_at import JPEG, LookedAt, ScriptedRadio, pulse
from tests.edge.panel.serving import Served, serving
from tests.fakes.clock import HandClock

FILES = Path(__file__).parents[3] / "edge" / "panel" / "page"


async def test_every_file_of_the_page_is_served_hardened(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for path in ("/", "/sign-in", "/app.js", "/style.css", "/icon.svg"):
            async with served.browser.get(served.home + path) as answer:
                assert answer.status == 200
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "Server" not in answer.headers
                etag = answer.headers["ETag"]
            assert (await served.get(path, If_None_Match=etag))[0] == 304


def test_the_page_is_small_and_asks_nobody_else() -> None:
    files = list(FILES.iterdir())
    assert sum(file.stat().st_size for file in files) < 300_000
    for file in files:
        foreign = set(re.findall(r"https?://[^\s\"')]+", file.read_text())) - {"http://www.w3.org/2000/svg"}
        assert not foreign, f"{file.name} asks {foreign}"


def test_the_page_has_no_inline_script_or_style() -> None:
    for file in FILES.glob("*.html"):
        text = file.read_text()
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text), file.name


async def test_events_tell_state_and_signals(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.browser.get(f"{served.home}/events") as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        assert await answer.content.readline() == b"event: state\n"
        state = json.loads((await answer.content.readline()).removeprefix(b"data: "))
        assert state["daemon"]["state"] == "stress"
        await answer.content.readline()
        assert served.source.tap is not None
        served.source.tap(pulse(1000, 5.0))
        assert await answer.content.readline() == b"event: signals\n"


async def test_pages_beyond_the_bound_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        pages = [await served.browser.get(f"{served.home}/events") for _ in range(PAGES)]
        status, text = await served.get("/events")
        assert status == 503
        assert "close one of them" in text
        for page in pages:
            page.close()


async def test_checks_support_and_picture(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        assert json.loads((await served.get("/checks"))[1])["checks"][0]["cure"] == "start it"
        assert json.loads((await served.get("/support.json"))[1]) == {"version": "1"}
        async with served.browser.get(f"{served.home}/picture") as answer:
            assert await answer.read() == JPEG
            assert answer.headers["Cache-Control"] == "no-store"
        served.source.jpeg = None
        assert (await served.get("/picture"))[0] == 404


async def test_a_session_from_consent_to_deletion(tmp_path: Path) -> None:
    async with serving(tmp_path / "recordings") as served:
        assert json.loads((await served.get("/session"))[1]) == {"consent": CONSENT, "trouble": "", "recordings": []}
        status, text = await served.post("/session/start", {"consent": False})
        assert (status, "consent" in text) == (409, True)
        name = json.loads((await served.post("/session/start", {"consent": True, "person": "P1"}))[1])["name"]
        assert served.source.keep is not None
        for path, body in (("tag", {"word": "calm"}), ("notes", {"notes": "n"})):
            assert (await served.post(f"/session/{path}", body))[0] == 200
        assert (await served.post("/session/stop", {}))[0] == 200
        assert served.source.keep is None
        async with served.browser.get(f"{served.home}/recordings/{name}") as answer:
            assert f'filename="vagus-{name}.jsonl"' in answer.headers["Content-Disposition"]
            assert json.loads(await answer.read())["session"]["notes"] == "n"
        assert (await served.delete(f"/recordings/{name}"))[0] == 200
        assert (await served.get(f"/recordings/{name}"))[0] == 409


async def test_a_baseline_is_begun_left_and_deleted(tmp_path: Path) -> None:
    async with serving(tmp_path / "recordings") as served:
        await served.post("/session/start", {"consent": True})
        assert (await served.post("/rest/measure", {}))[0] == 200
        assert served.source.rest.progress == 0
        assert (await served.post("/rest/leave", {}))[0] == 200
        assert served.source.rest.progress is None
        name = json.loads((await served.post("/session/stop", {}))[1])["name"]
        header = (await served.get(f"/recordings/{name}"))[1].splitlines()[0]
        assert [tag["word"] for tag in json.loads(header)["session"]["tags"]] == [
            "baseline begins",
            "baseline cancelled",
        ]
        assert (await served.delete("/rest"))[0] == 200
        served.source.rest = RestSeen(offered=False)
        status, text = await served.post("/rest/measure", {})
        assert (status, "without a watch" in text) == (409, True)


async def test_a_plan_is_held_to_and_let_go(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for word in ("low", "auto"):
            assert (await served.post("/plan", {"word": word}))[0] == 200
            assert served.source.plan is not None
            assert served.source.plan.forced == word
        status, text = await served.post("/plan", {"word": "furious"})
        assert (status, "furious" in text) == (400, True)
        served.source.plan = None
        status, text = await served.post("/plan", {"word": "low"})
        assert (status, "no plan" in text) == (409, True)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [({"word": ""}, "word"), ({"word": "a" * 41}, "word"), ({}, "word"), ({"word": "a", "b": 1}, "b"), ([], "object")],
)
async def test_bodies_that_cannot_be_used_say_why(body: object, sentence: str, tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        status, text = await served.post("/session/tag", body)
        assert status == 400
        assert sentence in text


async def test_forms_and_large_bodies_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        own = {"Origin": served.home}
        async with served.browser.post(f"{served.home}/session/stop", data={"a": "b"}, headers=own) as answer:
            assert answer.status == 409  # a body nobody reads does no harm
        async with served.browser.post(f"{served.home}/session/tag", data={"word": "b"}, headers=own) as answer:
            assert answer.status == 415
        status, text = await served.post("/session/notes", {"notes": "n" * (BODY + 1)})
        assert (status, "too large" in text) == (413, True)


@pytest.mark.parametrize(
    "path",
    [
        "/../settings.py", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/page/index.html", "/index.html",
        "//etc/passwd", "/recordings/..%2f..%2fsettings.toml", "/recordings/%00", "/app.js/..", "/app.js%00.html",
        "/recordings/", "/.git/config", "/%c0%ae%c0%ae/etc/passwd", "/recordings/20260101-000000%0d%0aX:1",
    ],
)  # fmt: skip
async def test_no_path_leads_to_a_file(path: str, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("secret")
    async with serving(tmp_path / "recordings") as served:
        answer = await raw(served.port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        assert answer.split(b" ", 2)[1] in (b"400", b"404", b"409"), answer[:200]
        assert b"secret" not in answer
        assert b"root:" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "ftp://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "none", "Origin": "http://evil.example"},
    ],
)
async def test_other_sites_change_and_read_nothing(headers: dict[str, str], tmp_path: Path) -> None:
    async with serving(tmp_path / "recordings") as served:
        for path in ("/", "/events", "/session", "/picture", "/support.json"):
            assert (await served.get(path, **headers))[0] == 403, path
        assert (await served.post("/session/start", {"consent": True}, origin=None, **headers))[0] == 403
        assert (await served.post("/session/start", {"consent": True}, origin=None))[0] == 403
        assert served.source.keep is None
        assert not (tmp_path / "recordings").exists()


async def test_a_link_from_elsewhere_may_open_the_page_and_nothing_else(tmp_path: Path) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    async with serving(tmp_path) as served:
        assert (await served.get("/", **link))[0] == 200
        assert (await served.get("/support.json", **link))[0] == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("localhost:8377", 200), ("192.168.1.7:8377", 200), ("[::1]:8377", 200), ("pi.local", 200),
        ("PI.local.:80", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421),
        ("pi.local.evil", 421),
        ("127.0.0.1@evil.example", 421), ("[::1].evil", 421),
    ],
)  # fmt: skip
async def test_a_rebound_name_is_not_ours(host: str, status: int, tmp_path: Path) -> None:
    async with serving(tmp_path, names=("pi.local",)) as served:
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        assert (await raw(served.port, request.encode())).startswith(f"HTTP/1.1 {status} ".encode())


async def test_without_the_token_there_is_the_sign_in_page_and_nothing_else(tmp_path: Path) -> None:
    async with serving(tmp_path / "recordings", lan=True) as served:
        assert (await served.get("/"))[0] == 303
        for path in ("/sign-in", "/sign-in.js", "/style.css", "/icon.svg"):
            assert (await served.get(path))[0] == 200
        for path in ("/app.js", "/events", "/session", "/checks", "/support.json", "/picture", "/recordings/x", "/no"):
            assert (await served.get(path))[0] == 401, path
        assert (await served.post("/session/start", {"consent": True}))[0] == 401
        await still_asked(served)


async def still_asked(served: Served) -> None:
    """The token opens the page, and leaving closes it."""
    assert (await served.post("/sign-in", {"token": "wrong"}))[0] == 403
    async with served.browser.post(
        f"{served.home}/sign-in", json={"token": served.panel.token}, headers={"Origin": served.home}
    ) as answer:
        assert answer.status == 200
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
    assert (await served.get("/"))[0] == 200
    assert (await served.get("/session"))[0] == 200
    assert (await served.post("/sign-out", {}))[0] == 200
    assert (await served.get("/session"))[0] == 401


async def test_behind_a_proxy_with_tls_the_page_is_the_page(tmp_path: Path) -> None:
    """A browser that asks for https://pi.local sends that Origin; the proxy passes it on, with the Host."""
    behind = {"Host": "pi.local", "Sec_Fetch_Site": "same-origin"}
    async with serving(tmp_path / "recordings", lan=True, names=("pi.local",)) as served:
        token = {"token": served.panel.token}
        assert (await served.post("/sign-in", token, "https://pi.local", **behind))[0] == 200
        for foreign in ("https://evil.example", "https://pi.local.evil", "https://pi.local:444"):
            assert (await served.post("/sign-in", token, foreign, **behind))[0] == 403


async def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    async with serving(tmp_path, lan=True) as served:
        answers = [(await served.post("/sign-in", {"token": f"guess {k}"}))[0] for k in range(TRIES + 3)]
        assert answers == [403] * TRIES + [429] * 3
        assert (await served.post("/sign-in", {"token": served.panel.token}))[0] == 429
        served.clock.move(60)
        assert (await served.post("/sign-in", {"token": served.panel.token}))[0] == 200


async def test_a_port_that_is_taken_is_refused_in_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = PanelSettings(enabled=True, port=other.getsockname()[1])
        with pytest.raises(PanelError, match=r"set panel\.port to another"):
            async with open_panel(settings, LookedAt(), ScriptedRadio(), HandClock(), tmp_path):
                pass


async def raw(port: int, request: bytes) -> bytes:
    """Bytes to the server as they are, and all that comes back."""
    import asyncio

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()

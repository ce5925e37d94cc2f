"""What the page may ask for, one handler a question."""

import asyncio
import contextlib
import json
from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from edge.panel.assets import Asset
from edge.panel.broadcast import Broadcast
from edge.panel.errors import BusyError, NotNowError, SessionError
from edge.panel.guard import COOKIE, refuse
from edge.panel.pairing import Answer, Choice, PairingDesk
from edge.panel.pieces import STALLED_S, hand_on, read_on
from edge.panel.recordings import Recordings
from edge.panel.session import CONSENT, Mark, Notes, Start, Wish
from edge.panel.sign_in import LASTS_S, SignIn, TooManyTriesError
from edge.panel.snapshot import Source

_PICTURE_S = 3.0
T = TypeVar("T")


class TokenGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sign-in page sends."""

    token: str


class Routes:
    """The handlers, and what they work on."""

    def __init__(
        self,
        source: Source,
        broadcast: Broadcast,
        recordings: Recordings,
        desk: PairingDesk,
        assets: dict[str, Asset],
        sign_in: SignIn | None,
    ) -> None:
        self._source = source
        self._broadcast = broadcast
        self._recordings = recordings
        self._desk = desk
        self._assets = assets
        self._sign_in = sign_in

    def table(self) -> list[web.RouteDef]:
        """Every route there is."""
        files = [web.get(path, self._file) for path in self._assets]
        return [
            *files,
            web.post("/sign-in", self._enter),
            web.post("/sign-out", self._leave),
            web.get("/events", self._events),
            web.get("/picture", self._picture),
            web.get("/checks", self._checks),
            web.get("/support.json", self._support),
            web.get("/session", self._session),
            web.post("/session/start", self._start),
            web.post("/session/tag", self._tag),
            web.post("/session/notes", self._notes),
            web.post("/session/stop", self._stop),
            web.post("/plan", self._plan),
            web.post("/rest/measure", self._measure),
            web.post("/rest/leave", self._leave_rest),
            web.delete("/rest", self._forget_rest),
            web.get("/recordings/{name}", self._download),
            web.delete("/recordings/{name}", self._delete),
            web.post("/pair/scan", self._scan),
            web.post("/pair/choose", self._choose),
            web.post("/pair/answer", self._answer),
            web.post("/pair/cancel", self._cancel),
        ]

    async def _file(self, request: web.Request) -> web.Response:
        return self._assets[request.path].answer(request)

    # --- who looks

    async def _enter(self, request: web.Request) -> web.Response:
        given = await read(request, TokenGiven)
        if self._sign_in is None:
            return web.json_response({"ok": True})
        try:
            cookie = self._sign_in.enter(given.token, request.remote or "")
        except TooManyTriesError as error:
            answer = refuse(429, str(error))
            answer.headers["Retry-After"] = f"{error.wait_s:.0f}"
            return answer
        if cookie is None:
            return refuse(403, "that is not the token; it stands in the terminal where the daemon was started")
        answer = web.json_response({"ok": True})
        answer.set_cookie(COOKIE, cookie, max_age=int(LASTS_S), httponly=True, samesite="Strict", path="/")
        return answer

    async def _leave(self, request: web.Request) -> web.Response:
        if self._sign_in is not None:
            self._sign_in.leave(request.cookies.get(COOKIE, ""))
            self._broadcast.refresh()  # a stream that this cookie opened ends now, not with the next event
        answer = web.json_response({"ok": True})
        answer.del_cookie(COOKIE, path="/")
        return answer

    def _may_look(self, request: web.Request) -> bool:
        """Whether who asked is still signed in: the guard looks at the start of a request only, and a stream lasts."""
        return self._sign_in is None or self._sign_in.knows(request.cookies.get(COOKIE))

    # --- live

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events until the page closes, stalls or is signed out, or the daemon stops."""
        try:
            with self._broadcast.join() as events:
                answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
                await answer.prepare(request)
                async for message in events:
                    if not (self._may_look(request) and await hand_on(request, answer, message)):
                        break
                return answer
        except BusyError as error:
            return refuse(503, str(error))

    async def _picture(self, _request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_PICTURE_S):
                picture = await self._source.picture()
        except TimeoutError:
            picture = None
        if picture is None:
            return refuse(404, "the camera gives no picture now")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _plan(self, request: web.Request) -> web.Response:
        self._source.force_plan((await read(request, Wish)).word)
        return self._done()

    # --- the person at rest

    async def _measure(self, _request: web.Request) -> web.Response:
        self._source.measure_rest()
        self._recordings.rest(begins=True)
        return self._done()

    async def _leave_rest(self, _request: web.Request) -> web.Response:
        self._source.leave_rest()
        self._recordings.rest(begins=False)
        return self._done()

    async def _forget_rest(self, _request: web.Request) -> web.Response:
        self._source.forget_rest()
        return self._done()

    # --- doctor

    async def _checks(self, _request: web.Request) -> web.Response:
        return as_json({"checks": await self._source.checks()})

    async def _support(self, _request: web.Request) -> web.Response:
        body = json.dumps(await self._source.support(), indent=2).encode()
        headers = {"Content-Disposition": 'attachment; filename="vagus-support.json"'}
        return web.Response(body=body, content_type="application/json", headers=headers)

    # --- session

    async def _session(self, _request: web.Request) -> web.Response:
        kept = await asyncio.to_thread(self._recordings.list)
        return as_json({"consent": CONSENT, "trouble": self._recordings.trouble, "recordings": kept})

    async def _start(self, request: web.Request) -> web.Response:
        name = self._recordings.start(await read(request, Start))
        self._source.record(self._recordings.keep)
        return self._done(name)

    async def _tag(self, request: web.Request) -> web.Response:
        self._recordings.tag((await read(request, Mark)).word)
        return self._done()

    async def _notes(self, request: web.Request) -> web.Response:
        self._recordings.note((await read(request, Notes)).notes)
        return self._done()

    async def _stop(self, _request: web.Request) -> web.Response:
        self._source.record(None)
        return self._done(self._recordings.stop())

    def _done(self, name: str = "") -> web.Response:
        self._broadcast.refresh()
        return as_json({"ok": True, "name": name})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"].removesuffix(".jsonl")
        pieces = self._recordings.read(name)
        answer = web.StreamResponse(
            headers={
                "Content-Type": "application/jsonl",
                "Content-Disposition": f'attachment; filename="vagus-{name}.jsonl"',
            }
        )
        with contextlib.closing(pieces):
            await answer.prepare(request)
            while piece := await read_on(pieces):
                if not await hand_on(request, answer, piece):
                    break
        return answer

    async def _delete(self, request: web.Request) -> web.Response:
        self._recordings.delete(request.match_info["name"])
        return self._done()

    # --- pair

    async def _scan(self, _request: web.Request) -> web.Response:
        self._desk.scan()
        return self._done()

    async def _choose(self, request: web.Request) -> web.Response:
        self._desk.choose((await read(request, Choice)).address)
        return self._done()

    async def _answer(self, request: web.Request) -> web.Response:
        self._desk.answer(await read(request, Answer))
        return self._done()

    async def _cancel(self, _request: web.Request) -> web.Response:
        await self._desk.cancel()
        return self._done()


async def read(request: web.Request, kind: type[T]) -> T:
    """The request's JSON as ``kind``; 415 or 400 with one sentence otherwise. The server bounds its size."""
    if request.content_type != "application/json":
        raise RequestError(415, "send JSON, with Content-Type: application/json")
    try:
        async with asyncio.timeout(STALLED_S):
            body = await request.read()
    except (ConnectionError, TimeoutError, web.RequestPayloadError, HttpProcessingError) as error:
        raise RequestError(400, "the request broke off before its end") from error
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f"that cannot be used: {error}") from error


def as_json(data: object) -> web.Response:
    """Any noun as JSON."""
    return web.Response(body=msgspec.json.encode(data), content_type="application/json")


class RequestError(ValueError):
    """A request that cannot be served, with its status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@web.middleware
async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler refuses, and what aiohttp itself refuses, into one JSON sentence."""
    try:
        return await handler(request)
    except RequestError as error:
        return refuse(error.status, str(error))
    except (SessionError, NotNowError) as error:
        return refuse(409, str(error))
    except web.HTTPException as error:
        return refuse(error.status, error.reason.lower())

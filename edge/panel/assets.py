"""The page's own files, read once at the start: no request ever names a path on the disk."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_NAMED = {"index.html": "/", "sign-in.html": "/sign-in"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to be sent."""

    body: bytes
    type: str
    etag: str

    def answer(self, request: web.Request) -> web.Response:
        """The file, or 304 when the browser has it."""
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, content_type=self.type, charset="utf-8", headers=headers)


def read_assets(folder: Path = Path(__file__).parent / "page") -> dict[str, Asset]:
    """Every file of the folder by the path it is asked for under."""
    return {_NAMED.get(file.name, f"/{file.name}"): _read(file) for file in sorted(folder.iterdir())}


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(body, _TYPES[file.suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"')

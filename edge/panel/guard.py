"""Every request passes here first: asked under our own name, from our own page, by somebody signed in.

A page of another site can make a browser send requests here, and can by DNS rebinding even read the answers. So the
Host must be an IP address or a name of ours (a rebound name is neither), the Origin must be this very host, and Fetch
Metadata (W3C), where the browser sends it, must not speak of another site. What changes something needs the Origin.
"""

import ipaddress
from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from edge.panel.sign_in import SignIn

COOKIE = "vagus"
OPEN = frozenset({"/sign-in", "/sign-in.js", "/style.css", "/icon.svg"})
"""What is served without a sign-in: the page that asks for it."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def guard(names: Collection[str], sign_in: SignIn | None) -> Middleware:
    """A middleware that lets good requests through; ``sign_in`` is None where everybody may look."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_ours(request.host, names):
            return refuse(421, "ask for this page by its IP address, or name the host in panel.names")
        if not is_from_here(request):
            return refuse(403, "this came from another page; open this one and try there")
        if sign_in is not None and request.path not in OPEN and not sign_in.knows(request.cookies.get(COOKIE)):
            if request.method == "GET" and request.path == "/":
                return web.Response(status=303, headers={"Location": "/sign-in"})
            return refuse(401, "sign in first")
        return await handler(request)

    return check


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers of HEADERS on every answer, and let nobody keep what no handler allows to be kept."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.popall("Server", None)


def is_ours(host: str, names: Collection[str]) -> bool:
    """Whether a Host header is an IP address, localhost, or one of ``names``."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    name = name.lower().rstrip(".")
    if name == "localhost" or name in names:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_from_here(request: web.Request) -> bool:
    """Whether a request comes from this very page, from a person's address bar, or from no browser at all."""
    reads = request.method in ("GET", "HEAD")
    origin = request.headers.get("Origin")
    # A proxy with TLS before the page passes on its own name as the Host, and the browser's Origin as it is.
    if origin is not None and origin not in (f"http://{request.host}", f"https://{request.host}"):
        return False
    if origin is None and not reads:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site in (None, "same-origin") or (site == "none" and reads):
        return True
    # A link from elsewhere may open the page, as any link may; it may not be put in a frame.
    opens = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") == "document"
    return reads and opens and request.path in ("/", "/sign-in")


def refuse(status: int, sentence: str) -> web.Response:
    """An answer that says no, and why."""
    return web.json_response({"error": sentence}, status=status)

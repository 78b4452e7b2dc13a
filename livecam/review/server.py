"""The page over HTTP, for this machine's browser.

Everything needs the token that stands in the address which livecam prints: other users of the
machine can reach its loopback too. The browser keeps it as a cookie, and what changes anything
needs it once more, from the page itself, with the page's own origin; so no other page in the same
browser can do anything here. A Host that is not this server's is refused (DNS rebinding). Nothing
is served but the page and what belongs to a moment that the library knows.
"""

from __future__ import annotations

import hmac
import json
import mimetypes
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from livecam.contract import EXPORTS
from livecam.errors import InputError, LivecamError, OutputError
from livecam.exporting import Export, export_all
from livecam.review.listing import PAGES, listed, page
from livecam.review.views import is_quicktime_file
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from livecam.review.desk import Desk
    from livecam.review.moments import Entry, Library
    from livecam.review.views import Views

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Addresses of pictures hold their moment's stamp: another picture has another address."""
NEVER = {"Cache-Control": "no-store"}
MOST_BODY = 10_000
"""Bytes of what is asked for."""


def application(
    library: Library, views: Views, desk: Desk, token: str, hosts: frozenset[str]
) -> ASGIApp:
    """The whole server; `hosts` are the names and ports by which it may be called."""
    return _Guard(_Review(library, views, desk, token).app(), token, hosts)


class _Guard:
    """Lets through only who comes by the right name, with the token."""

    def __init__(self, app: ASGIApp, token: str, hosts: frozenset[str]) -> None:
        self._app, self._token, self._hosts = app, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        refused = self._refused(request)
        if refused:
            answer: ASGIApp = Response(refused, 403, HEADERS | NEVER, "text/plain")
        elif "token" in request.query_params:
            # Out of the address bar, the history, and whatever is copied from there.
            answer = RedirectResponse(request.url.path, 303, HEADERS | NEVER)
            answer.set_cookie(
                self._cookie(request), self._token, httponly=True, samesite="lax", path="/"
            )
        else:
            answer = self._app
        await answer(scope, receive, send)

    def _refused(self, request: Request) -> str:
        """Why a request is not answered, or ""."""
        if request.headers.get("host", "") not in self._hosts:
            return "this is not my name"
        given = request.query_params.get("token") or request.cookies.get(self._cookie(request), "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return "open the address that livecam printed"
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("origin", "")
            if origin.partition("://")[2] not in self._hosts:
                return "another page asked for this"
            sent = request.headers.get("x-livecam-token", "")
            if not hmac.compare_digest(sent.encode(), self._token.encode()):
                return "the page's token is missing"
        return ""

    @staticmethod
    def _cookie(request: Request) -> str:
        """Cookies do not tell ports apart, and two livecams may run."""
        return f"livecam-{request.url.port or 80}"


class _Review:
    def __init__(self, library: Library, views: Views, desk: Desk, token: str) -> None:
        self._library, self._views, self._desk, self._token = library, views, desk, token
        self._writing = threading.Lock()

    def app(self) -> ASGIApp:
        """Routes to what there is."""
        routes = [
            Route("/", self.index),
            Route("/api/moments", self.moments),
            Route("/api/moments/{id}", self._safe(self.facts)),
            Route("/api/moments/{id}/key", self._changing(self.make_key), methods=["POST"]),
            Route("/api/moments/{id}/trash", self._changing(self.remove), methods=["POST"]),
            Route("/api/undo", self._changing(self.undo), methods=["POST"]),
            Route("/media/{id}/{stamp}/{name}", self._safe(self.media)),
            Route("/files/{id}/{number:int}", self._safe(self.file)),
            Route("/export/{id}/{target}", self._safe(self.export)),
            Route("/{name}", self.asset),
        ]
        return Starlette(routes=routes)

    def index(self, _: Request) -> Response:
        text = page("index.html").replace("{{token}}", self._token)
        return Response(text, headers=HEADERS | NEVER, media_type="text/html")

    def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in PAGES:
            return Response("not found", 404, HEADERS, "text/plain")
        return Response(page(name), headers=HEADERS | NEVER, media_type=PAGES[name])

    def moments(self, request: Request) -> Response:
        library = self._library
        mark = f'"{library.version}-{int(library.is_looking)}"'
        if request.headers.get("if-none-match") == mark:
            return Response(None, 304, HEADERS | {"ETag": mark})
        listing = {
            "folder": visible(str(library.folder)),
            "is_looking": library.is_looking,
            "exports": EXPORTS,
            "moments": [listed(entry) for entry in library.entries],
        }
        return JSONResponse(listing, headers=HEADERS | {"ETag": mark, "Cache-Control": "no-cache"})

    def facts(self, entry: Entry, _: Request) -> Response:
        return JSONResponse(self._views.facts(entry), headers=HEADERS | NEVER)

    def media(self, entry: Entry, request: Request) -> Response:
        views, name = self._views, request.path_params["name"]
        stem, _, ending = name.partition(".")
        kind, _, number = stem.partition("-")
        headers = HEADERS | (FOR_EVER if request.path_params["stamp"] == entry.stamp else NEVER)
        if name == "movie":
            path = views.movie(entry)
            kind = "video/quicktime" if is_quicktime_file(path) else "video/mp4"
            return FileResponse(path, media_type=kind, headers=headers)
        plain = {"thumb": views.thumbnail, "photo": views.photo, "strip": views.strip}
        numbered = {"frame": views.frame, "face": views.face}
        if ending != "jpg":
            raise InputError("there is no such picture")
        if kind in plain and not number:
            path = plain[kind](entry)
        elif kind in numbered and number.isascii() and number.isdecimal() and len(number) < 8:
            path = numbered[kind](entry, int(number))
        else:
            raise InputError("there is no such picture")
        return FileResponse(path, media_type="image/jpeg", headers=headers)

    def file(self, entry: Entry, request: Request) -> Response:
        number = request.path_params["number"]
        if number >= len(entry.files):
            raise InputError("there is no such file")
        path = entry.files[number]
        return _download(path, path.name)

    def export(self, entry: Entry, request: Request) -> Response:
        target = request.path_params["target"]
        if target not in EXPORTS:
            raise InputError("there is no such export")
        folder = Path(tempfile.mkdtemp(prefix="livecam-"))
        tidy = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
        try:
            (done,) = export_all([entry.source], target, folder, 1)
            assert isinstance(done, Export)
            if done.error is not None:
                raise done.error
            if len(done.outputs) == 1:
                return _download(done.outputs[0], done.outputs[0].name, tidy)
            zipped = folder / f"{done.outputs[0].stem}.zip"
            with zipfile.ZipFile(zipped, "w") as archive:  # what is in it is packed already
                for path in done.outputs:
                    archive.write(path, path.name)
            return _download(zipped, zipped.name, tidy)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def make_key(self, entry: Entry | None, asked: dict[str, Any]) -> str:
        assert entry is not None
        position = asked.get("frame")
        pick = self._views.pick(entry)
        if not isinstance(position, int) or not 0 <= position < len(pick.score.frames):
            raise InputError("there is no such frame")
        _, told = self._desk.make_key(pick, position)
        self._library.look_again(entry.files[0].parent)
        return told

    def remove(self, entry: Entry | None, _: dict[str, Any]) -> str:
        assert entry is not None
        told = self._desk.remove(entry.source)
        self._library.look_again(entry.files[0].parent)
        return told

    def undo(self, _: Entry | None, __: dict[str, Any]) -> str:
        told, folder, _back = self._desk.undo()
        self._library.look_again(folder)
        return told

    def _entry(self, request: Request) -> Entry:
        entry = self._library.entry(request.path_params["id"])
        if entry is None:
            raise InputError("there is no such moment any more")
        # A file may have been put in its place that leads elsewhere.
        if not all(path.resolve().is_relative_to(self._library.folder) for path in entry.files):
            raise InputError("it lies outside of the folder")
        return entry

    def _safe(self, work: Callable[[Entry, Request], Response]) -> Callable[[Request], Response]:
        """Answer what went wrong in a line, never in a trace."""

        def handle(request: Request) -> Response:
            try:
                return work(self._entry(request), request)
            except LivecamError as err:
                return _problem(err)
            except OSError as err:
                return _problem(InputError(f"it cannot be read: {err.strerror}"))
            except Exception as err:  # noqa: BLE001 - one moment's fault must not break the page
                return _problem(LivecamError(f"livecam broke down: {err!r}"))

        return handle

    def _changing(
        self, work: Callable[[Entry | None, dict[str, Any]], str]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The same for what changes something: one at a time, and asked for in JSON."""

        def do(request: Request, asked: dict[str, Any]) -> Response:
            try:
                with self._writing:
                    entry = self._entry(request) if "id" in request.path_params else None
                    told = work(entry, asked)
            except LivecamError as err:
                return _problem(err)
            except OSError as err:
                return _problem(OutputError(f"it cannot be changed: {err.strerror}"))
            except Exception as err:  # noqa: BLE001 - said, whatever it was
                return _problem(LivecamError(f"livecam broke down: {err!r}"))
            return JSONResponse({"message": told}, headers=HEADERS | NEVER)

        async def handle(request: Request) -> Response:
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > MOST_BODY:
                    return _problem(InputError("that is too much"))
            try:
                asked = json.loads(body or b"{}")
            except ValueError:
                asked = None
            if not isinstance(asked, dict):
                return _problem(InputError("that is not understood"))
            return await run_in_threadpool(do, request, asked)

        return handle


def _problem(err: LivecamError) -> Response:
    found = {"message": visible(err.message), "hint": visible(err.hint)}
    status = 404 if isinstance(err, InputError) else 500
    return JSONResponse(found, status, HEADERS | NEVER)


def _download(path: Path, name: str, tidy: BackgroundTask | None = None) -> Response:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    named = quote(name, errors="surrogateescape")
    headers = HEADERS | NEVER | {"Content-Disposition": f"attachment; filename*=UTF-8''{named}"}
    return FileResponse(path, media_type=kind, headers=headers, background=tidy)

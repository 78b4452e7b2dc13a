"""The page over HTTP, for this machine's browser, and with `--host` for guests.

The page lies under a path that nobody can guess, and needs the token in the address that livecam
prints: other users of the machine can reach its loopback interface too. The browser keeps the token
as a cookie for that path only. Cookies ignore ports: without the path, the browser would send it to
every other server on this machine. Every change needs a second secret, which is not a cookie and
is only in the owner's page, and the page's own origin; so no other page in the same browser, and no
guest, can change anything here. A Host header that is not this server's is refused (DNS rebinding).
Only the page, and what belongs to moments that the index knows, is served.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import mimetypes
import secrets
import shutil
import tempfile
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from livecam.contract import EXPORTS
from livecam.errors import InputError, LivecamError, OutputError
from livecam.library.exporting import Export, export_all
from livecam.library.ratings import rate
from livecam.page.listing import PAGES, listed, page
from livecam.page.views import is_quicktime_file
from livecam.quality.explain import WORDS
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from livecam.edit.undo_stack import UndoStack
    from livecam.page.gains import Gains
    from livecam.page.index import Entry, Index
    from livecam.page.looking import Looking
    from livecam.page.views import Views
    from livecam.photos.inputs import Input

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
MOST_BODY = 1_000_000
"""Bytes of what is asked for: fifty thousand moments by name."""
COOKIE = "livecam"
MOST_PROBLEMS = 5
MOST_MAKING = 8
"""Requests for a moment that are answered at a time; there are forty worker threads."""


@dataclass(frozen=True)
class Door:
    """One address of the page."""

    path: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    """The first part of every path behind it."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """The secret for viewing."""
    changes: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """The secret for changes; "" for guests, who may change nothing."""

    @property
    def entrance(self) -> str:
        """Path and query of the address that is printed."""
        return f"/{self.path}/?token={self.token}"


def application(
    index: Index,
    views: Views,
    undo_stack: UndoStack,
    gains: Gains | None,
    looking: Looking,
    doors: Sequence[Door],
    hosts: frozenset[str],
    temporary: Path,
) -> ASGIApp:
    """The whole server; `hosts` are the values of the Host header that are accepted.

    `gains` is what a report would change, where one was named. Exports are made in the folder
    `temporary`, which is removed once the server has ended.
    """
    review = _Review(index, views, undo_stack, gains, looking, temporary)
    return Guard(review.app(), doors, hosts)


class Guard:
    """Lets only requests with the right Host header, path and token through."""

    def __init__(self, app: ASGIApp, doors: Sequence[Door], hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts
        self._doors = {door.path: door for door in doors}

    def open(self, door: Door) -> None:
        """Let requests through this door too, from now on."""
        self._doors[door.path] = door

    def close(self, door: Door) -> None:
        """Let no more requests through this door."""
        self._doors.pop(door.path, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        first = scope["path"].split("/", 2)[1:2]
        door = self._doors.get(first[0]) if first else None
        refused = self._refused(request, door)
        if refused or door is None:
            answer: ASGIApp = Response(refused, 403, HEADERS | NEVER, "text/plain")
        elif "token" in request.query_params:
            # Keep the token out of the address bar, the history and copied links.
            answer = RedirectResponse(request.url.path, 303, HEADERS | NEVER)
            answer.set_cookie(
                COOKIE, door.token, httponly=True, samesite="lax", path=f"/{door.path}/"
            )
        else:
            answer = self._app
            scope = {**scope, "root_path": f"/{door.path}", "livecam.door": door}
        await answer(scope, receive, send)

    def _refused(self, request: Request, door: Door | None) -> str:
        """Why a request is not answered, or ""."""
        if request.headers.get("host", "") not in self._hosts:
            return "this is not my name"
        given = request.query_params.get("token") or request.cookies.get(COOKIE, "")
        if door is None or not _is_same(given, door.token):
            return "open the address that livecam printed"
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("origin", "")
            if origin.partition("://")[2] not in self._hosts:
                return "another page asked for this"
            if not door.changes:
                return "guests may look, play and download"
            if not _is_same(request.headers.get("x-livecam-token", ""), door.changes):
                return "the page's token is missing"
        return ""


def _is_same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


FAVOURITE = 5
"""Stars of a favourite: other programs order and filter by them."""
MOST_SELECTED, MOST_ZIPPED = 500, 2_000_000_000
"""Moments, and bytes of their files, that are downloaded or thrown away at a time."""
MOST_QUEUED = 8
"""Exports that may be made or wait at a time, so that one client cannot block all others."""


class _Passing(FileResponse):
    """A file made for one answer only; its folder is removed afterwards, even if sending fails."""

    def __init__(self, path: Path, folder: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Sent whole: with ranges, the export would be made again for every part.
        headers = [pair for pair in scope["headers"] if pair[0] != b"range"]
        try:
            await super().__call__({**scope, "headers": headers}, receive, send)
        finally:
            await run_in_threadpool(shutil.rmtree, self._folder, ignore_errors=True)


def made_file(source: Input, target: str, temporary: Path) -> Response:
    """An export, made for this answer only in the folder `temporary`; several files are a ZIP.

    Raises LivecamError.
    """
    folder = Path(tempfile.mkdtemp(dir=temporary))
    try:
        (done,) = export_all([source], target, folder, 1)
        assert isinstance(done, Export)
        if done.error is not None:
            raise done.error
        path = done.outputs[0]
        if len(done.outputs) > 1:
            path = zipped(done.outputs, folder / f"{path.stem}.zip")
        kind, headers = attached(path.name)
        return _Passing(path, folder, media_type=kind, headers=headers)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def zipped(files: Sequence[Path], path: Path) -> Path:
    """Write files into a ZIP, as they are: photos and movies are compressed already."""
    with zipfile.ZipFile(path, "w") as archive:
        for one in files:
            archive.write(one, one.name)
    return path


class _Review:
    def __init__(
        self,
        index: Index,
        views: Views,
        undo_stack: UndoStack,
        gains: Gains | None,
        looking: Looking,
        temporary: Path,
    ) -> None:
        self._index, self._views, self._stack, self._gains = index, views, undo_stack, gains
        self._looking, self._temporary = looking, temporary
        self._queued = 0
        """Exports that are being made or wait."""
        self._writing = threading.Lock()
        self._making = asyncio.Semaphore(MOST_MAKING)
        self._exporting = asyncio.Semaphore(1)

    def app(self) -> ASGIApp:
        """The application with all its routes."""
        routes = [
            Route("/", self.index),
            Route("/api/moments", self.moments),
            Route("/api/moments/{id}", self._safe(self.facts)),
            Route("/api/moments/{id}/key", self._changing(self.make_key), methods=["POST"]),
            Route("/api/moments/{id}/trash", self._changing(self.remove), methods=["POST"]),
            Route("/api/moments/{id}/star", self._changing(self.star), methods=["POST"]),
            Route("/api/moments/{id}/better", self._safe(self.better)),
            Route("/api/trash", self._changing(self.remove_all), methods=["POST"]),
            Route("/api/look", self._changing(self.look_at_all), methods=["POST"]),
            Route("/zip", self.zip),
            Route("/api/undo", self._changing(self.undo), methods=["POST"]),
            Route("/api/gains", self._changing(self.apply_gains), methods=["POST"]),
            Route("/api/gains/undo", self._changing(self.undo_gains), methods=["POST"]),
            Route("/media/{id}/{stamp}/{name}", self._safe(self.media)),
            Route("/files/{id}/{number:int}", self._safe(self.file)),
            Route("/export/{id}/{target}", self._safe(self.export, self._exporting)),
            Route("/{name}", self.asset),
        ]
        return Starlette(routes=routes)

    def index(self, request: Request) -> Response:
        door: Door = request.scope["livecam.door"]
        text = page("index.html").replace("{{token}}", door.changes)
        return Response(text, headers=HEADERS | NEVER, media_type="text/html")

    def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in PAGES:
            return Response("not found", 404, HEADERS, "text/plain")
        return Response(page(name), headers=HEADERS | NEVER, media_type=PAGES[name])

    def moments(self, request: Request) -> Response:
        index = self._index
        gains = self._gains
        seen = [index.version, int(index.is_looking), gains.version if gains is not None else ""]
        looked = self._looking.told()
        seen += [self._stack.steps, *looked]
        mark = f'"{"-".join(map(str, seen))}"'
        if request.headers.get("if-none-match") == mark:
            return Response(None, 304, HEADERS | {"ETag": mark})
        listing = {
            "folder": visible(str(index.folder)),
            "is_looking": index.is_looking,
            "exports": EXPORTS,
            "words": WORDS,
            "problems": list(map(visible, index.problems[-MOST_PROBLEMS:])),
            "moments": [listed(entry) for entry in index.entries],
            "can_undo": self._stack.steps > 0,
            "looked": looked,
            "gains": gains.listed() if gains is not None else None,
        }
        return JSONResponse(listing, headers=HEADERS | {"ETag": mark, "Cache-Control": "no-cache"})

    def facts(self, entry: Entry, _: Request) -> Response:
        return JSONResponse(self._looking.look(entry), headers=HEADERS | NEVER)

    def better(self, entry: Entry, _: Request) -> Response:
        found = self._views.better_facts(entry, self._report().wish(entry))
        return JSONResponse(found, headers=HEADERS | NEVER)

    def media(self, entry: Entry, request: Request) -> Response:
        views, name = self._views, request.path_params["name"]
        stem, _, ending = name.partition(".")
        kind, _, number = stem.partition("-")
        headers = HEADERS | (FOR_EVER if request.path_params["stamp"] == entry.stamp else NEVER)
        if name == "movie":
            path = views.movie(entry)
            kind = "video/quicktime" if is_quicktime_file(path) else "video/mp4"
            return FileResponse(path, media_type=kind, headers=headers, stat_result=path.stat())
        plain = {"thumb": views.thumbnail, "photo": views.photo, "strip": views.strip}
        numbered = {"frame": views.frame, "face": views.face}
        if ending != "jpg":
            raise InputError("there is no such picture")
        if kind == "better" and not number:
            path = views.better(entry, self._report().wish(entry))
        elif kind in plain and not number:
            path = plain[kind](entry)
        elif kind in numbered and number.isascii() and number.isdecimal() and len(number) < 8:
            path = numbered[kind](entry, int(number))
        else:
            raise InputError("there is no such picture")
        return FileResponse(path, media_type="image/jpeg", headers=headers, stat_result=path.stat())

    def file(self, entry: Entry, request: Request) -> Response:
        number = request.path_params["number"]
        if number >= len(entry.files):
            raise InputError("there is no such file")
        path = entry.files[number]
        kind, headers = attached(path.name)
        return FileResponse(path, media_type=kind, headers=headers, stat_result=path.stat())

    def export(self, entry: Entry, request: Request) -> Response:
        target = request.path_params["target"]
        if target not in EXPORTS:
            raise InputError("there is no such export")
        return made_file(entry.source, target, self._temporary)

    def make_key(self, entry: Entry | None, asked: dict[str, Any]) -> str:
        assert entry is not None
        position = asked.get("frame")
        pick = self._views.pick(entry)
        if not isinstance(position, int) or not 0 <= position < len(pick.score.frames):
            raise InputError("there is no such frame")
        _, told = self._stack.make_key(pick, position)
        self._index.refresh_folder(entry.files[0].parent)
        return told

    def star(self, entry: Entry | None, asked: dict[str, Any]) -> str:
        assert entry is not None
        rate(entry.files[0], FAVOURITE if asked.get("is_on") else 0)
        self._index.refresh_folder(entry.files[0].parent)
        name = visible(entry.files[0].name)
        return f"{name} is {'a favourite' if asked.get('is_on') else 'no favourite any more'}"

    def remove(self, entry: Entry | None, _: dict[str, Any]) -> str:
        assert entry is not None
        told = self._stack.remove(entry.source)
        self._index.refresh_folder(entry.files[0].parent)
        return told

    def undo(self, _: Entry | None, __: dict[str, Any]) -> str:
        told, folders, _back = self._stack.undo()
        for folder in folders:
            self._index.refresh_folder(folder)
        return told

    def remove_all(self, _: Entry | None, asked: dict[str, Any]) -> str:
        entries = self._named(asked.get("moments"))
        told = self._stack.remove_all([entry.source for entry in entries])
        for folder in {entry.files[0].parent: None for entry in entries}:
            self._index.refresh_folder(folder)
        return told

    def look_at_all(self, _: Entry | None, asked: dict[str, Any]) -> str:
        if asked.get("is_on"):
            self._looking.start()
            return "all moments are being looked at"
        self._looking.stop()
        return "it stops after this one"

    async def zip(self, request: Request) -> Response:
        """The files of several moments as they are, in one archive."""

        def make(_: Request) -> Response:
            entries = self._named(request.query_params.get("moments", "").split(","))
            files = [path for entry in entries for path in entry.files]
            if sum(path.stat().st_size for path in files) > MOST_ZIPPED:
                raise InputError("that is too much for one download", "select fewer")
            folder = Path(tempfile.mkdtemp(dir=self._temporary))
            path = folder / f"livecam-{len(entries)}-moments.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for one in files:  # by their place in the folder: names may occur twice
                    archive.write(one, one.relative_to(self._index.folder).as_posix())
            kind, headers = attached(path.name)
            return _Passing(path, folder, media_type=kind, headers=headers)

        async with self._exporting:
            return await run_in_threadpool(answer, make, request)

    def _named(self, names: Any) -> list[Entry]:
        """The moments that a page names. Raises InputError."""
        if not isinstance(names, list) or not 1 <= len(names) <= MOST_SELECTED:
            raise InputError(f"select 1 to {MOST_SELECTED} moments")
        return [self._known(str(name)) for name in dict.fromkeys(names)]

    def apply_gains(self, _: Entry | None, asked: dict[str, Any]) -> str:
        names = asked.get("moments")
        if not isinstance(names, list):
            raise InputError("the request is not understood")
        return self._report().apply([self._known(str(name)) for name in names])

    def undo_gains(self, _: Entry | None, __: dict[str, Any]) -> str:
        return self._report().undo()

    def _report(self) -> Gains:
        if self._gains is None:
            raise InputError("no report was named")
        return self._gains

    def _entry(self, request: Request) -> Entry:
        return self._known(request.path_params["id"])

    def _known(self, name: str) -> Entry:
        entry = self._index.entry(name)
        if entry is None:
            raise InputError("there is no such moment any more")
        # The file may have been replaced by a link that leads out of the folder.
        if not all(path.resolve().is_relative_to(self._index.folder) for path in entry.files):
            raise InputError("it lies outside of the folder")
        return entry

    def _safe(
        self, work: Callable[[Entry, Request], Response], queue: asyncio.Semaphore | None = None
    ) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler for one moment: errors are answered in one line, never a traceback.

        `queue` limits how many are answered at a time: 4K exports take 100 MB each, and with all
        threads busy none would be left for the list.
        """

        def attempt(request: Request) -> Response:
            version = self._index.version
            try:
                return work(self._entry(request), request)
            except (LivecamError, OSError):
                if self._index.version == version and not self._writing.locked():
                    raise
                with self._index.at_rest:  # its files were being changed: once more
                    return work(self._entry(request), request)

        async def handle(request: Request) -> Response:
            async with queue or self._making:
                if await request.is_disconnected():
                    return Response(None, 204)  # the client has gone while this waited
                return await run_in_threadpool(answer, attempt, request)

        async def handle_in_turn(request: Request) -> Response:
            if self._queued >= MOST_QUEUED:
                found = {"message": "too many exports are waited for", "hint": "try again later"}
                return JSONResponse(found, 503, HEADERS | NEVER | {"Retry-After": "10"})
            self._queued += 1
            try:
                return await handle(request)
            finally:
                self._queued -= 1

        return handle if queue is None else handle_in_turn

    def _changing(
        self, work: Callable[[Entry | None, dict[str, Any]], str]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler that makes changes: one at a time, with a JSON object as the body."""

        def do(request: Request, asked: dict[str, Any]) -> Response:
            try:
                with self._writing, self._index.at_rest:
                    entry = self._entry(request) if "id" in request.path_params else None
                    told = work(entry, asked)
            except LivecamError as err:
                return problem_of(err)
            except OSError as err:
                return problem_of(OutputError(f"it cannot be changed: {err.strerror}"))
            except Exception as err:  # noqa: BLE001 - report any error
                return problem_of(LivecamError(f"livecam broke down: {err!r}"))
            return JSONResponse({"message": told}, headers=HEADERS | NEVER)

        async def handle(request: Request) -> Response:
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > MOST_BODY:
                    return problem_of(InputError("that is too much"))
            try:
                asked = json.loads(body or b"{}")
            except ValueError:
                asked = None
            if not isinstance(asked, dict):
                return problem_of(InputError("the request is not understood"))
            return await run_in_threadpool(do, request, asked)

        return handle


def answer(work: Callable[[Request], Response], request: Request) -> Response:
    """What a handler answers; if it fails, the error as one line, never a traceback."""
    try:
        return work(request)
    except LivecamError as err:
        return problem_of(err)
    except OSError as err:
        return problem_of(InputError(f"it cannot be read: {err.strerror}"))
    except Exception as err:  # noqa: BLE001 - one moment's fault must not break the page
        return problem_of(LivecamError(f"livecam broke down: {err!r}"))


def problem_of(err: LivecamError) -> Response:
    """The answer for an error: one line, and a hint."""
    found = {"message": visible(err.message), "hint": visible(err.hint)}
    status = 404 if isinstance(err, InputError) else 500
    return JSONResponse(found, status, HEADERS | NEVER)


def attached(name: str) -> tuple[str, dict[str, str]]:
    """Media type and headers of a file that the browser should download."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    named = quote(name, errors="surrogateescape")
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{named}"}
    return kind, HEADERS | NEVER | disposition

"""The page of a photo booth: the live picture, the shutter, and each photo for whoever is in it.

The booth's own page lies behind one address. Each photo that was taken has an address of its own,
shown as a QR code, behind which its guests see and download that photo and nothing else. Neither
leads to the owner's page (`livecam review`), and every address holds a secret (`Door`).
"""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from livecam.errors import InputError
from livecam.library.exporting import Export, export_all
from livecam.page.live_picture import LivePicture
from livecam.page.server import (
    HEADERS,
    NEVER,
    Door,
    Guard,
    answer,
    attached,
    made_file,
        zipped,
)  # fmt: skip
from livecam.photos.frames import MovieReader
from livecam.photos.inputs import find_inputs
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from livecam.contract import Saved
    from livecam.frame import Frame

KEPT = 200
"""Photos whose addresses are remembered; older ones are in the folder only."""
STRIP = 4
STRIP_APART_S = 0.3
STRIP_WIDTH, STRIP_EDGE = 800, 30
"""Pixels of a strip: its pictures' width, and the white around each."""
DOWNLOADS = ("motion-photo", "gif", "bounce")
"""What guests can have made, besides the Live Photo, the photo and the movie as they are."""
FILES = {
    "booth.js": "text/javascript", "booth.css": "text/css", "booth_texts.json": "application/json",
    "icon.svg": "image/svg+xml",
}  # fmt: skip


class Booth(Protocol):
    """What the page may ask of the run that feeds it. Safe from any thread."""

    def newest(self) -> Frame | None:
        """The newest picture."""

    def state(self) -> dict[str, Any]:
        """What the page shows of the run, as plain data."""

    def press(self) -> None:
        """Take a photo now."""

    def set_automatic(self, is_on: bool) -> None:
        """Take photos by itself, or no longer."""

    def remove(self, saved: Saved) -> None:
        """Put a photo into the trash. Raises LivecamError."""

    def print(self, saved: Saved, strip: Path) -> None:
        """Print it by the owner's command. Raises LivecamError if there is none."""


@dataclass
class Taken:
    """One photo of the booth, and the address for its guests."""

    saved: Saved
    door: Door = field(default_factory=lambda: Door(changes=""))


class BoothPage:
    """The server's side of the page."""

    def __init__(self, booth: Booth, place: str, hosts: frozenset[str], temporary: Path) -> None:
        """`place` is where guests reach it (http://host:port), "" where they cannot."""
        self._booth, self._place, self._temporary = booth, place, temporary
        self.door = Door()
        self._taken: dict[int, Taken] = {}
        self._by_door: dict[str, Taken] = {}
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._picture = LivePicture(booth.newest)
        self._own, self._guests = self._booth_app(), self._guest_app()
        self._guard = Guard(self._inside, [self.door], hosts)

    @property
    def app(self) -> ASGIApp:
        """The whole application."""
        return self._guard

    def add(self, saved: Saved) -> None:
        """A photo was saved."""
        with self._lock:
            taken = self._taken[saved.id] = Taken(saved)
            self._by_door[taken.door.path] = taken
            for old in list(self._taken)[:-KEPT]:
                door = self._taken.pop(old).door
                self._by_door.pop(door.path)
                self._guard.close(door)
        self._guard.open(taken.door)

    def _inside(self, scope: Scope, receive: Receive, send: Send) -> Any:
        taken = self._by_door.get(scope["livecam.door"].path)
        app = self._own if taken is None else self._guests
        return app({**scope, "livecam.taken": taken}, receive, send)

    def _booth_app(self) -> ASGIApp:
        return Starlette(routes=[
            Route("/", lambda request: _page("booth.html", request)),
            Route("/live", self._live),
            Route("/state", self._state),
            Route("/press", _doing(self._press), methods=["POST"]),
            Route("/automatic/{is_on:int}", _doing(self._automatic), methods=["POST"]),
            Route("/photos/{id:int}/again", _doing(self._again), methods=["POST"]),
            Route("/photos/{id:int}/print", _doing(self._print), methods=["POST"]),
            Route("/photos/{id:int}/code.svg", _doing(self._code)),
            Route("/photos/{id:int}/{name}", _doing(self._media)),
            Route("/{name}", _file),
        ])  # fmt: skip

    def _guest_app(self) -> ASGIApp:
        return Starlette(routes=[
            Route("/", lambda request: _page("guest.html", request)),
            Route("/photo/{name}", _doing(self._media)),
            Route("/download/{target}", _doing(self._download)),
            Route("/{name}", _file),
        ])  # fmt: skip

    async def _live(self, _: Request) -> Response:
        return self._picture.answer()

    async def _state(self, _: Request) -> Response:
        with self._lock:
            photos = [self._told(taken) for taken in self._taken.values()]
        state = self._booth.state() | {"photos": photos, "has_guests": bool(self._place)}
        return JSONResponse(state, headers=HEADERS | NEVER)

    def _told(self, taken: Taken) -> dict[str, Any]:
        saved = taken.saved
        return {"id": saved.id, "score": saved.key.score, "reason": visible(saved.reason)}

    def _press(self, _: Request) -> Response:
        self._booth.press()
        return _done()

    def _automatic(self, request: Request) -> Response:
        self._booth.set_automatic(bool(request.path_params["is_on"]))
        return _done()

    def _again(self, request: Request) -> Response:
        taken = self._of(request)
        self._booth.remove(taken.saved)
        with self._lock:
            self._taken.pop(taken.saved.id, None)
            self._by_door.pop(taken.door.path, None)
        self._guard.close(taken.door)
        return _done()

    def _print(self, request: Request) -> Response:
        saved = self._of(request).saved
        path = self._temporary / f"{Path(saved.photo).stem}_strip.jpg"
        path.write_bytes(strip_of(saved))
        self._booth.print(saved, path)
        return _done()

    def _code(self, request: Request) -> Response:
        import segno

        if not self._place:
            raise InputError("guests cannot reach this booth", "--host ADDRESS")
        address = self._place + self._of(request).door.entrance
        code = io.BytesIO()
        segno.make(address, error="m").save(code, kind="svg", scale=6, border=4, light="white")
        return Response(code.getvalue(), headers=HEADERS | NEVER, media_type="image/svg+xml")

    def _media(self, request: Request) -> Response:
        saved, name = self._of(request).saved, request.path_params["name"]
        if name == "photo":
            return _sent(Path(saved.photo), "image/jpeg")
        if name == "movie":
            return _sent(Path(saved.movie), "video/mp4")  # Chromium plays no video/quicktime
        if name == "strip":
            return Response(strip_of(saved), headers=HEADERS | NEVER, media_type="image/jpeg")
        if name == "boomerang":
            return _sent(self._boomerang(saved), "video/mp4")
        raise InputError("there is no such picture")

    def _boomerang(self, saved: Saved) -> Path:
        """There and back again, made once."""
        folder = self._temporary / f"boomerang-{saved.id}"
        with self._making:
            if not folder.exists():
                (done,) = export_all([self._source(saved)], "bounce", folder, 1)
                assert isinstance(done, Export)
                if done.error is not None:
                    raise done.error
            return next(path for path in folder.iterdir() if path.suffix == ".MOV")

    def _download(self, request: Request) -> Response:
        saved, target = self._of(request).saved, request.path_params["target"]
        files = {
            "live-photo": [Path(saved.photo), Path(saved.movie)],
            "photo": [Path(saved.photo)],
            "movie": [Path(saved.movie)],
        }.get(target)
        if files is None:
            if target not in DOWNLOADS:
                raise InputError("there is no such download")
            return made_file(self._source(saved), target, self._temporary)
        path = files[0]
        if len(files) > 1:
            path = zipped(files, self._temporary / f"{path.stem}.zip")
        kind, headers = attached(path.name)
        return FileResponse(path, media_type=kind, headers=headers, stat_result=path.stat())

    def _source(self, saved: Saved) -> Any:
        return find_inputs([Path(saved.photo)]).inputs[0]

    def _of(self, request: Request) -> Taken:
        taken = request.scope.get("livecam.taken")
        if taken is None:
            taken = self._taken.get(request.path_params.get("id", -1))
        if taken is None:
            raise InputError("there is no such photo any more")
        return taken


def strip_of(saved: Saved) -> bytes:
    """The four best pictures of a moment that are not next to each other, as one JPEG."""
    record = json.loads(Path(saved.scores).read_text("utf-8"))
    chosen = _apart(record["frames"], record["key"]["index"])
    with MovieReader(Path(saved.movie)) as reader:
        pictures = [frame.bgr() for frame in reader.frames(chosen)]
    width = STRIP_WIDTH
    lines = []
    for picture in pictures:
        height = round(picture.shape[0] * width / picture.shape[1])
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        edges = (STRIP_EDGE, 0, STRIP_EDGE, STRIP_EDGE)
        lines.append(cv2.copyMakeBorder(small, *edges, cv2.BORDER_CONSTANT, value=(255,) * 3))
    lines.append(np.full((STRIP_EDGE, lines[0].shape[1], 3), 255, np.uint8))
    return cv2.imencode(".jpg", np.vstack(lines), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def _apart(frames: Sequence[dict[str, Any]], key: int) -> list[int]:
    """The key frame, and the best others that are some time from each other; in order."""
    chosen = [key]
    for i in sorted(range(len(frames)), key=lambda i: -frames[i]["score"]):
        is_apart = all(
            abs(frames[i]["time_s"] - frames[j]["time_s"]) >= STRIP_APART_S for j in chosen
        )
        if len(chosen) < STRIP and is_apart:
            chosen.append(i)
    return sorted(chosen)


def _doing(work: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a handler: in a thread of its own, with errors as one line."""

    async def handle(request: Request) -> Response:
        return await run_in_threadpool(answer, work, request)

    return handle


def _sent(path: Path, kind: str) -> Response:
    return FileResponse(path, media_type=kind, headers=HEADERS | NEVER, stat_result=path.stat())


def _done() -> Response:
    return JSONResponse({}, headers=HEADERS | NEVER)


def _page(name: str, request: Request) -> Response:
    door: Door = request.scope["livecam.door"]
    text = _asset(name).replace("{{token}}", door.changes)
    return Response(text, headers=HEADERS | NEVER, media_type="text/html")


def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in FILES:
        return Response("not found", 404, HEADERS, "text/plain")
    return Response(_asset(name), headers=HEADERS | NEVER, media_type=FILES[name])


def _asset(name: str) -> str:
    return resources.files("livecam.page").joinpath("assets", name).read_text("utf-8")

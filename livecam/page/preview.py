"""The live picture and score for other programs on this machine (`--preview-port`).

`/SECRET/live` is MJPEG, `/SECRET/score` a stream of server-sent events, each the event `live` of
the contract. Read-only; the secret is in the path, so that any program can read the address.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from livecam.page.live_picture import LivePicture
from livecam.page.server import HEADERS, NEVER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from livecam.contract import Live
    from livecam.frame import Frame

SCORE_S = 0.1
"""From one look for a new score to the next; a score is made about five times a second."""


class Preview:
    """An application that shows what the camera sees, and changes nothing."""

    def __init__(
        self,
        newest: Callable[[], Frame | None],
        live: Callable[[], Live],
        hosts: frozenset[str],
    ) -> None:
        """`newest` and `live` are asked from the server's threads; `hosts` are our names."""
        self.path = f"/{secrets.token_urlsafe(16)}"
        self._picture, self._live, self._hosts = LivePicture(newest), live, hosts
        self._app: ASGIApp = Starlette(routes=[
            Route(f"{self.path}/live", lambda _: self._picture.answer()),
            Route(f"{self.path}/score", lambda _: self._scores()),
        ])  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, if it was made to us: no web page may lead a browser here."""
        app = self._app
        if scope["type"] != "http":
            return
        names = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(names) != 1 or names[0] not in self._hosts:
            app = Response("this is not my name", 403, HEADERS | NEVER, "text/plain")
        await app(scope, receive, send)

    def _scores(self) -> Response:
        kind = "text/event-stream"
        return StreamingResponse(self._events(), headers=HEADERS | NEVER, media_type=kind)

    async def _events(self) -> AsyncIterator[bytes]:
        last = None
        while True:
            live = self._live()
            if live != last:
                last = live
                yield f"data: {live.to_json()}\n\n".encode()
            await asyncio.sleep(SCORE_S)

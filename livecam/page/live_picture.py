"""The camera's picture for browsers and other programs, as MJPEG."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import cv2
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from livecam.frame import UPRIGHT, PixelFormat
from livecam.media.photo import standalone
from livecam.page.server import HEADERS, NEVER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from livecam.frame import Bytes, Frame

WIDTH, QUALITY = 1920, 80
"""Wider pictures are made smaller on their way: a 4K JPEG takes a browser 40 ms to show."""
LOOK_S = 0.008
"""From one look for a new frame to the next: a quarter of a frame's time at 30 a second."""


class LivePicture:
    """The newest picture, encoded once for all who look."""

    def __init__(self, newest: Callable[[], Frame | None]) -> None:
        """`newest` gives the newest frame, from any thread."""
        self._newest = newest
        self._encoding = threading.Lock()
        self._made: tuple[int, bytes] = (-1, b"")

    def answer(self) -> Response:
        """Every new picture from now on, until the reader goes."""
        kind = "multipart/x-mixed-replace; boundary=frame"
        return StreamingResponse(self._pictures(), headers=HEADERS | NEVER, media_type=kind)

    async def _pictures(self) -> AsyncIterator[bytes]:
        last = -1
        while True:
            frame = self._newest()
            if frame is None or frame.index == last:
                await asyncio.sleep(LOOK_S)
                continue
            last = frame.index
            jpeg = await run_in_threadpool(self._jpeg, frame)
            if jpeg:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                yield head.encode() + jpeg + b"\r\n"

    def _jpeg(self, frame: Frame) -> bytes:
        """The frame, upright; b"" for a broken one."""
        with self._encoding:
            if self._made[0] != frame.index:
                self._made = frame.index, _jpeg(frame)
            return self._made[1]


def _jpeg(frame: Frame) -> bytes:
    reduce = next((r for r in (1, 2, 4) if frame.size_wh[0] // r <= WIDTH), 8)
    if frame.pixel_format is PixelFormat.JPEG and frame.turn == UPRIGHT and reduce == 1:
        return standalone(frame.data.tobytes()) if frame.is_whole() else b""
    try:
        image: Bytes = frame.bgr(reduce)
    except ValueError:
        return b""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()

"""MJPEG over HTTP, read more tolerantly than FFmpeg does.

Only the named host is ever connected to: proxies and redirects to other hosts are not used.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import numpy as np

from livecam.capture.authorization import authorization_for
from livecam.capture.av_stream import Picture
from livecam.capture.jpeg_splitter import JpegSplitter
from livecam.errors import CameraError
from livecam.formats.jpeg import size_of
from livecam.frame import PixelFormat
from livecam.timebase import now_ns

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self
    from urllib.parse import SplitResult

READ_BYTES = 1 << 16
SNIFFED_BYTES = 1 << 14
"""Of a stream of no known type: if no picture begins in these, it is no stream of JPEGs."""
MOST_TOLD = 4096
"""Bytes of a stream without pictures that are looked at to say what it is instead."""
_TYPE = re.compile(rb"content-type:\s*([\w/+.-]+)", re.IGNORECASE)
MOST_REDIRECTS = 5
NOMINAL_RATE_HZ = Fraction(30)
"""A stream of JPEGs names no rate; the real one is measured."""


class HttpJpegs:
    """The pictures of an open connection."""

    codec = "mjpeg"
    pixel_format = PixelFormat.JPEG
    rate_hz = NOMINAL_RATE_HZ

    def __init__(
        self, response: http.client.HTTPResponse, connection: socket.socket, begun: bytes
    ) -> None:
        """`begun` are bytes that have been read already. Raises CameraError, OSError."""
        self._response, self._socket = response, connection
        self._splitter = JpegSplitter()
        self._ready: deque[Picture] = deque()
        self._ended = False
        self._count = 0
        self._begun = b""
        self.size_wh = (0, 0)
        self._take(begun)
        try:
            self._fill()
        except OSError as err:
            if not self._begun:
                raise
            raise CameraError(self._what_it_is()) from err
        if not self._ready:
            raise CameraError(self._what_it_is())
        self.size_wh = self._ready[0].size_wh

    def next(self) -> Picture | None:
        """Block until the next picture; None at the end. Raises OSError."""
        self._fill()
        if not self._ready and self._count == 1:
            raise OSError("it sends one picture, not a stream")
        return self._ready.popleft() if self._ready else None

    def interrupt(self) -> None:
        """End the stream for a `next` that waits in another thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection. May be called twice; no `next` may be under way."""
        self.interrupt()
        _close(self._response, self._socket)

    def _fill(self) -> None:
        while not self._ready and not self._ended:
            try:
                data = self._response.read1(READ_BYTES)
            except (http.client.HTTPException, ValueError):
                data = b""  # cut off, or closed
            self._ended = not data
            self._take(data)

    def _what_it_is(self) -> str:
        """Why there is no picture in what was sent."""
        kinds = [kind.decode() for kind in _TYPE.findall(self._begun)]
        if b"\x89PNG" in self._begun:
            kinds.append("image/png")
        if self._splitter.broken:
            return "all pictures that it sends are cut off"
        if others := [kind for kind in kinds if "jpeg" not in kind and "jpg" not in kind]:
            return f"it sends {others[-1]}, and livecam reads JPEG here"
        return "there is no whole picture in this stream"

    def _take(self, data: bytes) -> None:
        arrived_ns = now_ns()
        if not self._count:
            self._begun = (self._begun + data)[:MOST_TOLD]
        for jpeg in self._splitter.feed(data):
            size_wh = size_of(jpeg)
            if size_wh is None:
                continue
            self._count += 1
            stamp_ns = self._splitter.stamp_ns
            self._ready.append(
                Picture(np.frombuffer(jpeg, np.uint8), stamp_ns, arrived_ns, size_wh)
            )


def open_jpegs(url: str, open_timeout_s: float, read_timeout_s: float) -> HttpJpegs | str:
    """Connect; if the stream is not one of JPEGs, return its address after all redirects.

    FFmpeg may know such a stream, and follows no redirects itself. Whatever a server sends, and
    however slowly, there is an answer after `open_timeout_s`. Raises CameraError, OSError.
    """
    with _Limit(open_timeout_s) as limit:
        try:
            # A second more for each single answer: the limit is to be what ends it.
            found = _open(url, open_timeout_s + 1, read_timeout_s, limit)
            if limit.has_passed:  # what was cut off may look as if it were whole
                if isinstance(found, HttpJpegs):
                    found.close()
                raise CameraError("it does not answer")
        except (CameraError, OSError) as err:
            if not limit.has_passed:
                raise
            why = f": {err.message}" if isinstance(err, CameraError) else ""
            raise CameraError(f"no picture in {open_timeout_s:.0f} s{why}") from err
        return found


class _Limit:
    """Ends the connections that it was told of when the time for a first picture is over."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._connection: socket.socket | None = None
        self.has_passed = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        self._connection = connection
        if self.has_passed:
            self._end()

    def _end(self) -> None:
        self.has_passed = True
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)


def _open(url: str, open_timeout_s: float, read_timeout_s: float, limit: _Limit) -> HttpJpegs | str:
    try:
        url, response, connection = _get(url, open_timeout_s, limit)
    except http.client.HTTPException:
        if limit.has_passed:
            raise CameraError("it does not answer") from None
        return url  # no HTTP that Python understands
    connection.settimeout(read_timeout_s)
    kind = response.headers.get_content_type() if response.headers.get("Content-Type") else ""
    if kind == "text/html":
        _close(response, connection)
        raise CameraError("it is a web page", "look for the address of the stream itself")
    begun = b""
    if not (kind.startswith("multipart/") or "jpeg" in kind or "jpg" in kind):
        if kind not in ("", "application/octet-stream"):
            _close(response, connection)
            return url
        while len(begun) < SNIFFED_BYTES and b"\xff\xd8\xff" not in begun:
            data = response.read1(SNIFFED_BYTES)
            if not data:
                break
            begun += data
        if b"\xff\xd8\xff" not in begun:
            _close(response, connection)
            return url
    try:
        return HttpJpegs(response, connection, begun)
    except BaseException:
        _close(response, connection)
        raise


def _get(
    url: str, timeout_s: float, limit: _Limit
) -> tuple[str, http.client.HTTPResponse, socket.socket]:
    """Follow redirects within the host, and answer one password challenge at each address.

    Returns the last address, its response and the socket. Raises CameraError, OSError.
    """
    authorization = ""
    for _ in range(MOST_REDIRECTS):
        parts = urlsplit(url)
        response, connection = _request(parts, authorization, timeout_s, limit)
        if response.status == 401 and parts.username and not authorization:
            authorization = authorization_for(
                parts, response.headers.get_all("WWW-Authenticate", [])
            )
            _close(response, connection)
        elif response.status in (301, 302, 303, 307, 308):
            target = urlsplit(urljoin(url, response.headers.get("Location", "")))
            _close(response, connection)
            if target.hostname != parts.hostname or target.scheme not in ("http", "https"):
                raise CameraError(
                    f"it sends us on to {target.hostname}", "name that address, if you trust it"
                )
            authorization = ""  # another path may need another one
            user = parts.netloc.rpartition("@")[0]
            netloc = target.netloc.rpartition("@")[2]
            url = target._replace(netloc=f"{user}@{netloc}" if user else netloc).geturl()
        elif response.status != 200:
            _close(response, connection)
            hint = "put user and password into the address" if response.status == 401 else ""
            raise CameraError(f"it answers {response.status} {response.reason}".lower(), hint)
        else:
            return url, response, connection
    raise CameraError("its redirects never end, or it refuses the password")


def _request(
    parts: SplitResult, authorization: str, timeout_s: float, limit: _Limit
) -> tuple[http.client.HTTPResponse, socket.socket]:
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # Cameras make their certificates themselves; FFmpeg, which reads the other streams, does
        # not look at them either.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_s, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    connection.connect()
    opened = connection.sock
    limit.watch(opened)
    headers = {"User-Agent": "livecam", "Accept": "*/*"}
    if authorization:
        headers["Authorization"] = authorization
    try:
        connection.request("GET", _target(parts), headers=headers)
        return connection.getresponse(), opened
    except BaseException:
        connection.close()
        raise


def _close(response: http.client.HTTPResponse, connection: socket.socket) -> None:
    response.close()
    connection.close()  # a response leaves a keep-alive connection open


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

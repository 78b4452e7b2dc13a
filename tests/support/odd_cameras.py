"""MJPEG servers that get HTTP wrong, each in the way of some real camera."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

RATE_HZ = 30
OK = b"HTTP/1.0 200 OK\r\n"
MIXED = OK + b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
PART = b"Content-Type: image/jpeg\r\n"

Part = Callable[[bytes], bytes]

SERVERS: dict[str, tuple[bytes, Part]] = {
    "right": (
        MIXED,
        lambda j: b"--frame\r\n" + PART + b"Content-Length: %d\r\n\r\n" % len(j) + j + b"\r\n",
    ),
    "no length": (MIXED, lambda j: b"--frame\r\n" + PART + b"\r\n" + j + b"\r\n"),
    "no leading boundary": (
        MIXED,
        lambda j: PART + b"Content-Length: %d\r\n\r\n" % len(j) + j + b"\r\n--frame\r\n",
    ),
    "boundary without dashes": (
        MIXED,
        lambda j: b"frame\r\n" + PART + b"Content-Length: %d\r\n\r\n" % len(j) + j + b"\r\n",
    ),
    "another boundary": (MIXED, lambda j: b"--other\r\n" + PART + b"\r\n" + j + b"\r\n"),
    "no line end before the boundary": (MIXED, lambda j: b"--frame\r\n" + PART + b"\r\n" + j),
    "bare line feeds": (MIXED, lambda j: b"--frame\n" + PART[:-2] + b"\n\n" + j + b"\n"),
    "empty parts": (
        MIXED,
        lambda j: (
            b"--frame\r\nContent-Length: 0\r\n\r\n\r\n--frame\r\n" + PART + b"\r\n" + j + b"\r\n"
        ),
    ),
    "length longer than the data": (
        MIXED,
        lambda j: (
            b"--frame\r\n" + PART + b"Content-Length: %d\r\n\r\n" % (len(j) + 999) + j + b"\r\n"
        ),
    ),
    "length shorter than the data": (
        MIXED,
        lambda j: b"--frame\r\n" + PART + b"Content-Length: 9\r\n\r\n" + j + b"\r\n",
    ),
    "padded pictures": (
        MIXED,
        lambda j: b"--frame\r\n" + PART + b"\r\n" + j + bytes(777) + b"\r\n",
    ),
    "no type": (OK + b"\r\n", lambda j: b"--frame\r\n" + PART + b"\r\n" + j + b"\r\n"),
    "pictures alone": (OK + b"Content-Type: application/octet-stream\r\n\r\n", lambda j: j),
    "chunked": (
        MIXED.replace(b"1.0", b"1.1").replace(
            b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
        lambda j: b"%x\r\n" % (len(j) + 11) + b"--frame\r\n\r\n"[:11] + j + b"\r\n",
    ),
}


@contextlib.contextmanager
def serving(jpegs: list[bytes], head: bytes, part: Part) -> Iterator[str]:
    """Serve pictures at 30 a second, over and over, until the end of the test."""
    stop = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            begun = time.monotonic()
            with contextlib.suppress(OSError):
                self.wfile.write(head)
                for i in range(3000):
                    if stop.wait(max(0, begun + i / RATE_HZ - time.monotonic())):
                        return
                    self.wfile.write(part(jpegs[i % len(jpegs)]))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/video"
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()

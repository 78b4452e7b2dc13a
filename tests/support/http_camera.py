"""A network camera as a separate process: MJPEG over HTTP, which drops frames for a slow reader.

Each JPEG carries its number and its monotonic time in a comment, so that a test can prove that no
frame was lost, and measure how late each came. At most four frames wait for a reader; beyond that,
frames are lost, as in a real camera. The number of lost frames is at /lost.

With `--flash FIFO` the picture turns white for two frames every two seconds, and at the same
instant a beep begins in the 48 kHz mono s16le stream written to FIFO in chunks of a millisecond:
what a PulseAudio pipe source reads.

    python -m tests.support.http_camera --video clip.mp4 --rate 30

prints its port and serves until it is killed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import itertools
import os
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from livecam.formats.jpeg import EXIF_HEADER, insert_segment
from tests.support.play import play

QUEUE_FRAMES = 4
DRAWN_FRAMES = 180
QUALITY = 90
FLASH_EVERY_S = 2.0
BEEP_S = 0.05
MARK = b"livecam-test"


def marked(jpeg: bytes, index: int, t_ns: int) -> bytes:
    """Add a comment segment behind the start of the picture."""
    body = MARK + struct.pack(">QQ", index, t_ns)
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def read_mark(jpeg: bytes) -> tuple[int, int]:
    """Number and monotonic nanoseconds of a marked picture."""
    at = jpeg.index(MARK) + len(MARK)
    index, t_ns = struct.unpack(">QQ", jpeg[at : at + 16])
    return index, t_ns


class Camera:
    """Hands pictures out at a fixed rate to whoever is connected."""

    def __init__(self, jpegs: list[bytes], rate_hz: Fraction, white: bytes | None) -> None:
        self.jpegs, self.rate_hz, self.white = jpegs, rate_hz, white
        self.start_ns = time.monotonic_ns()
        self.readers: list[deque[bytes]] = []
        self.lost = 0
        self.news = threading.Condition()

    def run(self) -> None:
        for index in itertools.count():
            due_ns = self.start_ns + int(index * 1_000_000_000 / self.rate_hz)
            time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            jpeg = self.jpegs[index % len(self.jpegs)]
            if self.white and float(index / self.rate_hz) % FLASH_EVERY_S < 2 / self.rate_hz:
                jpeg = self.white
            with self.news:
                for reader in self.readers:
                    if len(reader) == QUEUE_FRAMES:
                        reader.popleft()
                        self.lost += 1
                    reader.append(marked(jpeg, index, due_ns))
                self.news.notify_all()

    def serve(self, send) -> None:
        mine: deque[bytes] = deque()
        with self.news:
            self.readers.append(mine)
        try:
            while True:
                with self.news:
                    self.news.wait_for(lambda: mine)
                    jpeg = mine.popleft()
                send(jpeg)
        finally:
            with self.news:
                self.readers.remove(mine)


def beeps(t_s: np.ndarray) -> np.ndarray:
    """A beep at the instant of each flash, silence between."""
    return 0.8 * np.sin(2 * np.pi * 1000 * t_s) * (t_s % FLASH_EVERY_S < BEEP_S)


def handler(camera: Camera) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if self.path == "/lost":
                self.end_headers()
                self.wfile.write(str(camera.lost).encode())
                return
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()

            def send(jpeg: bytes) -> None:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")

            with contextlib.suppress(OSError):
                camera.serve(send)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def load(
    video: Path | None, size_wh: tuple[int, int] | None, people: int = 1, noise_sd: float = 0
) -> list[bytes]:
    """Every frame of a video, or six seconds of drawn people, as JPEG files."""
    if video is None:
        images = drawn(size_wh or (640, 360), people)
    else:
        images = (frame.to_ndarray(format="bgr24") for frame in av.open(str(video)).decode(video=0))
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    if size_wh is not None:
        images = (cv2.resize(image, size_wh) for image in images)
    return [cv2.imencode(".jpg", _noisy(image, noise_sd), options)[1].tobytes() for image in images]


def sideways(jpeg: bytes) -> bytes:
    """The picture as a camera on its side sends it, with EXIF that says how to turn it."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    turned = cv2.imencode(".jpg", np.rot90(image), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    tags = Image.Exif()
    tags[0x0112] = 6  # to be turned clockwise by 90 degrees
    return insert_segment(turned, EXIF_HEADER + tags.tobytes())


def drawn(size_wh: tuple[int, int], people: int) -> Iterator[np.ndarray]:
    """Drawn people in rows of four, each a little later than the one before."""
    from livecam.demo.camera import Studio
    from livecam.demo.script import Script

    columns, rows = min(people, 4), -(-people // 4)
    cell_wh = (size_wh[0] // columns & ~1, size_wh[1] // rows & ~1)
    studio = Studio(Script(5), cell_wh, Fraction(30))
    for index in range(DRAWN_FRAMES):
        # The studio draws into the same memory every time.
        cells = [studio.draw((index + 23 * n) % DRAWN_FRAMES).copy() for n in range(people)]
        cells += [np.zeros_like(cells[0])] * (columns * rows - people)
        lines = [np.hstack(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
        yield np.vstack(lines)


def _noisy(image: np.ndarray, sd: float) -> np.ndarray:
    if not sd:
        return image
    noise = np.empty(image.shape, np.int16)
    cv2.randn(noise, 0, sd)
    return cv2.add(image, noise, dtype=cv2.CV_8U)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--video", type=Path)
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))))
    parser.add_argument("--rate", type=Fraction, default=Fraction(30))
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0, help="standard deviation, of 255")
    parser.add_argument("--sideways", action="store_true", help="turned, and EXIF says so")
    parser.add_argument("--flash", type=Path, metavar="FIFO")
    args = parser.parse_args()
    sys.setswitchinterval(0.0005)
    jpegs = load(args.video, args.size, args.people, args.noise)
    if args.sideways:
        jpegs = [sideways(jpeg) for jpeg in jpegs]
    white = None
    if args.flash:
        image = np.full_like(cv2.imdecode(np.frombuffer(jpegs[0], np.uint8), 1), 255)
        white = cv2.imencode(".jpg", image)[1].tobytes()
    camera = Camera(jpegs, args.rate, white)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(camera))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if args.flash:
        sound = (args.flash, camera.start_ns, beeps)
        threading.Thread(target=play, args=sound, daemon=True).start()
    print(server.server_address[1], flush=True)
    try:
        camera.run()
    except KeyboardInterrupt:
        os._exit(0)


if __name__ == "__main__":
    main()

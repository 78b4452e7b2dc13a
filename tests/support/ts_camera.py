"""A stream camera as a separate process: MPEG-TS with H.264 over TCP, in real time, endlessly.

    python -m tests.support.ts_camera clip.mov

prints its address and serves whoever connects first.
"""

from __future__ import annotations

import itertools
import socket
import sys
import time
from fractions import Fraction

import av

RATE_HZ = 30


class Wire:
    """What PyAV writes, sent over a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)


def main() -> None:
    with av.open(sys.argv[1]) as container:
        pictures = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    server = socket.create_server(("127.0.0.1", 0))
    print(f"tcp://127.0.0.1:{server.getsockname()[1]}", flush=True)
    connection, _ = server.accept()
    options = {"preset": "ultrafast", "tune": "zerolatency"}
    with av.open(Wire(connection), "w", format="mpegts", options={"flush_packets": "1"}) as out:
        stream = out.add_stream("libx264", rate=RATE_HZ, options=options)
        stream.height, stream.width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
        stream.pix_fmt, stream.gop_size = "yuv420p", 15
        start = time.monotonic()
        for index in itertools.count():
            picture = av.VideoFrame.from_ndarray(pictures[index % len(pictures)], "yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, RATE_HZ)
            time.sleep(max(0.0, start + index / RATE_HZ - time.monotonic()))
            out.mux(stream.encode(picture))


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyboardInterrupt):
        sys.exit(0)

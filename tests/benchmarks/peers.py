"""Other designs of a time-shift buffer, each a few lines, run as separate programs.

    python -m tests.benchmarks.peers DESIGN URL PRESSES INTERVAL RATE OUT

reads an MJPEG camera whose pictures carry their numbers, "presses" PRESSES times, and prints one
JSON line: frames lost while the camera ran, seconds from each press's end to its closed file, and
its peak memory beyond what it used before the ring was filled.

- plain: a deque of BGR pictures, and cv2.VideoWriter in the same loop (most scripts);
- i420: the same with I420 pictures and PyAV's x264 (half the memory);
- packets: H.264 encoded in the capture loop, a deque bounded by the number of packets, muxed on the
  press (picamera2's CircularOutput);
- segments: ffmpeg copies the camera's JPEGs into files of one second on disk, joined and encoded by
  ffmpeg on the press (Frigate); frames that are in no file count as lost.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from tests.support.http_camera import MARK, read_mark

SECONDS = 3.0


def memory_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Plain:
    """A deque of BGR pictures and a blocking writer."""

    def __init__(self, rate: Fraction) -> None:
        self.rate = rate
        self.ring: deque[np.ndarray] = deque(maxlen=round(SECONDS * rate))

    def add(self, jpeg: np.ndarray) -> None:
        self.ring.append(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))

    def save(self, path: Path) -> None:
        height, width = self.ring[0].shape[:2]
        fourcc = cv2.VideoWriter_fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(path), fourcc, float(self.rate), (width, height))
        for image in self.ring:
            writer.write(image)
        writer.release()


class Planes(Plain):
    """Half the memory: I420, encoded with x264."""

    def add(self, jpeg: np.ndarray) -> None:
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        self.ring.append(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))

    def save(self, path: Path) -> None:
        with av.open(str(path), "w") as out:
            stream = _stream(out, self.ring[0].shape[1], self.ring[0].shape[0] * 2 // 3, self.rate)
            for planes in self.ring:
                out.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))
            out.mux(stream.encode(None))


class Packets(Plain):
    """Frames encoded as they come; bounded by their number, not by time, and cut at a key frame."""

    def __init__(self, rate: Fraction) -> None:
        super().__init__(rate)
        self.stream = None
        self.packets: deque[tuple[bytes, bool]] = deque(maxlen=round(SECONDS * rate))

    def add(self, jpeg: np.ndarray) -> None:
        planes = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2YUV_I420)
        if self.stream is None:
            import io

            self.holder = av.open(io.BytesIO(), "w", format="mov")
            self.stream = _stream(self.holder, planes.shape[1], planes.shape[0] * 2 // 3, self.rate)
            self.holder.start_encoding()
        for packet in self.stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")):
            self.packets.append((bytes(packet), packet.is_keyframe))

    def save(self, path: Path) -> None:
        kept = list(self.packets)
        while kept and not kept[0][1]:
            kept.pop(0)
        with av.open(str(path), "w") as out:
            stream = out.add_stream_from_template(self.stream, opaque=True)
            for i, (data, is_key) in enumerate(kept):
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, 1 / self.rate
                packet.pts = packet.dts = i
                packet.duration, packet.is_keyframe = 1, is_key
                out.mux(packet)


def _stream(out, width: int, height: int, rate: Fraction):
    options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(round(rate / 2))}
    stream = out.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    return stream


def segments(url: str, presses: int, interval_s: float, rate: str, out: Path) -> None:
    """A ring of files that another program writes."""
    ring = out / "ring"
    ring.mkdir()
    quiet = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y"]
    writer = subprocess.Popen(
        [*quiet, "-f", "mpjpeg", "-i", url, "-c", "copy", "-f", "segment", "-segment_time", "1",
         "-segment_format", "mjpeg", "-reset_timestamps", "1", str(ring / "%06d.mjpeg")],
    )  # fmt: skip
    saved, indices = [], set()
    begun = time.monotonic()
    for i in range(presses):
        time.sleep(max(0.0, begun + SECONDS + 2 + i * interval_s - time.monotonic()))
        start = time.monotonic()
        newest = max(ring.iterdir())
        # The segment that holds the end must be closed first.
        while max(ring.iterdir()) == newest:
            time.sleep(0.01)
        chosen = sorted(ring.iterdir())[-2 - round(SECONDS) : -1]
        joined = out / "joined.mjpeg"
        joined.write_bytes(b"".join(path.read_bytes() for path in chosen))
        command = [*quiet, "-f", "mjpeg", "-framerate", rate, "-i", str(joined), "-c:v", "libx264",
                   "-preset", "ultrafast", str(out / f"segments-{i}.mp4")]  # fmt: skip
        subprocess.run(command, check=True)
        saved.append(time.monotonic() - start)
        for path in sorted(ring.iterdir())[: -4 - round(SECONDS)]:
            indices |= marks_in(path)
            path.unlink()
    writer.terminate()
    writer.wait()
    for path in ring.iterdir():
        indices |= marks_in(path)
    shutil.rmtree(ring)
    lost = max(indices) - min(indices) + 1 - len(indices)
    print(json.dumps({"lost": lost, "file_s": saved, "memory_mb": 0, "files": []}))


def marks_in(path: Path) -> set[int]:
    """Numbers of the pictures in a file of JPEGs."""
    data = path.read_bytes()
    starts = [found.start() for found in re.finditer(re.escape(MARK), data)]
    # Leave out a picture that was cut off by the end of the program.
    return {read_mark(data[at:])[0] for at in starts if at + len(MARK) + 16 <= len(data)}


DESIGNS = {"plain": Plain, "i420": Planes, "packets": Packets}


def main() -> None:
    design, url, presses, interval, rate, out = sys.argv[1:]
    if design == "segments":
        segments(url, int(presses), float(interval), rate, Path(out))
        return
    sys.setswitchinterval(0.001)
    cv2.setNumThreads(1)
    buffer = DESIGNS[design](Fraction(rate))
    before_mb, peak_mb = memory_mb(), 0.0
    lost, last, saved = 0, None, []
    begun = time.monotonic()
    with av.open(url, "r", format="mpjpeg") as camera:
        for packet in camera.demux(video=0):
            if not packet.size:
                continue
            jpeg = bytes(packet)
            index, _ = read_mark(jpeg)
            lost += 0 if last is None else index - last - 1
            last = index
            buffer.add(np.frombuffer(jpeg, np.uint8))
            due = begun + SECONDS + 1 + len(saved) * float(interval)
            if len(saved) < int(presses) and time.monotonic() >= due:
                start = time.monotonic()
                path = Path(out) / f"{design}-{len(saved)}.mp4"
                buffer.save(path)
                saved.append(time.monotonic() - start)
                peak_mb = max(peak_mb, memory_mb())
            if len(saved) == int(presses) and time.monotonic() > due + 1:
                break
    paths = sorted(Path(out).glob(f"{design}-*.mp4"))
    print(json.dumps({"lost": lost, "file_s": saved, "memory_mb": peak_mb - before_mb,
                      "files": [str(path) for path in paths]}))  # fmt: skip


if __name__ == "__main__":
    main()

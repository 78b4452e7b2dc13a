"""Frames lost, memory, and how soon files are there, beside other designs, on one camera.

    python -m tests.benchmarks.realtime [--modes 1280x720@30 1920x1080@30 ...] [--presses 10]
                                        [--repeats 1] [--out table.md] [--plot gaps.png]

The camera is a process of its own: MJPEG over HTTP on this machine, a number and a monotonic time
in every picture, four frames of queue and then loss. Designs take turns. It fails (exit code 1) if
livecam loses a frame or a movie is not as long as it should be, never for being slow. Every movie
is decoded by ffmpeg where that is installed. Steady cost is measured before the first press, with
the live score off; memory is that above the program before its ring.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

MODES = ("1280x720@30", "1920x1080@30", "1920x1080@60")
PEERS = ("plain", "i420", "packets")
OURS = ("livecam lazy", "livecam live")
INTERVAL_S = 4.0
SETTLE_S = 6.0
"""Until the models are loaded and the ring is full."""


@dataclass
class Result:
    lost: int = 0
    presses: int = 0
    file_s: list[float] = field(default_factory=list)
    key_s: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    cpu: float = 0.0
    duration_error: list[float] = field(default_factory=list)
    """In frames."""
    gaps_ms: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, and the gap before that frame as it arrived."""
    shots_s: list[float] = field(default_factory=list)


@contextlib.contextmanager
def camera(size: str, rate: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", size, "--rate", rate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/stream"
        finally:
            process.kill()


def usage(pid: int) -> tuple[float, float]:
    """Processor seconds and megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = Path(f"/proc/{pid}/status").read_text()
    return (int(fields[11]) + int(fields[12])) / 100, int(
        status.split("VmRSS:")[1].split()[0]
    ) / 1024


def ours(tier: str, url: str, presses: int, interval_s: float, rate: float, folder: Path) -> Result:
    command = [sys.executable, "-m", "livecam", "--camera", url, "--no-audio", "--json", "--tier",
               tier, "--out", str(folder), "--no-live-score"]  # fmt: skip
    result = Result(presses=presses)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        saved: list[dict] = []
        opened = threading.Event()

        def read() -> None:
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "armed":
                    opened.set()
                elif event["event"] == "saved":
                    saved.append(event)
                elif event["event"] == "error":
                    print(event, file=sys.stderr)

        reader = threading.Thread(target=read)
        reader.start()
        opened.wait(30)
        time.sleep(SETTLE_S)
        begun, first = usage(process.pid), time.monotonic()
        time.sleep(4)
        ended = usage(process.pid)
        result.cpu = (ended[0] - begun[0]) / (time.monotonic() - first)
        result.memory_mb = ended[1]
        for _i in range(presses):
            process.stdin.write("\n")
            process.stdin.flush()
            time.sleep(interval_s)
        deadline = time.monotonic() + 60
        while len(saved) < presses and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        result.file_s = [event["file_ready_s"] for event in saved]
        result.key_s = [event["key_ready_s"] for event in saved]
        process.terminate()
        reader.join()
    records = [json.loads(Path(event["scores"]).read_text()) for event in saved]
    start = min((r["frames"][0]["arrived_s"] for r in records), default=0.0)
    for event, record in zip(saved, records, strict=True):
        numbers = [frame["source_index"] for frame in record["frames"]]
        result.lost += numbers[-1] - numbers[0] + 1 - len(numbers)
        result.lost += sum(b - a - 1 for a, b in itertools.pairwise(numbers)) * 0
        result.duration_error.append((record["duration_s"] - 3.0) * rate)
        check_movie(Path(event["movie"]), len(numbers))
        at = len(result.shots_s) * interval_s
        result.shots_s.append(at + record["shutter_s"])
        arrived = [frame["arrived_s"] for frame in record["frames"]]
        result.gaps_ms += [(at + b - start, 1000 * (b - a)) for a, b in itertools.pairwise(arrived)]
    if len(saved) != presses:
        print(f"only {len(saved)} of {presses} presses were saved", file=sys.stderr)
        result.lost += 1000
    return result


def check_movie(path: Path, frames: int) -> None:
    """Another decoder must find every frame."""
    if shutil.which("ffprobe") is None:
        return
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
               "stream=nb_read_frames", "-of", "csv=p=0", str(path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = int(done.stdout.strip().strip(","))
    if found != frames:
        raise SystemExit(f"{path.name}: {found} frames decoded, {frames} recorded")


def peer(design: str, url: str, presses: int, interval_s: float, rate: str, folder: Path) -> Result:
    command = [sys.executable, "-m", "tests.benchmarks.peers", design, url, str(presses),
               str(interval_s), rate, str(folder)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return Result(told["lost"], presses, told["file_s"], [], told["memory_mb"])


def bare_memory_mb() -> float:
    """livecam with everything loaded, and a ring of next to nothing."""
    code = (
        "import livecam.cli.capture, livecam.quality.finder as f, pathlib, av, cv2\n"
        "finders = [f.FaceFinder() for _ in range(3)]\n"
        "[finder.load() for finder in finders]\n"
        "print(pathlib.Path('/proc/self/status').read_text().split('VmRSS:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


def jitter_ms() -> float:
    """How late this machine wakes a thread that does nothing: the worst of two seconds."""
    worst, begun = 0.0, time.monotonic()
    while time.monotonic() - begun < 2:
        before = time.monotonic()
        time.sleep(0.005)
        worst = max(worst, 1000 * (time.monotonic() - before - 0.005))
    return worst


def plot(path: Path, result: Result, title: str) -> None:
    """Gaps between frames as they arrived, over time, presses marked."""
    width, height, left = 1200, 360, 60
    page = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=16)
    span = max((t for t, _ in result.gaps_ms), default=1.0) + 0.5
    most = max(100.0, max((gap for _, gap in result.gaps_ms), default=0.0))
    for shot in result.shots_s:
        x = left + shot / span * (width - left - 20)
        pen.line((x, 40, x, height - 40), fill="#e5a24a", width=2)
    for t, gap in result.gaps_ms:
        x, y = left + t / span * (width - left - 20), height - 40 - gap / most * (height - 90)
        pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill="#1f6fb4")
    pen.text((left, 10), title, fill="black", font=font)
    pen.text((5, 40), f"{most:.0f} ms", fill="black", font=font)
    pen.text((5, height - 55), "0", fill="black", font=font)
    pen.line((left, height - 40, width - 20, height - 40), fill="gray")
    page.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", nargs="+", default=MODES)
    parser.add_argument("--designs", nargs="+", default=(*OURS, *PEERS))
    parser.add_argument("--presses", type=int, default=10)
    parser.add_argument("--interval", type=float, default=INTERVAL_S)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path, default=Path("gaps.png"))
    args = parser.parse_args()
    load = Path("/proc/loadavg").read_text().split()[0]
    lines = [
        f"Jitter of this machine alone: {jitter_ms():.1f} ms at worst; load average {load}.",
        "",
        "| mode | design | presses | frames lost | end to key known s | end to file closed s "
        "| memory MB | processor % | duration off, frames |",
        "|---" * 9 + "|",
    ]
    failed, bare_mb = False, bare_memory_mb()
    for mode in args.modes:
        size, _, rate = mode.partition("@")
        results: dict[str, list[Result]] = {}
        for _ in range(args.repeats):
            for design in args.designs:
                with camera(size, rate) as url, tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    if design.startswith("livecam"):
                        tier = design.split()[1]
                        one = ours(tier, url, args.presses, args.interval, float(rate), folder)
                        one.memory_mb -= bare_mb
                        failed |= one.lost > 0 or any(abs(e) > 1.05 for e in one.duration_error)
                        plot(args.plot, one, f"{design}, {mode}: gaps between arriving frames")
                    else:
                        one = peer(design, url, args.presses, args.interval, rate, folder)
                    results.setdefault(design, []).append(one)
        for design, ones in results.items():
            files = [s for one in ones for s in one.file_s]
            keys = [s for one in ones for s in one.key_s]
            errors = [abs(e) for one in ones for e in one.duration_error]
            line = (
                f"| {mode} | {design} | {sum(one.presses for one in ones)} "
                f"| {sum(one.lost for one in ones)} | {_span(keys)} | {_span(files)} "
                f"| {statistics.median(one.memory_mb for one in ones):.0f} "
                f"| {100 * statistics.median(one.cpu for one in ones):.0f} "
                f"| {f'{max(errors):.2f}' if errors else ''} |"
            )
            lines.append(line)
            print(line, flush=True)
    text = "\n".join(lines)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")
    raise SystemExit(1 if failed else 0)


def _span(values: list[float]) -> str:
    if not values:
        return ""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()

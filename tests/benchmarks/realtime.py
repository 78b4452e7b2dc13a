"""Frames lost, memory, and how soon files are there, beside other designs, on one camera.

    python -m tests.benchmarks.realtime [--parts lost minute memory sound steady growth start]
                                        [--modes 1920x1080@30 ...] [--presses 10]
                                        [--people 1 2 4 8]
                                        [--out table.md] [--plot gaps.png]

runs all parts, half an hour. The camera is a process of its own: MJPEG over HTTP on this machine, a
number and a monotonic time in every picture, four frames of queue and then loss, which it counts.
Designs take turns. It fails (exit code 1) if livecam loses a frame, if a movie is not as long as it
should be, or if sound is off by more than 15 ms, never for being slow. That nothing was lost is
seen twice: the camera says so, and the numbers in the key photos are as far apart as livecam's own.
Every movie is decoded by ffmpeg where that is installed. Steady cost is measured before the first
press, with the live score off; memory is that above the program before its ring.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.support import pulse
from tests.support.http_camera import read_mark
from tests.support.sync import offsets_s

MODES = ("1280x720@30", "1920x1080@30", "1920x1080@60", "3840x2160@30")
PEERS = ("plain", "i420", "packets", "segments")
OURS = {
    "livecam lazy": ("--tier", "lazy"),
    "livecam live": ("--tier", "live"),
    "livecam live, nothing after the press": ("--tier", "live", "--after", "0"),
}
"""Two tiers, and the one case in which the live tier has no time at all."""
TOO_LARGE = {"3840x2160@30": ("livecam live", "livecam live, nothing after the press", "packets")}
"""Designs left out for a mode: two cores cannot encode 4K as it comes."""
GROWTH = (
    ("640x480@30", 1, (1.5, 1.5)), ("1280x720@30", 1, (1.5, 1.5)), ("1920x1080@30", 1, (1.5, 1.5)),
    ("2560x1440@30", 1, (1.5, 1.5)), ("3840x2160@30", 1, (1.5, 1.5)),
    ("1920x1080@15", 1, (1.5, 1.5)), ("1920x1080@60", 1, (1.5, 1.5)),
    ("1920x1080@30", 1, (0.5, 0.5)), ("1920x1080@30", 1, (5.0, 5.0)),
    ("1920x1080@30", 2, (1.5, 1.5)), ("1920x1080@30", 4, (1.5, 1.5)),
    ("1920x1080@30", 8, (1.5, 1.5)),
)  # fmt: skip
"""Modes, people, seconds before and after the press."""
NOISE_SD = 20
"""Noise of the pictures with which memory is measured: more than 300 kB a frame at 1080p, as few
webcams send."""
MOST_OFF_MS = 15
SETTLE_S = 6.0
"""How long to wait until the models are loaded and the ring is full."""
STEADY_S = 4.0


@dataclass
class Result:
    lost: int = 0
    presses: int = 0
    file_s: list[float] = field(default_factory=list)
    key_s: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    after_mb: float = 0.0
    """Memory five seconds after the last file."""
    cpu: float = 0.0
    duration_error: list[float] = field(default_factory=list)
    """In frames."""
    sound_ms: list[float] = field(default_factory=list)
    """Sound after picture."""
    gaps_ms: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, and the gap before that frame as it arrived."""
    shots_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    """What is filmed."""

    mode: str
    people: int = 1
    noise_sd: float = 0
    flash: Path | None = None

    @property
    def rate_hz(self) -> float:
        return float(self.mode.partition("@")[2])


@contextlib.contextmanager
def camera(scene: Scene) -> Iterator[str]:
    size, _, rate = scene.mode.partition("@")
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", size, "--rate", rate,
               "--people", str(scene.people), "--noise", str(scene.noise_sd)]  # fmt: skip
    command += ["--flash", str(scene.flash)] if scene.flash else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/stream"
        finally:
            process.kill()


@contextlib.contextmanager
def raw_camera(folder: Path, size_wh: tuple[int, int]) -> Iterator[str]:
    """A camera whose pictures are not JPEGs: H.264, decoded to I420 as it comes."""
    clip = folder / "clip.mov"
    command = [sys.executable, "-m", "livecam", "--camera", "demo", "--size",
               "x".join(map(str, size_wh)), "--shots", "1", "--no-audio", "--json",
               "--out", str(folder)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    saved = [json.loads(line) for line in done.stdout.splitlines() if '"saved"' in line]
    shutil.move(saved[0]["movie"], clip)
    server = [sys.executable, "-m", "tests.support.ts_camera", str(clip)]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def lost_by(url: str) -> int:
    """Frames that the camera lost since nobody read them in time."""
    with urllib.request.urlopen(url.replace("/stream", "/lost")) as answer:
        return int(answer.read())


def usage(pid: int) -> tuple[float, float]:
    """Processor seconds and megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = Path(f"/proc/{pid}/status").read_text()
    return (int(fields[11]) + int(fields[12])) / 100, int(
        status.split("VmRSS:")[1].split()[0]
    ) / 1024


def ours(
    options: Sequence[str],
    url: str,
    presses: int,
    interval_s: float,
    scene: Scene,
    folder: Path,
    environment: dict[str, str] | None = None,
    *,
    is_warmed: bool = False,
    live_score: bool = False,
) -> Result:
    """Run livecam, press, and look at all that it wrote.

    With `is_warmed` there is one more press beforehand: models take their memory when first used.
    """
    command = [sys.executable, "-m", "livecam", "--camera", url, "--json", "--out", str(folder),
               *options]  # fmt: skip
    command += [] if environment else ["--no-audio"]
    command += [] if live_score else ["--no-live-score"]
    result = Result(presses=presses)
    has_marks = url.startswith("http")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, bufsize=1,
        env=environment,
    ) as process:  # fmt: skip
        ready: list[dict] = []
        saved: list[dict] = []
        opened = threading.Event()

        def read() -> None:
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "ready":
                    ready.append(event)
                elif event["event"] == "armed":
                    opened.set()
                elif event["event"] == "saved":
                    saved.append(event)
                elif event["event"] == "error":
                    print(event, file=sys.stderr)

        reader = threading.Thread(target=read)
        reader.start()
        opened.wait(30)
        time.sleep(SETTLE_S)
        if is_warmed:
            process.stdin.write("\n")
            process.stdin.flush()
            while not saved:
                time.sleep(0.1)
            time.sleep(SETTLE_S)
            saved.clear()
        before = usage(process.pid)
        time.sleep(STEADY_S)
        ended = usage(process.pid)
        result.cpu = (ended[0] - before[0]) / STEADY_S
        result.memory_mb = ended[1]
        for _ in range(presses):
            process.stdin.write("\n")
            process.stdin.flush()
            time.sleep(interval_s)
        deadline = time.monotonic() + 90
        while len(saved) < presses and time.monotonic() < deadline:
            time.sleep(0.1)
        result.lost += lost_by(url) if has_marks else 0
        time.sleep(5 if presses else 0)
        result.after_mb = usage(process.pid)[1]
        process.terminate()
        reader.join()
    if len(saved) != presses:
        print(f"only {len(saved)} of {presses} presses were saved", file=sys.stderr)
        result.lost += 1000
    result.file_s = [event["file_ready_s"] for event in saved]
    result.key_s = [event["key_ready_s"] for event in saved]
    asked_s = ready[0]["before_s"] + ready[0]["after_s"]
    look_at(result, saved, asked_s, scene.rate_hz, has_marks=has_marks, sounds=bool(environment))
    return result


def look_at(
    result: Result,
    saved: Sequence[dict],
    asked_s: float,
    rate_hz: float,
    *,
    has_marks: bool,
    sounds: bool,
) -> None:
    """Add to `result` all that the files themselves show."""
    records = [json.loads(Path(event["scores"]).read_text()) for event in saved]
    ahead = []
    start = min((r["frames"][0]["arrived_s"] for r in records), default=0.0)
    at = 0.0
    for event, record in zip(saved, records, strict=True):
        frames = record["frames"]
        numbers = [frame["source_index"] for frame in frames]
        result.lost += numbers[-1] - numbers[0] + 1 - len(numbers)
        if has_marks:
            mark, _ = read_mark(Path(event["photo"]).read_bytes())
            ahead.append(mark - numbers[event["key"]["index"]])
        result.duration_error.append((record["duration_s"] - asked_s) * rate_hz)
        check_movie(Path(event["movie"]), len(numbers))
        if sounds:
            result.sound_ms += [1000 * off for off in offsets_s(Path(event["movie"]))]
        if result.shots_s:
            at = result.shots_s[0] - records[0]["shutter_s"] + _apart_s(records[0], record)
        result.shots_s.append(at + record["shutter_s"])
        arrived = [frame["arrived_s"] for frame in frames]
        result.gaps_ms += [(at + b - start, 1000 * (b - a)) for a, b in itertools.pairwise(arrived)]
    # The camera's numbers and livecam's must stay equally far apart: nothing was lost in between.
    result.lost += max(ahead, default=0) - min(ahead, default=0)


def _apart_s(first: dict, other: dict) -> float:
    """Seconds from the start of one moment to the start of another."""
    begun, then = (
        datetime.fromisoformat(r["shutter_time"]).timestamp() - r["shutter_s"]
        for r in (first, other)
    )
    return then - begun


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


def peer(design: str, url: str, presses: int, interval_s: float, scene: Scene) -> Result:
    """Another design, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.peers", design, url, str(presses),
                   str(interval_s), scene.mode.partition("@")[2], folder]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return Result(told["lost"], presses, told["file_s"], [], told["memory_mb"])


def bare_memory_mb(scene: Scene, url: str | None = None) -> float:
    """Memory of livecam on the same camera, all models loaded, with almost no ring."""
    options = ("--before", "0.1", "--after", "0.1")
    with contextlib.ExitStack() as stack:
        url = url or stack.enter_context(camera(scene))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        return ours(options, url, 0, 0.0, scene, folder).memory_mb


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


HEAD = (
    "| {} | design | presses | frames lost | end to key known s | end to file closed s "
    "| memory MB | processor % | duration off, frames |\n" + "|---" * 9 + "|"
)


class Report:
    """Prints lines as they come, and keeps them for a file; and whether anything failed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.failed = False
        self.bare_mb: dict[Scene, float] = {}

    def say(self, text: str) -> None:
        self.lines.append(text)
        print(text, flush=True)

    def row(self, what: str, design: str, one: Result, scene: Scene) -> None:
        own = design.startswith("livecam")
        off = max((abs(e) for e in one.duration_error), default=0.0)
        if own:
            if scene not in self.bare_mb:
                self.bare_mb[scene] = bare_memory_mb(scene)
            one.memory_mb -= self.bare_mb[scene]
            one.after_mb -= self.bare_mb[scene]
            self.failed |= one.lost > 0 or off > 1.05
        share, error = (f"{100 * one.cpu:.0f}", f"{off:.2f}") if own else ("", "")
        self.say(
            f"| {what} | {design} | {one.presses} | {one.lost} | {_span(one.key_s)} "
            f"| {_span(one.file_s)} | {one.memory_mb:.0f} | {share} | {error} |"
        )


def frames_lost(report: Report, args: argparse.Namespace) -> None:
    """Every design on every mode."""
    report.say("\n" + HEAD.format("camera"))
    for mode in args.modes:
        scene = Scene(mode)
        for design in args.designs:
            if design in TOO_LARGE.get(mode, ()):
                continue
            with camera(scene) as url:
                if design in OURS:
                    with tempfile.TemporaryDirectory() as folder:
                        one = ours(OURS[design], url, args.presses, 4.0, scene, Path(folder))
                else:
                    one = peer(design, url, args.presses, 4.0, scene)
            report.row(mode, design, one, scene)


def minute(report: Report, args: argparse.Namespace) -> None:
    """A press every second; memory must be released again."""
    report.say("\n" + HEAD.format("a press a second"))
    scene = Scene("1920x1080@30")
    with camera(scene) as url, tempfile.TemporaryDirectory() as folder:
        one = ours((), url, args.minute_presses, 1.0, scene, Path(folder), is_warmed=True)
    plot(args.plot, one, "livecam, 1920x1080@30, a press every second: gaps between frames")
    report.row(scene.mode, "livecam", one, scene)
    report.say(
        f"\nMemory before the first press {one.memory_mb:.0f} MB (one press was made long before), "
        f"five seconds after the last file {one.after_mb:.0f} MB."
    )


def memory(report: Report, args: argparse.Namespace) -> None:
    """A noisy MJPEG camera, and one whose pictures must be kept raw; the plain script as well."""
    report.say("\n" + HEAD.format("memory"))
    scene = Scene("1920x1080@30", noise_sd=NOISE_SD)
    for design in ("livecam", "plain", "i420"):
        with camera(scene) as url, tempfile.TemporaryDirectory() as folder:
            one = (
                ours((), url, 3, 4.0, scene, Path(folder))
                if design == "livecam"
                else peer(design, url, 3, 4.0, scene)
            )
        report.row("1080p30 MJPEG, noisy", design, one, scene)
    raw = Scene("1920x1080@30", people=0)
    with tempfile.TemporaryDirectory() as name, raw_camera(Path(name), (1920, 1080)) as url:
        report.bare_mb[raw] = bare_memory_mb(raw, url)
    with tempfile.TemporaryDirectory() as name, raw_camera(Path(name), (1920, 1080)) as url:
        one = ours((), url, 3, 4.0, raw, Path(name))
    report.row("1080p30, raw I420", "livecam", one, raw)


def sound(report: Report, args: argparse.Namespace) -> None:
    """Flash and beep, through the network and PulseAudio."""
    if pulse.problem():
        report.say("\nSound was not measured: PulseAudio is not installed.")
        return
    scene_mode = "1920x1080@30"
    with tempfile.TemporaryDirectory() as name, pulse.running(Path(name)) as server:
        scene = Scene(scene_mode, flash=server.fifo)
        folder = Path(name) / "out"
        with camera(scene) as url:
            one = ours((), url, args.presses, 4.0, scene, folder, server.environment)
    off = one.sound_ms
    report.failed |= one.lost > 0 or not off or max(map(abs, off)) > MOST_OFF_MS
    report.say(
        f"\nSound after picture, {len(off)} flashes in {one.presses} moments: "
        f"{statistics.median(off):.1f} ms ({min(off):.1f} to {max(off):.1f}, standard deviation "
        f"{statistics.pstdev(off):.2f}); {one.lost} frames lost."
    )


def steady(report: Report, args: argparse.Namespace) -> None:
    """What it costs to wait for a press, with and without the live score."""
    scene = Scene("1920x1080@30")
    shares = []
    for live_score in (False, True):
        with camera(scene) as url, tempfile.TemporaryDirectory() as folder:
            one = ours((), url, 0, 0.0, scene, Path(folder), live_score=live_score)
        shares.append(100 * one.cpu)
    report.say(
        f"\nSteady at {scene.mode}: {shares[0]:.0f} % of a core, with the live score five times a "
        f"second {shares[1]:.0f} %."
    )


def growth(report: Report, args: argparse.Namespace) -> None:
    """How all of it grows with size, rate, length and people."""
    report.say("\n" + HEAD.format("growth"))
    for mode, people, (before_s, after_s) in GROWTH:
        if args.people and (mode != "1920x1080@30" or people not in args.people):
            continue
        scene = Scene(mode, people)
        options = ("--before", str(before_s), "--after", str(after_s))
        with camera(scene) as url, tempfile.TemporaryDirectory() as folder:
            one = ours(options, url, 5, max(2.0, before_s + after_s + 0.5), scene, Path(folder))
        what = f"{mode}, {before_s + after_s:g} s, {people} {'face' if people == 1 else 'faces'}"
        report.row(what, "livecam", one, scene)


def start(report: Report, args: argparse.Namespace) -> None:
    """How soon `--help` and the first screen are there."""

    def seconds(command: Sequence[str]) -> float:
        begun = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begun

    python = [sys.executable, "-c", "pass"]
    helps = [sys.executable, "-m", "livecam", "--help"]
    pairs = [(seconds(python), seconds(helps)) for _ in range(7)]
    empty_s, help_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    screens = [first_screen_s() for _ in range(5)] if os.name == "posix" else []
    report.say(
        f"\n`--help` after {1000 * help_s:.0f} ms, an empty Python {1000 * empty_s:.0f} ms: "
        f"{help_s / empty_s:.1f} times. First screen (demo camera) after {_span(screens)} s."
    )


def first_screen_s() -> float:
    """From the start of the program to the first full screen in a terminal."""
    from tests.support.program import Terminal

    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal("--camera", "demo", "--no-audio", cwd=Path(folder))
        try:
            terminal.read_until("demo")
            return time.monotonic() - begun
        finally:
            terminal.close()


PARTS = {
    "lost": frames_lost, "minute": minute, "memory": memory, "sound": sound, "steady": steady,
    "growth": growth, "start": start,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
    parser.add_argument("--modes", nargs="+", default=MODES)
    parser.add_argument("--people", type=int, nargs="+", help="in growth, 1080p30 with these only")
    parser.add_argument("--designs", nargs="+", default=(*OURS, *PEERS))
    parser.add_argument("--presses", type=int, default=10)
    parser.add_argument("--minute-presses", type=int, default=60)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path, default=Path("gaps.png"))
    args = parser.parse_args()
    load = Path("/proc/loadavg").read_text().split()[0]
    report = Report()
    report.say(
        f"{os.cpu_count()} cores; jitter of this machine alone {jitter_ms():.1f} ms at worst; load "
        f"average {load}. Medians (smallest to largest); memory is above that of the bare program."
    )
    for part in args.parts:
        PARTS[part](report, args)
    if args.out is not None:
        args.out.write_text("\n".join(report.lines) + "\n")
    raise SystemExit(1 if report.failed else 0)


def _span(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()

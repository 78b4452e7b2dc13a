"""Hours of presses, and runs that are killed: does memory grow, and is anything lost?

    python -m tests.benchmarks.endurance [--seconds 600] [--every 0.5 1 3.2 5 20]
        [--sizes 640x480 1920x1080] [--camera demo|http] [--picture FILE.png]
    python -m tests.benchmarks.endurance --kills 100

The demo camera gives raw pictures, of which a moment at 1080p takes 280 MB; `--camera http` gives
JPEGs, as webcams do at that size. The first presses a livecam of its own at each interval for so
long, and reads its memory (Pss, of all its processes), threads and descriptors after every press.
The second kills a run (SIGKILL) at a random instant while the machine is busy, and lets
`livecam recover` finish it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.realtime import Scene, camera

LIVECAM = [sys.executable, "-m", "livecam"]
SETTLED = 10
"""After this many presses, all memory that is kept for good has been taken."""


@dataclass
class Course:
    """What was seen after each press of a run."""

    size: str
    every_s: float
    at_s: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    shots: int = 0
    saved: int = 0
    late_s: list[float] = field(default_factory=list)
    dropped: int = 0

    def row(self) -> str:
        first = self.megabytes[min(SETTLED, len(self.megabytes) - 1)]
        rest = self.megabytes[SETTLED:] or self.megabytes
        late = statistics.median(self.late_s) if self.late_s else 0.0
        return (
            f"{self.size:>9} {self.every_s:6.1f} {self.shots:6} {self.saved:6} {self.dropped:8}"
            f" {first:9.0f} {max(rest) - first:+7.0f} {rest[-1] - first:+7.0f}"
            f" {max(self.threads):8} {max(self.descriptors):5} {late:7.2f} {max(self.late_s):7.2f}"
        )


HEAD = (
    f"{'size':>9} {'every':>6} {'shots':>6} {'saved':>6} {'dropped':>8} {'MB at 10':>9}"
    f" {'most':>7} {'end':>7} {'threads':>8} {'files':>5} {'ready':>7} {'latest':>7}"
)


def family(process: int) -> list[int]:
    """A process and those it started."""
    found = [process]
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def look(process: int, course: Course) -> None:
    resident, threads, descriptors = 0, 0, 0
    for one in family(process):
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
            lines += Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]
            descriptors += len(list(Path(f"/proc/{one}/fd").iterdir()))
        except (FileNotFoundError, ProcessLookupError):
            continue
        facts = dict(line.split(":", 1) for line in lines)
        resident += int(facts.get("Pss", "0 kB").split()[0])
        threads += int(facts["Threads"])
    course.megabytes.append(resident / 1024)
    course.threads.append(threads)
    course.descriptors.append(descriptors)


def endure(camera: str, size: str, every_s: float, seconds: float, folder: Path) -> Course:
    """Press every `every_s` seconds, for `seconds`; `camera` is "demo", or an address."""
    course = Course(size, every_s)
    out = folder / f"{size}-{every_s}"
    command = [*LIVECAM, "--camera", camera, "--size", size, "--out", str(out), "--json"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as livecam,
    ):
        assert livecam.stdin is not None
        assert livecam.stdout is not None
        for line in livecam.stdout:
            if json.loads(line)["event"] == "armed":
                break
        begin = time.monotonic()
        told: list[str] = []
        reader = threading.Thread(target=told.extend, args=(livecam.stdout,))
        reader.start()
        number = 0
        while (due := begin + number * every_s) < begin + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            livecam.stdin.write("\n")
            livecam.stdin.flush()
            number += 1
            course.at_s.append(time.monotonic() - begin)
            look(livecam.pid, course)
        livecam.terminate()  # which saves what was shot
        reader.join()
    for event in map(json.loads, told):
        if event["event"] == "saved":
            course.late_s.append(event["file_ready_s"])
        if event["event"] == "summary":
            course.shots, course.saved = event["shots"], event["saved"]
            course.dropped = event["dropped"]
    for path in out.iterdir():
        path.unlink()
    return course


def draw(courses: list[Course], target: Path) -> None:
    """Draw memory over time, one line per run."""
    from PIL import Image, ImageDraw, ImageFont

    width, height, left, bottom = 1000, 520, 70, 460
    page = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    most_mb = max(max(course.megabytes) for course in courses) * 1.1
    most_s = max(course.at_s[-1] for course in courses)
    for share in range(5):
        y = bottom - (bottom - 20) * share / 4
        pen.line((left, y, width - 20, y), "#dddddd")
        pen.text((8, y - 8), f"{most_mb * share / 4:.0f} MB", "black", font)
    colours = ("#1b6ca8", "#c8553d", "#2e8b57", "#8a5aa8", "#b8860b")
    for i, course in enumerate(courses):
        colour = colours[i % len(colours)]
        points = [
            (left + (width - left - 20) * t / most_s, bottom - (bottom - 20) * mb / most_mb)
            for t, mb in zip(course.at_s, course.megabytes, strict=True)
        ]
        pen.line(points, colour, 2 if course.size.startswith("640") else 4)
        name = f"{course.size} every {course.every_s:g} s"
        pen.text((left + 185 * (i % 5), 475 + 18 * (i // 5)), name, colour, font)
    page.save(target)


def kill_all(count: int, folder: Path) -> str:
    """Kill runs at random instants while both cores are busy; returns what became of presses."""
    dice = random.Random(count)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    late: list[float] = []
    presses = old = saved = recovered = lost = left_behind = 0
    try:
        for number in range(count):
            out = folder / f"kill-{number}"
            command = [*LIVECAM, "--camera", "demo", "--size", "640x360", "--out", str(out)]
            with subprocess.Popen(
                [*command, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True,
            ) as livecam:  # fmt: skip
                assert livecam.stdin is not None
                assert livecam.stdout is not None
                told: list[tuple[float, str]] = []
                for line in livecam.stdout:
                    if json.loads(line)["event"] == "armed":
                        break
                stream = livecam.stdout
                reader = threading.Thread(
                    target=lambda stream=stream, told=told: told.extend(
                        (time.monotonic(), line) for line in stream
                    )
                )
                reader.start()
                for _ in range(dice.randint(2, 6)):
                    livecam.stdin.write("\n")
                    livecam.stdin.flush()
                    time.sleep(dice.uniform(0.3, 3.5))
                killed = time.monotonic()
                livecam.kill()
                reader.join()
            events = [(at, json.loads(line)) for at, line in told if line.endswith("}\n")]
            shots = {e["id"]: at for at, e in events if e["event"] == "shot"}
            done = {e["id"] for _, e in events if e["event"] == "saved"}
            # A moment ends one and a half seconds after its press.
            due = {number for number, at in shots.items() if killed - at > 2.0}
            subprocess.run(
                [*LIVECAM, "recover", str(out)], capture_output=True, check=False, timeout=300
            )
            found = {json.loads(path.read_text())["id"] for path in out.glob("*.json")}
            presses, old, saved = presses + len(shots), old + len(due), saved + len(done)
            recovered += len(found - done)
            missing = (due | done) - found
            lost += len(missing)
            late += [killed - shots[number] for number in missing]
            left_behind += sum(path.name.startswith(".") for path in out.iterdir())
            for path in out.iterdir():
                path.unlink() if path.is_file() else None
    finally:
        for one in busy:
            one.kill()
    return (
        f"{count} kills: {presses} presses, {old} of them older than 2 s, {saved} saved before,"
        f" {recovered} recovered, {lost} lost, {left_behind} hidden files left"
        + "".join(f"\nlost: pressed {age_s:.2f} s before the kill" for age_s in late)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--every", type=float, nargs="+", default=[0.5, 1, 3.2, 5, 20])
    parser.add_argument("--sizes", nargs="+", default=["640x480", "1920x1080"])
    parser.add_argument("--camera", choices=("demo", "http"), default="demo")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--kills", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if args.kills:
            print(kill_all(args.kills, Path(name)))
            return
        courses = []
        print(HEAD)
        for size in args.sizes:
            for every_s in args.every:
                if args.camera == "http":
                    with camera(Scene(f"{size}@30")) as address:
                        courses.append(endure(address, size, every_s, args.seconds, Path(name)))
                else:
                    courses.append(endure("demo", size, every_s, args.seconds, Path(name)))
                print(courses[-1].row(), flush=True)
        if args.picture:
            draw(courses, args.picture)


if __name__ == "__main__":
    main()

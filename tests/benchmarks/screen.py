"""What does the picture on the screen cost?

    python -m tests.benchmarks.screen [--mode 1920x1080@30] [--seconds 10] [--rounds 3]

A camera in a process of its own (MJPEG over HTTP, every picture numbered), a terminal of 200 by 50
cells, and livecam with the picture off, in half blocks, and as kitty shows it (through shared
memory, and as PNG). Printed are, as medians of the rounds: when the first screen was there, bytes a
second, livecam's use of a core (scoring included), and the frames that the camera could not get rid
of in that time and in three presses after it.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.endurance import family
from tests.benchmarks.realtime import Scene, camera, lost_by
from tests.support.program import Terminal

WAYS = ("off", "blocks", "kitty, memory", "kitty, png")
SIZE = (50, 200)
PRESSES, APART_S = 3, 4.0


class Screen:
    """The other end of the terminal: reads all that is sent, and answers as kitty does."""

    def __init__(self, terminal: Terminal, way: str) -> None:
        self._terminal, self._way = terminal, way
        self._asked = b""
        self._has_answered = False
        self.count = 0
        self.first_s: float | None = None
        self.begin = time.monotonic()

    def read_for(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        while (left := due - time.monotonic()) > 0:
            if not select.select([self._terminal.master], [], [], left)[0]:
                continue
            data = os.read(self._terminal.master, 1 << 16)
            self.count += len(data)
            if self.first_s is None and b"score" in data:
                self.first_s = time.monotonic() - self.begin
            if not self._has_answered:
                self._answer(data)
            self._terminal.text = (self._terminal.text + data.decode(errors="ignore"))[-20_000:]

    def _answer(self, data: bytes) -> None:
        self._asked += data
        if b"\x1b[c" not in self._asked:
            return
        self._has_answered = True
        answer = "\x1b_Gi=31;OK\x1b\\" if self._way.startswith("kitty") else ""
        if self._way == "kitty, memory":
            answer += "\x1b_Gi=32;OK\x1b\\"
        self._terminal.send(f"{answer}\x1b[?62;c")


def cpu_s(process: int) -> float:
    """Processor time of a process and of those that it started."""
    total = 0
    for one in family(process):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def measured(way: str, mode: str, seconds: float) -> tuple[float, float, float, int, int]:
    with camera(Scene(mode)) as url, tempfile.TemporaryDirectory() as name:
        picture = way if way in ("off", "blocks") else "auto"
        before = dict(os.environ)
        os.environ["COLORTERM"] = "truecolor"
        terminal = Terminal(
            "--camera", url, "--no-audio", "--picture", picture, "--out", name, cwd=Path(name)
        )
        os.environ.clear()
        os.environ.update(before)
        try:
            import termios

            termios.tcsetwinsize(terminal.slave, SIZE)
            screen = Screen(terminal, way)
            while "ARMED" not in terminal.text:
                screen.read_for(0.2)
            screen.read_for(3.0)
            child = terminal.process.pid
            used, sent, lost = cpu_s(child), screen.count, lost_by(url)
            screen.read_for(seconds)
            used, sent = (cpu_s(child) - used) / seconds, (screen.count - sent) / seconds
            steady = lost_by(url) - lost
            for _ in range(PRESSES):
                terminal.send(" ")
                screen.read_for(APART_S)
            pressed = lost_by(url) - lost - steady
            terminal.send("q")
            screen.read_for(1.0)
            return screen.first_s or 0.0, sent / 1000, used, steady, pressed
        finally:
            terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", default="1920x1080@30")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in WAYS}
    for _ in range(args.rounds):
        for way in WAYS:
            found[way].append(measured(way, args.mode, args.seconds))
    print("| picture | first screen | kB/s | of a core | lost, steady | lost, three presses |")
    print("|---|---|---|---|---|---|")
    for way, rows in found.items():
        first_s, sent, used, steady, pressed = (
            statistics.median(c) for c in zip(*rows, strict=True)
        )
        print(
            f"| {way} | {first_s:.2f} s | {sent:.0f} | {used:.2f} | {steady:.0f} | {pressed:.0f} |"
        )


if __name__ == "__main__":
    main()

"""The most memory that a run takes: a 1080p30 network camera, ten presses, all processes together.

    python -m tests.benchmarks.footprint [--runtime auto|mediapipe|opencv]

Prints megabytes (Pss, sampled twice a second) of livecam and of each of its processes.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import ROOT

EVERY_S = 0.5


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def pss_mb(pid: int) -> int:
    """A process's share of memory; 0 once it has gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) // 1024
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", default="auto", choices=("auto", "mediapipe", "opencv"))
    args = parser.parse_args()
    camera = subprocess.Popen(
        [sys.executable, "-m", "tests.support.http_camera", "--size", "1920x1080"],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert camera.stdout is not None
    url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/"
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "livecam", "--camera", url, "--shots", "10"]
        command += ["--interval", "3.2", "--no-audio", "--json", "--out", out]
        command += ["--face-runtime", args.runtime]
        livecam = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
        most: list[int] = []
        while livecam.poll() is None:
            now = [pss_mb(pid) for pid in tree(livecam.pid)]
            most = max(most, now, key=sum)
            time.sleep(EVERY_S)
    camera.kill()
    print(f"{args.runtime}: {sum(most)} MB, of which {most}")


if __name__ == "__main__":
    main()

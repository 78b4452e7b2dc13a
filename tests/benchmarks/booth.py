"""How late the live picture of `livecam booth` is, and what its page costs.

    python -m tests.benchmarks.booth [--size 1920x1080] [--seconds 20] [--viewers 1]

A network camera writes the time of each picture into it; a reader of the page's live picture takes
the difference when a picture is there whole. What a browser adds to show it is not in it. Prints
milliseconds (median, 95 %, most), pictures a second, and the run's processor time with and without
a reader.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from tests.support.http_camera import MARK, read_mark
from tests.support.program import started


def pictures(address: str, seconds: float) -> list[float]:
    """Seconds that each picture of the page's live picture is old."""
    jar = urllib.request.HTTPCookieProcessor(CookieJar())
    opener = urllib.request.build_opener(jar)
    opener.open(address).read()
    stream = opener.open(address.split("?")[0] + "live")
    ages, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        line = stream.readline()
        if not line.startswith(b"Content-Length"):
            continue
        stream.readline()
        jpeg = stream.read(int(line.split(b":")[1]))
        if MARK in jpeg:
            ages.append((time.monotonic_ns() - read_mark(jpeg)[1]) / 1e9)
    return ages


def cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    """Run a camera, a booth and its viewers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--viewers", type=int, default=1)
    args = parser.parse_args()
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", args.size]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as camera,
    ):
        assert camera.stdout is not None
        url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/"
        with started("booth", "--camera", url, "--no-audio", "--no-open", cwd=Path(name)) as booth:
            assert booth.stdout is not None
            lines = (re.search(r"the booth is at (http://\S+)", line) for line in booth.stdout)
            address = next(found[1] for found in lines if found is not None)
            time.sleep(5)
            before = cpu_s(booth.pid)
            time.sleep(args.seconds)
            alone = cpu_s(booth.pid) - before
            ages: list[float] = []
            before = cpu_s(booth.pid)
            threads = [
                threading.Thread(target=lambda: ages.extend(pictures(address, args.seconds)))
                for _ in range(args.viewers)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seen = cpu_s(booth.pid) - before
            booth.terminate()
            booth.communicate()
        camera.kill()
    ages.sort()
    ms = [1000 * age for age in (statistics.median(ages), ages[int(0.95 * len(ages))], ages[-1])]
    print(f"{args.size}, {args.viewers} viewers: {ms[0]:.0f} ms, {ms[1]:.0f}, {ms[2]:.0f}")
    print(f"{len(ages) / args.seconds / args.viewers:.1f} pictures a second")
    print(f"processor: {alone / args.seconds:.0%} without a viewer, {seen / args.seconds:.0%} with")


if __name__ == "__main__":
    main()

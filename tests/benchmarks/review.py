"""How long until a folder of many moments can be looked through?

    python -m tests.benchmarks.review [--count 10000]

Makes a folder of so many pairs (links to one), and prints how long its first look takes, how soon
the list is there when it is opened again, how large the index is, and, where Chromium and the
programs of `tests/programs/package.json` are, how soon the page shows its first tile and how long
its slowest frame takes while it scrolls from end to end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from livecam.page.index import Index
from tests.support.files import saved

HERE = Path(__file__).parents[1] / "programs"


def filled(folder: Path, count: int) -> None:
    files = saved(folder / "first", is_scored=True)
    for number in range(count):
        below = folder / f"{number // 1000:03}"
        below.mkdir(exist_ok=True)
        for path in (files.photo, files.movie):
            os.link(path, below / f"IMG_{number:06}{path.suffix}")
    shutil.rmtree(folder / "first")


def in_browser(folder: Path) -> dict[str, float] | None:
    chromium = shutil.which("chromium")
    if chromium is None or "LIVECAM_NODE" not in os.environ:
        return None
    command = [sys.executable, "-m", "livecam", "review", str(folder), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as livecam:
        assert livecam.stdout is not None
        address = re.search(r"http://\S+", livecam.stdout.readline())
        assert address is not None
        script = ["node", str(HERE / "review.mjs"), address[0], chromium, "speed"]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        livecam.terminate()
    return json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, index = Path(name, "photos"), Path(name, "index.sqlite")
        os.environ["XDG_CACHE_HOME"] = str(Path(name, "cache"))
        folder.mkdir()
        filled(folder, args.count)
        begin = time.monotonic()
        library = Index(folder, index)
        library.refresh()
        print(f"{len(library.entries)} moments: first look {time.monotonic() - begin:.1f} s")
        begin = time.monotonic()
        library = Index(folder, index)
        known_s = time.monotonic() - begin
        library.refresh()
        print(
            f"opened again: list there after {known_s:.2f} s, looked through after"
            f" {time.monotonic() - begin:.2f} s; index {index.stat().st_size / 1e6:.1f} MB"
        )
        in_browser(folder)  # its own index is made here
        print("in the browser:", in_browser(folder))


if __name__ == "__main__":
    main()

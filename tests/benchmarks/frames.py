"""Whether every movie and animated picture of the samples reads as others read it.

    python -m tests.benchmarks.frames

Counts the pictures that livecam decodes of each, and those that the `ffmpeg` program (movies) and
Pillow (animated pictures) decode. Prints how many agree, and those that do not.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image

from livecam.errors import InputError
from livecam.photos.inputs import MAYBE_ANIMATED, VIDEOS, find_inputs
from livecam.photos.pick import open_movie
from tests.conftest import SAMPLES

ANIMATED = (*MAYBE_ANIMATED, ".gif")


def decoded(path: Path) -> int | str | None:
    """How many pictures livecam decodes, or why none; None for what is no movie."""
    sources = [one for one in find_inputs([path]).inputs if one.kind in ("video", "live-photo")]
    if not sources:
        return None
    try:
        with open_movie(sources[0]) as movie:
            return sum(1 for _ in movie.reader.frames(range(len(movie.reader.times))))
    except InputError as err:
        return str(err)


def by_others(path: Path) -> int:
    if path.suffix.lower() in ANIMATED:
        with Image.open(path) as image:
            return int(getattr(image, "n_frames", 1))
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough"]
    done = subprocess.run(
        [*command, "-f", "null", "-progress", "-", "-"], capture_output=True, text=True, check=False
    )
    counts = [line for line in done.stdout.splitlines() if line.startswith("frame=")]
    return int(counts[-1].removeprefix("frame=")) if counts else 0


def main() -> None:
    right = total = 0
    for path in sorted(SAMPLES.rglob("*")):
        own = decoded(path) if path.suffix.lower() in (*VIDEOS, *ANIMATED) else None
        if own is None:
            continue
        others = by_others(path)
        total += 1
        right += own == others
        if own != others:
            print(f"{path.relative_to(SAMPLES)}: {own} here, {others} elsewhere", flush=True)
    print(f"{right} of {total} agree")


if __name__ == "__main__":
    main()

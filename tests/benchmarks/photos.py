"""What picking from, re-keying and checking a pair costs, beside decoding and scoring its frames.

    python -m tests.benchmarks.photos PAIR... [--repeats 5]

For each pair: medians of interleaved runs, and the ratio to the plain way (decode every frame, find
faces in it), all in one process so that loading the libraries is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av

from livecam.faces.landmarker import FaceLandmarker
from livecam.library.picking import PickOptions, pick_all
from livecam.photos.check import check
from livecam.photos.inputs import Input, find_inputs
from livecam.photos.pairs import Halves
from livecam.photos.pick import Wanted


def plain(source: Input, landmarker: FaceLandmarker) -> None:
    """Decode every frame at full size and look for faces in it."""
    with av.open(str(source.files[-1])) as container:
        container.streams.video[0].thread_type = "AUTO"
        for picture in container.decode(video=0):
            landmarker.find(picture.to_ndarray(format="bgr24"))


def picked(source: Input, out: Path | None = None) -> None:
    ask = PickOptions(
        Wanted(is_default=False, at_s=0.3 if out else None), out, rekey=out is not None
    )
    for outcome in pick_all([source], ask, 1):
        if outcome.error is not None:
            raise outcome.error


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    landmarker = FaceLandmarker()
    print("| pair | plain: decode and find faces | pick | pick --rekey | check |")
    print("|---|---|---|---|---|")
    for source in find_inputs(args.paths).inputs:
        if source.kind != "live-photo":
            continue
        halves = Halves(*source.files)
        seconds: dict[str, list[float]] = {}
        for _ in range(args.repeats):
            with tempfile.TemporaryDirectory() as folder:
                for name, work in {
                    "plain": lambda s=source: plain(s, landmarker),
                    "pick": lambda s=source: picked(s),
                    "rekey": lambda s=source, f=folder: picked(s, Path(f)),
                    "check": lambda h=halves: check(h),
                }.items():
                    seconds.setdefault(name, []).append(timed(work))
        median = {name: statistics.median(values) for name, values in seconds.items()}
        ratios = [f"{median[name]:.3f} s ({median[name] / median['plain']:.2f}x)"
                  for name in ("pick", "rekey", "check")]  # fmt: skip
        print(f"| {source.file.name} | {median['plain']:.2f} s | " + " | ".join(ratios) + " |")
    landmarker.close()


if __name__ == "__main__":
    main()

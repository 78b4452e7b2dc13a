"""What looking at some frames of several people costs the choice, beside looking at all.

    python -m tests.benchmarks.crowds [--slots 67 100 133 167] [--peaks 1 2 3] [--people CACHE]

Labelled clips side by side, three to eight people, three windows of three seconds each. Every frame
is measured once (two minutes), then the choice is made anew for every setting: how many frames it
asks for, how far the chosen one is below the best of all (both judged with all frames), and how
often somebody's eyes are labelled closed or half closed in it. With `--people` the same of single
people: the windows of `tests.benchmarks.people`, whose readings lie in CACHE.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from livecam.quality import search
from livecam.quality.choice import MomentScore, choose
from livecam.quality.finder import NO_SCENE, FaceFinder
from livecam.quality.measures import FrameReading
from tests.benchmarks import people
from tests.benchmarks.quality import compose, load
from tests.conftest import SAMPLES

A, B, C, D, E = "d13.mp4", "d9.mp4", "d14.mp4", "d12.mp4", "franck.mp4"
GROUPS = (
    (A, B, C), (E, D, B), (B, D, A, E), (C, A, E, D), (A, B, C, D, E, A), (B, C, A, E, D, B, C, A),
)  # fmt: skip
WINDOWS, HEIGHT = 3, 300
NEAR = 0.03


def measured(folder: Path) -> list[tuple[list[FrameReading], set[int]]]:
    """Readings of every frame of every window, and the frames in which not all eyes are open."""
    labels = json.loads((folder / "labels.json").read_text())
    names = {name for group in GROUPS for name in group}
    pictures = {name: load(folder / name, labels[name]) for name in names}
    finder = FaceFinder()
    found = []
    for group in GROUPS:
        for start in range(WINDOWS):
            readings, closed, half = compose(group, pictures, labels, HEIGHT, start, finder)
            found.append((readings, closed | half))
    finder.close()
    return found


def single(cache: Path) -> list[tuple[list[FrameReading], set[int]]]:
    """The labelled windows of single people, and the frames in which something is wrong."""
    finder = FaceFinder()
    windows = people.first_set(finder, cache) + people.later_sets(finder, cache)
    finder.close()
    return [(one.readings, set(one.closed | one.half | one.bad)) for one in windows]


def closely(readings: list[FrameReading], several: int) -> tuple[MomentScore, int]:
    """The choice made by looking at some frames only, and how many those were."""
    looked: set[int] = set()

    def look(positions: list[int]) -> dict[int, FrameReading]:
        looked.update(positions)
        return {i: readings[i] for i in positions}

    blanks = [replace(one, decoded=False, faces=(), scene=NO_SCENE) for one in readings]
    return search.search_moment(blanks, {}, _middle_ns(readings), look, (), several), len(looked)


def _middle_ns(readings: list[FrameReading]) -> int:
    return readings[len(readings) // 2].t_ns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=SAMPLES / "faces")
    parser.add_argument("--slots", type=int, nargs="+", default=[67, 100, 133, 167], metavar="MS")
    parser.add_argument("--peaks", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--people", type=Path, metavar="CACHE")
    args = parser.parse_args()
    several = search.SEVERAL if args.people is None else search.ANYBODY
    windows = measured(args.clips) if args.people is None else single(args.people)
    whole = [choose(readings, _middle_ns(readings)) for readings, _ in windows]
    print(f"| slot, peaks | of {len(windows[0][0])} frames | below the best: mean, most |"
          f" more than {NEAR} | eyes not open | estimates, 95 % within |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    shut = sum(score.key in bad for score, (_, bad) in zip(whole, windows, strict=True))
    print(f"| all | {len(windows[0][0])} | 0 | 0 | {shut} of {len(windows)} | |")
    for slot_ms in args.slots:
        for peaks in args.peaks:
            search.SLOT_NS, search.PEAKS = slot_ms * 1_000_000, peaks
            some = [closely(readings, several) for readings, _ in windows]
            below = [
                best.frames[best.key].score - best.frames[score.key].score
                for best, (score, _) in zip(whole, some, strict=True)
            ]
            off = [
                abs(one.score - best.frames[i].score)
                for best, (score, _) in zip(whole, some, strict=True)
                for i, one in enumerate(score.frames)
                if one.estimated
            ]
            shut = sum(s.key in bad for (s, _), (_, bad) in zip(some, windows, strict=True))
            print(
                f"| {slot_ms} ms, {peaks} | {np.mean([count for _, count in some]):.1f}"
                f" | {np.mean(below):.4f}, {max(below):.3f} | {sum(b > NEAR for b in below)}"
                f" | {shut} of {len(windows)} | {np.quantile(off, 0.95):.2f} |"
            )


if __name__ == "__main__":
    main()

"""Does a frame's score depend on which other frames were looked at?

    python -m tests.benchmarks.sparse [MOVIE ...]

Each movie (without names: the labelled clips and scenes) is scored with `--frames all`, with
`--frames 12`, and as `livecam pick` does by default. Printed are how far the twelve scores lie from
those of all frames, how far the default's choice lies below the best of all, and what share of the
time of all frames each took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from livecam.photos.inputs import Input
from livecam.photos.pick import Pick, Wanted, open_movie, pick
from livecam.quality.explain import WORDS, word_for
from livecam.quality.finder import FaceFinder
from tests.conftest import SAMPLES

STEPS = [word for _, word in WORDS]


def timed(path: Path, finder: FaceFinder, wanted: Wanted) -> tuple[Pick, float]:
    source = Input("video", (path,))
    begin = time.monotonic()
    with open_movie(source) as movie:
        found = pick(source, finder, wanted, movie)
    return found, time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("movies", type=Path, nargs="*")
    args = parser.parse_args()
    movies = args.movies or [
        path
        for folder in ("faces", "faces2/windows", "faces2/scenes")
        for path in sorted((SAMPLES / folder).glob("*.m[op][v4]"))
    ]
    finder = FaceFinder()
    finder.load()
    apart: list[float] = []
    print(f"{'movie':<28} {'s':>5} {'median':>7} {'most':>6} {'words':>5} {'below best':>10} time")
    for path in movies:
        every, all_s = timed(path, finder, Wanted(None, is_default=False))
        twelve, twelve_s = timed(path, finder, Wanted(12, is_default=False))
        default, default_s = timed(path, finder, Wanted())
        scores = {frame.index: frame for frame in every.score.frames}
        gaps, words = [], 0
        for frame in twelve.score.frames:
            other = scores[frame.index]
            gaps.append(abs(frame.score - other.score))
            steps = STEPS.index(word_for(frame.score)) - STEPS.index(word_for(other.score))
            words += abs(steps) >= 2
        apart += gaps
        best = max(frame.score for frame in every.score.frames if frame.offered)
        below = best - scores[default.key.index].score
        print(
            f"{path.name:<28} {every.duration_s:5.1f} {np.median(gaps):7.3f} {max(gaps):6.3f}"
            f" {words:5} {below:10.3f} twelve {twelve_s / all_s:.2f}, default"
            f" {default_s / all_s:.2f} ({len(default.score.frames)} of {len(scores)})",
            flush=True,
        )
    finder.close()
    print(
        f"twelve beside all: {np.mean(np.array(apart) <= 0.05):.1%} within 0.05,"
        f" at most {max(apart):.3f}"
    )


if __name__ == "__main__":
    main()

"""How well the score orders frames, person by person, over all three sets of labelled people.

    python -m tests.benchmarks.people [--cache FOLDER] [--windows]

A change of a constant is worth it only if people gain by it whom nobody looked at meanwhile: so
every figure is a mean over people, with the worst of them and an interval (people drawn anew),
set by set, beside the sharpest face and "eyes open, then the sharpest face". Pairwise: how often a
frame labelled good scores above one labelled closed, half closed or bad, of one window. Favourites:
how often the best of the labelled frames is one of the labeller's. `--windows` prints each window.
What is measured of the frames is kept in the cache, and read from there the next time.
"""

from __future__ import annotations

import argparse
import json
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livecam.photos.frames import MovieReader
from livecam.quality.finder import FaceFinder
from livecam.quality.measures import FrameReading
from tests.benchmarks.quality import open_then_sharpest, ours, sharpest_face
from tests.conftest import SAMPLES

WAYS: dict[str, Callable[[Sequence[FrameReading]], Sequence[float]]] = {
    "livecam": ours, "sharpest face": sharpest_face, "open, then sharpest": open_then_sharpest,
}  # fmt: skip
RESAMPLES = 1000
STEP_S, WINDOW_S = 1.5, 3.0
"""Windows of the first set's longer clips."""


@dataclass(frozen=True)
class Window:
    """Three seconds of one person or group, with its labels, by position."""

    set: str
    name: str
    person: str
    readings: list[FrameReading]
    closed: frozenset[int]
    half: frozenset[int]
    bad: frozenset[int]
    good: frozenset[int]
    favourites: frozenset[int]

    @property
    def labelled(self) -> list[int]:
        """Frames that somebody has judged."""
        return sorted(self.closed | self.half | self.bad | self.good | self.favourites)


def measured(path: Path, finder: FaceFinder, cache: Path) -> list[FrameReading]:
    kept = cache / f"{path.parent.parent.name}-{path.stem}.pickle"
    if kept.exists():
        found: list[FrameReading] = pickle.loads(kept.read_bytes())
        return found
    finder.start()
    with MovieReader(path) as reader:
        found = [
            finder.read(frame, reader.size_wh) for frame in reader.frames(range(len(reader.times)))
        ]
    kept.write_bytes(pickle.dumps(found))
    return found


def first_set(finder: FaceFinder, cache: Path) -> list[Window]:
    folder, found = SAMPLES / "faces", []
    for name, labels in json.loads((folder / "labels.json").read_text()).items():
        readings = measured(folder / name, finder, cache)
        spans = labels["ranges"]

        def of(kind: str, spans: dict = spans) -> set[int]:
            return {i for a, b in spans.get(kind, ()) for i in range(a, b + 1)}

        closed, half = of("eyes_closed"), of("eyes_half")
        good, bad = set(labels["good_frames"]), set(labels["bad_frames"]) - closed - half
        low, high = labels.get("labelled_span", (0, labels["n_frames"] - 1))
        length, step = (round(s * labels["fps"]) for s in (WINDOW_S, STEP_S))
        for start in range(low, high - length + 2, step):
            window = range(start, start + length)

            def here(some: set[int], window: range = window) -> frozenset[int]:
                return frozenset(i - window.start for i in some if i in window)

            if here(good) and here(closed | half | bad):
                found.append(
                    Window("first", f"{name} {start}", name, readings[start : start + length],
                           here(closed), here(half), here(bad), here(good), frozenset())
                )  # fmt: skip
    return found


def later_sets(finder: FaceFinder, cache: Path) -> list[Window]:
    found = []
    folder = SAMPLES / "faces2" / "windows"
    favourites = json.loads((folder / "favourites.json").read_text())
    rows = [
        ("second", name, labels["video"], folder, labels, favourites.get(name, []))
        for name, labels in json.loads((folder / "windows.json").read_text()).items()
    ]
    folder = SAMPLES / "faces3"
    rows += [
        ("third", row["window"], row["person"], folder / "windows", row, row.get("fav", []))
        for row in json.loads((folder / "windows.json").read_text())
        if row.get("good") and (row.get("bad") or row.get("closed"))
    ]
    for where, name, person, folder, labels, favourite in rows:
        path = folder / (name if name.endswith(".mp4") else f"{name}.mp4")
        readings = measured(path, finder, cache)
        closed, half = set(labels.get("closed", ())), set(labels.get("half", ()))
        closed |= set(labels.get("no_face", ()))
        bad = set(labels.get("bad", ())) - closed - half
        found.append(
            Window(where, name, person, readings, frozenset(closed), frozenset(half),
                   frozenset(bad), frozenset(labels["good"]), frozenset(favourite))
        )  # fmt: skip
    return found


@dataclass
class Result:
    """What one way did with one window."""

    pairwise: float
    chosen: str
    is_favourite: bool | None


def judged(window: Window, scores: Sequence[float]) -> Result:
    wrong = window.closed | window.half | window.bad
    # A window without anything wrong, or anything right, has no pairs.
    pairs = [
        (scores[g] > scores[w]) + 0.5 * (scores[g] == scores[w]) for g in window.good for w in wrong
    ]
    best = max(window.labelled, key=lambda i: scores[i])
    kinds = (("closed", window.closed), ("half", window.half), ("bad", window.bad))
    chosen = next((kind for kind, some in kinds if best in some), "")
    favourite = best in window.favourites if window.favourites else None
    return Result(float(np.mean(pairs)) if pairs else float("nan"), chosen, favourite)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "livecam-people"))
    parser.add_argument("--windows", action="store_true")
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    finder = FaceFinder()
    windows = first_set(finder, args.cache) + later_sets(finder, args.cache)
    finder.close()
    print("| set | way | people, windows | pairwise by person | worst | 95 % | closed, half, bad |"
          " favourites |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for where in ("first", "second", "third"):
        some = [window for window in windows if window.set == where]
        for way, score in WAYS.items():
            results = [judged(window, score(window.readings)) for window in some]
            people: dict[str, list[float]] = defaultdict(list)
            for window, result in zip(some, results, strict=True):
                if not np.isnan(result.pairwise):
                    people[window.person].append(result.pairwise)
                if args.windows and way == "livecam":
                    told = f"{result.pairwise:.2f} {result.chosen} {result.is_favourite}"
                    print(f"    {window.name} ({window.person}): {told}")
            means = np.array([np.mean(values) for values in people.values()])
            worst = min(people, key=lambda person: float(np.mean(people[person])))
            dice = np.random.default_rng(0)
            draws = dice.choice(means, (RESAMPLES, len(means))).mean(axis=1)
            low, high = np.quantile(draws, (0.025, 0.975))
            wrong = [sum(r.chosen == kind for r in results) for kind in ("closed", "half", "bad")]
            known = [r.is_favourite for r in results if r.is_favourite is not None]
            favourites = f"{np.mean(known):.0%}" if known else ""
            print(f"| {where} | {way} | {len(people)}, {len(some)} | {means.mean():.3f} |"
                  f" {means.min():.3f} ({worst}) | {low:.2f} to {high:.2f} |"
                  f" {', '.join(map(str, wrong))} | {favourites} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()

"""Chooses one frame of every three-second window of the labelled clips, beside simpler ways.

    python -m tests.benchmarks.quality [--out table.md]

reads the clips once (about two minutes), then prints one table. A window counts if it holds
something to get wrong, and something right to choose. Half-closed eyes are reported apart from
closed ones: they are where labels themselves disagree.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from livecam.capture.frame import Frame, PixelFormat
from livecam.quality.finder import FaceFinder
from livecam.quality.measures import FrameReading
from livecam.quality.score import score_frames
from livecam.timebase import NS_PER_S
from tests.conftest import SAMPLES

WINDOW_S, STEP_S = 3.0, 0.2
BLINK = 0.5
"""The threshold of the way to beat: eyes open, then the sharpest face."""

Scores = Callable[[Sequence[FrameReading]], Sequence[float]]


@dataclass(frozen=True)
class Clip:
    """A labelled clip, measured."""

    name: str
    readings: list[FrameReading]
    """Of the labelled span only."""
    first: int
    closed: set[int]
    half: set[int]
    good: set[int]
    bad: set[int]
    rate_hz: float

    def windows(self) -> Iterator[range]:
        """Windows, as ranges of frame numbers, that hold something to get wrong."""
        length, step = round(WINDOW_S * self.rate_hz), max(1, round(STEP_S * self.rate_hz))
        wrong = self.closed | self.half | self.bad
        for start in range(self.first, self.first + len(self.readings) - length + 1, step):
            window = range(start, start + length)
            if wrong & set(window) and not set(window) <= self.closed | self.half:
                yield window


@dataclass
class Tally:
    """What one way of choosing did with one clip."""

    windows: int = 0
    closed: int = 0
    half: int = 0
    bad: int = 0
    pairs: list[float] = field(default_factory=list)

    def row(self) -> list[float]:
        """Shares of the windows, and the mean of the pairs."""
        pairs = float(np.mean(self.pairs)) if self.pairs else float("nan")
        return [
            self.closed / self.windows,
            self.half / self.windows,
            self.bad / self.windows,
            pairs,
        ]


def ours(window: Sequence[FrameReading]) -> Sequence[float]:
    return [frame.score for frame in score_frames(window)[1]]


def sharpest_face(window: Sequence[FrameReading]) -> Sequence[float]:
    return [max((face.sharpness for face in frame.faces), default=-1) for frame in window]


def open_then_sharpest(window: Sequence[FrameReading]) -> Sequence[float]:
    return [
        max((face.sharpness - (face.blink >= BLINK) for face in frame.faces), default=-2)
        for frame in window
    ]


def sharpest_frame(window: Sequence[FrameReading]) -> Sequence[float]:
    return [frame.scene.sharpness for frame in window]


def middle(window: Sequence[FrameReading]) -> Sequence[float]:
    return [-abs(i - len(window) / 2) for i in range(len(window))]


def random(window: Sequence[FrameReading]) -> Sequence[float]:
    return list(np.random.default_rng(window[0].index).random(len(window)))


WAYS: dict[str, Scores] = {
    "random": random,
    "middle": middle,
    "sharpest frame": sharpest_frame,
    "sharpest face": sharpest_face,
    "blink < 0.5, then sharpest face": open_then_sharpest,
    "livecam": ours,
}


def read_clip(path: Path, labels: dict, finder: FaceFinder) -> Clip:
    """Measure a clip as the worker would."""
    low, high = labels.get("labelled_span", (0, labels["n_frames"] - 1))
    readings = []
    finder.start()
    with av.open(str(path)) as container:
        for i, picture in enumerate(container.decode(video=0)):
            if not low <= i <= high:
                continue
            image = picture.to_ndarray(format="bgr24")
            size_wh = (picture.width, picture.height)
            t_ns = int(i * NS_PER_S / labels["fps"])
            frame = Frame(i, t_ns, t_ns, PixelFormat.BGR, size_wh, image.reshape(-1))
            readings.append(finder.read(frame))
    ranges = {
        name: {i for start, end in spans for i in range(start, end + 1)}
        for name, spans in labels["ranges"].items()
    }
    return Clip(
        name=path.name,
        readings=readings,
        first=low,
        closed=ranges["eyes_closed"] | ranges["no_face"] | ranges["wink"],
        half=ranges["eyes_half"],
        good=set(labels["good_frames"]),
        bad=set(labels["bad_frames"]) - ranges["eyes_half"],
        rate_hz=labels["fps"],
    )


def judge(clip: Clip, scores: Scores) -> Tally:
    """Choose in every window of a clip, and compare every good frame with every bad one."""
    tally = Tally()
    for window in clip.windows():
        values = scores(clip.readings[window.start - clip.first : window.stop - clip.first])
        chosen = window[int(np.argmax(values))]
        tally.windows += 1
        tally.closed += chosen in clip.closed
        tally.half += chosen in clip.half
        tally.bad += chosen in clip.bad
        good = np.array([v for i, v in zip(window, values, strict=True) if i in clip.good])
        bad = np.array([v for i, v in zip(window, values, strict=True) if i in clip.bad])
        if good.size and bad.size:
            difference = good[:, None] - bad[None, :]
            tally.pairs.append(float((difference > 0).mean() + (difference == 0).mean() / 2))
    return tally


def table(clips: list[Clip]) -> str:
    """Means over clips of every way, then livecam clip by clip; Markdown."""
    head = "| {} | closed or no face | half closed | labelled bad | pairwise good > bad |"
    lines = [head.format("choosing"), "|---|---|---|---|---|"]
    row = "| {} | {:.1%} | {:.1%} | {:.1%} | {:.3f} |"
    results = {name: [judge(clip, way) for clip in clips] for name, way in WAYS.items()}
    for name, tallies in results.items():
        lines.append(row.format(name, *np.nanmean([tally.row() for tally in tallies], axis=0)))
    lines += ["", head.format("livecam on"), "|---|---|---|---|---|"]
    for clip, tally in zip(clips, results["livecam"], strict=True):
        lines.append(row.format(f"{clip.name} ({tally.windows} windows)", *tally.row()))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=SAMPLES / "faces")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    labels = json.loads((args.clips / "labels.json").read_text())
    finder = FaceFinder()
    clips = [read_clip(args.clips / name, labels[name], finder) for name in labels]
    finder.close()
    text = table(clips)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()

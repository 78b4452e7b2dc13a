"""Chooses one frame of every three-second window of the labelled clips, beside simpler ways.

    python -m tests.benchmarks.quality [--out table.md]

reads the clips once (about a minute), then groups made of them side by side (two minutes more;
`--no-groups` leaves them out), and prints the tables. A window counts if it holds
something to get wrong, and something right to choose. Half-closed eyes are reported apart from
closed ones: they are where labels themselves disagree.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np

from livecam.faces.model import FaceModel
from livecam.frame import Frame, PixelFormat
from livecam.quality.finder import FaceFinder
from livecam.quality.measures import FrameReading
from livecam.quality.parts import PARTS
from livecam.quality.score import WEIGHTS, FrameScore, score_frames, score_pictures
from livecam.timebase import NS_PER_S
from tests.conftest import SAMPLES

RESAMPLES = 2000
"""Draws of the clips, with replacement, for the intervals."""
GROUPS = (
    ("d13.mp4", "d9.mp4"), ("d12.mp4", "d14.mp4"), ("franck.mp4", "d13.mp4"),
    ("d13.mp4", "d9.mp4", "d14.mp4"), ("d9.mp4", "d12.mp4", "d13.mp4", "franck.mp4"),
)  # fmt: skip
GROUP_HEIGHTS = (480, 300, 180)
"""Pixels of each person's picture; the face is a half to a third of it."""
GROUP_WINDOWS = 2
WINDOW_S, STEP_S = 3.0, 0.2
DRAWS, SPREAD = 80, 0.4
"""Random sets of exponents in `leave_one_out`, and how far they may be from the score's own."""
BLINK = 0.5
"""The threshold of the simple way to beat: eyes open, then the sharpest face."""

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
    """Measure the labelled span of a clip, frame by frame, as a moment."""
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
            tally.pairs.append(_area(good, bad))
    return tally


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % of the means of clips drawn anew, with replacement."""
    drawn = np.random.default_rng(0).choice(np.asarray(values), (RESAMPLES, len(values)))
    low, high = np.nanpercentile(np.nanmean(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)


class Reweighted:
    """The score with other exponents; the parts of each window are cached."""

    def __init__(self, kept: dict[int, np.ndarray], exponents: np.ndarray) -> None:
        self._kept, self._exponents = kept, exponents

    def __call__(self, window: Sequence[FrameReading]) -> Sequence[float]:
        if window[0].index not in self._kept:
            self._kept[window[0].index] = np.array([_logs(f) for f in score_frames(window)[1]])
        return list(np.exp(self._kept[window[0].index] @ self._exponents))


def _logs(frame: FrameScore) -> list[float]:
    """Logarithms of the parts of a single person, in the order of `PARTS`."""
    faces = [face for face in frame.faces if face.counts]
    if not faces or frame.missing:
        return [-99.0] * len(PARTS)
    return [float(np.log(max(faces[0].parts[name], 1e-9))) for name in PARTS]


def leave_one_out(clips: list[Clip]) -> str:
    """Judge the exponents that do best on all clips but one on that one; and the worst of all sets.

    The exponents of the score itself are set by hand. This shows what to expect of other exponents,
    on people who were not used to choose them.
    """
    rng = np.random.default_rng(0)
    ours_ = np.array([WEIGHTS[name] for name in PARTS])
    draws = [ours_ * rng.uniform(1 - SPREAD, 1 + SPREAD, len(PARTS)) for _ in range(DRAWS)]
    kept: list[dict[int, np.ndarray]] = [{} for _ in clips]
    rows = np.array(
        [
            [judge(clip, Reweighted(seen, draw)).row() for draw in draws]
            for clip, seen in zip(clips, kept, strict=True)
        ]
    )  # clips, draws, figures
    # Closed eyes are worst; then other faults, and pairs in the wrong order.
    loss = 3 * rows[..., 0] + rows[..., 1] + rows[..., 2] + 1 - np.nan_to_num(rows[..., 3], nan=1)
    fitted = np.array(
        [
            rows[i, int(np.argmin(np.delete(loss, i, axis=0).mean(axis=0)))]
            for i in range(len(clips))
        ]
    )
    line = (
        "- closed or no face {:.1%}, half closed {:.1%}, labelled bad {:.1%}, pairwise {:.3f}; "
        "pairwise of the worst clip {:.3f}"
    )
    means = np.nanmean(rows, axis=0)
    worst = [*means[:, :3].max(axis=0), means[:, 3].min(), np.nanmin(rows[..., 3])]
    return "\n".join(
        [
            f"Exponents drawn {DRAWS} times within {SPREAD:.0%} of the score's own, the best of "
            "them on all clips but one, judged on that one:",
            line.format(*np.nanmean(fitted, axis=0), np.nanmin(fitted[:, 3])),
            "",
            "The worst of each figure that any of these sets gives, on all clips:",
            line.format(*worst),
        ]
    )


def strangers(clips: list[Clip], labels: dict) -> str:
    """How well pictures scored one by one tell open eyes of one person from others' shut ones.

    Area under the curve, over all pairs of different people, of the eyes' part and of the score.
    """
    kinds: dict[str, list[np.ndarray]] = {"open": [], "half closed": [], "closed": []}
    for clip in clips:
        shut = {i for a, b in labels[clip.name]["ranges"]["eyes_closed"] for i in range(a, b + 1)}
        # Frames next to a blink are neither open nor closed.
        near = {i + d for i in clip.closed | clip.half for d in range(-3, 4)}
        rows: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
        for reading, frame in zip(clip.readings, score_pictures(clip.readings)[1], strict=True):
            i = reading.index
            kind = "half closed" if i in clip.half else "closed" if i in shut else "open"
            if frame.faces and (kind != "open" or i not in near):
                rows[kind].append((frame.faces[0].parts["eyes"], frame.faces[0].score))
        for kind, found in rows.items():
            kinds[kind].append(np.array(found).reshape(-1, 2))
    lines = []
    for kind in ("half closed", "closed"):
        areas = [
            [_area(good[:, j], bad[:, j]) for j in range(2)]
            for a, good in enumerate(kinds["open"])
            for b, bad in enumerate(kinds[kind])
            if a != b and len(good) and len(bad) > 2
        ]
        eyes, whole = np.mean(areas, axis=0)
        lines.append(
            f"- {kind} eyes of one person below open ones of another, pictures scored one by one: "
            f"AUC {eyes:.3f} of the eyes' part, {whole:.3f} of the score"
        )
    return "\n".join(lines)


def _area(good: np.ndarray, bad: np.ndarray) -> float:
    difference = good[:, None] - bad[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def group_table(folder: Path, labels: dict, finder: FaceFinder) -> str:
    """How often anybody's eyes are closed or half closed in frames chosen from composed groups."""
    head = (
        "| groups side by side, pixels high | windows | way | anybody's eyes closed | half closed |"
    )
    lines = [head, "|---|---|---|---|---|"]
    pictures = {name: load(folder / name, labels[name]) for name in {n for g in GROUPS for n in g}}
    for height in GROUP_HEIGHTS:
        tally = {name: [0, 0] for name in GROUP_WAYS}
        windows = 0
        for group in GROUPS:
            for start in range(GROUP_WINDOWS):
                readings, closed, half = compose(group, pictures, labels, height, start, finder)
                windows += 1
                for name, way in GROUP_WAYS.items():
                    chosen = int(np.argmax(way(readings)))
                    tally[name][0] += chosen in closed
                    tally[name][1] += chosen in half and chosen not in closed
        for name, (shut, some) in tally.items():
            lines.append(
                f"| {height} | {windows} | {name} | {shut / windows:.0%} | {some / windows:.0%} |"
            )
    return "\n".join(lines)


def everybody_open_then_sharpest(window: Sequence[FrameReading]) -> Sequence[float]:
    most = max(len(frame.faces) for frame in window)
    return [
        -1.0
        if len(frame.faces) < most
        else float(np.mean([face.sharpness for face in frame.faces]))
        - sum(face.blink >= BLINK for face in frame.faces)
        for frame in window
    ]


GROUP_WAYS: dict[str, Scores] = {
    "random": random, "everybody's blink < 0.5, then sharpest": everybody_open_then_sharpest,
    "livecam": ours,
}  # fmt: skip


def load(path: Path, labels: dict) -> list[np.ndarray]:
    low, high = labels.get("labelled_span", (0, labels["n_frames"] - 1))
    with av.open(str(path)) as container:
        return [
            picture.to_ndarray(format="bgr24")
            for i, picture in enumerate(container.decode(video=0))
            if low <= i <= min(high, low + 330)
        ]


def compose(
    group: Sequence[str],
    pictures: dict[str, list[np.ndarray]],
    labels: dict,
    height: int,
    start: int,
    finder: FaceFinder,
) -> tuple[list[FrameReading], set[int], set[int]]:
    """Readings of three seconds of clips side by side; frames with closed and half-closed eyes."""
    finder.start()
    readings: list[FrameReading] = []
    closed: set[int] = set()
    half: set[int] = set()
    for i in range(90):
        row = []
        for n, name in enumerate(group):
            at = (90 * start + 37 * n + i) % len(pictures[name])
            image = pictures[name][at]
            number = labels[name].get("labelled_span", (0, 0))[0] + at
            spans = labels[name]["ranges"]
            for kinds, found in (
                (("eyes_closed", "no_face", "wink"), closed),
                (("eyes_half",), half),
            ):
                if any(a <= number <= b for kind in kinds for a, b in spans[kind]):
                    found.add(i)
            width = round(image.shape[1] * height / image.shape[0])
            row.append(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
        picture = np.ascontiguousarray(np.hstack(row))
        size_wh = (picture.shape[1], picture.shape[0])
        t_ns = i * NS_PER_S // 30
        frame = Frame(i, t_ns, t_ns, PixelFormat.BGR, size_wh, picture.reshape(-1))
        readings.append(finder.read(frame))
    return readings, closed, half


def table(clips: list[Clip]) -> str:
    """Means over clips of every way, then livecam clip by clip; Markdown."""
    head = "| {} | closed or no face | half closed | labelled bad | pairwise good > bad |"
    lines = [head.format("choosing"), "|---|---|---|---|---|"]
    row = "| {} | {:.1%} | {:.1%} | {:.1%} | {:.3f} |"
    results = {name: [judge(clip, way) for clip in clips] for name, way in WAYS.items()}
    for name, tallies in results.items():
        lines.append(row.format(name, *np.nanmean([tally.row() for tally in tallies], axis=0)))
    rows = np.array([tally.row() for tally in results["livecam"]])
    names = ("closed or no face", "half closed", "labelled bad", "pairwise")
    lines.append("")
    for name, column in zip(names, rows.T, strict=True):
        low, high = interval(column)
        mean = np.nanmean(column)
        lines.append(f"- livecam, {name}: {mean:.3f} (95 % over clips: {low:.3f} to {high:.3f})")
    lines += ["", head.format("livecam on"), "|---|---|---|---|---|"]
    for clip, tally in zip(clips, results["livecam"], strict=True):
        lines.append(row.format(f"{clip.name} ({tally.windows} windows)", *tally.row()))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=SAMPLES / "faces")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-groups", action="store_true", help="single people only")
    parser.add_argument(
        "--face-runtime", nargs="+", choices=("mediapipe", "opencv"), default=["mediapipe"],
        help="what runs the networks; of several each is measured in turn",
    )  # fmt: skip
    args = parser.parse_args()
    labels = json.loads((args.clips / "labels.json").read_text())
    parts = []
    for runtime in args.face_runtime:
        begun_s = time.process_time()
        finder = FaceFinder(FaceModel(runtime=runtime))
        clips = [read_clip(args.clips / name, labels[name], finder) for name in labels]
        spent_s = time.process_time() - begun_s
        parts.append(f"## {runtime}: {spent_s:.0f} s of the processor for the clips")
        parts += [table(clips), strangers(clips, labels), leave_one_out(clips)]
        if not args.no_groups:
            parts.append(group_table(args.clips, labels, finder))
        finder.close()
    text = "\n\n".join(parts)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()

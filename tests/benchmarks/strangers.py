"""How the score does on people, pictures and expressions that were labelled after it was made.

    python -m tests.benchmarks.strangers [--folder DIR]

`DIR` holds `windows` (two to three seconds each, frames labelled good and bad, and a person's blind
three favourites), `stills` with orders ("this one is better than that one") and `expressions`
(small press pictures, labelled by others). The way to beat, eyes open and then the sharpest face,
is judged in the same run. What the fitted regressions read on `expressions` they have seen; people
left out one by one are judged by `python -m tests.benchmarks.fit_feelings`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from livecam.frame import Frame, PixelFormat
from livecam.photos.pictures import picture_frame
from livecam.quality.finder import FaceFinder
from livecam.quality.measures import FrameReading
from livecam.quality.score import FrameScore, score_pictures
from livecam.timebase import NS_PER_S
from tests.benchmarks.fit_feelings import area
from tests.benchmarks.quality import Scores, open_then_sharpest, ours
from tests.conftest import SAMPLES

WAYS: dict[str, Scores] = {"livecam": ours, "blink < 0.5, then sharpest face": open_then_sharpest}
SPACED = 12
"""Number of frames from which the person chose three favourites."""
EMOTIONS = ("anger", "fear", "sadness", "disgust", "surprise")


def read_movie(path: Path, finder: FaceFinder) -> list[FrameReading]:
    finder.start()
    readings = []
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or 30)
        for i, picture in enumerate(container.decode(video=0)):
            image = picture.to_ndarray(format="bgr24")
            size_wh = (picture.width, picture.height)
            t_ns = int(i * NS_PER_S / rate)
            frame = Frame(i, t_ns, t_ns, PixelFormat.BGR, size_wh, image.reshape(-1))
            readings.append(finder.read(frame))
    return readings


def read_alone(path: Path, finder: FaceFinder) -> FrameScore:
    finder.start(alone=True)
    return score_pictures([finder.read(picture_frame(path, 0)[0])])[1][0]


def window_row(name: str, values: Sequence[float], labels: dict, favourites: list[int]) -> list:
    """Pairwise, whether the choice is closed, half closed or bad, and the share of favourites."""
    scores = np.asarray(values)
    chosen = int(np.argmax(scores))
    good, bad = (scores[[i for i in labels[k] if i < len(scores)]] for k in ("good", "bad"))
    pairs = area(good, bad) if len(good) and len(bad) else float("nan")
    spaced = {round(float(x)) for x in np.linspace(0, len(scores) - 1, SPACED)} | set(favourites)
    top = sorted(spaced, key=lambda i: -scores[i])[:3]
    wrong = [float(chosen in labels[k]) for k in ("closed", "half", "bad")]
    return [pairs, *wrong, len(set(top) & set(favourites)) / 3]


def windows(folder: Path, finder: FaceFinder) -> None:
    labels = json.loads((folder / "windows.json").read_text())
    favourites = json.loads((folder / "favourites.json").read_text())
    read = {name: read_movie(folder / name, finder) for name in labels}
    for way, scores in WAYS.items():
        rows = np.array(
            [window_row(n, scores(r), labels[n], favourites[n]) for n, r in read.items()]
        )
        closed, half, bad = rows[:, 1:4].mean(axis=0)
        print(
            f"{len(rows)} windows, {way}: pairwise {np.nanmean(rows[:, 0]):.3f}, worst"
            f" {np.nanmin(rows[:, 0]):.3f}; chosen closed {closed:.0%}, half closed {half:.0%}, bad"
            f" {bad:.0%}; of a person's three favourites {rows[:, 4].mean():.0%} among the top"
        )


def stills(folder: Path, finder: FaceFinder) -> None:
    orders = json.loads((folder / "orders.json").read_text())
    names = {name for _, *pair in orders for name in pair}
    scores = {name: read_alone(folder / name, finder).score for name in names}
    kinds: dict[str, list[bool]] = {}
    for kind, better, worse in orders:
        kinds.setdefault(kind, []).append(scores[better] > scores[worse])
    right = sum(map(sum, kinds.values()))
    each = ", ".join(f"{kind} {sum(found)} of {len(found)}" for kind, found in kinds.items())
    print(f"stills: {right} of {len(orders)} orders right ({each})")


def expressions(folder: Path, finder: FaceFinder) -> None:
    labels = json.loads((folder / "labels.json").read_text())
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for name, label in labels.items():
        faces = read_alone(folder / name, finder).faces
        if faces:
            face = max(faces, key=lambda face: face.box_xyxy[2] - face.box_xyxy[0])
            part = face.parts
            rows.setdefault(label, []).append((face.score, part["expression"], part["eyes"]))
    for column, what in enumerate(("whole score", "expression", "eyes")):
        by = {label: np.array(found)[:, column] for label, found in rows.items()}
        figures = [f"happy over neutral {area(by['happiness'], by['neutral']):.2f}"]
        figures += [f"neutral over {e} {area(by['neutral'], by[e]):.2f}" for e in EMOTIONS]
        print(f"expressions, AUC of the {what}: {', '.join(figures)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SAMPLES / "faces2")
    args = parser.parse_args()
    finder = FaceFinder()
    windows(args.folder / "windows", finder)
    stills(args.folder / "stills", finder)
    expressions(args.folder / "expressions", finder)
    finder.close()


if __name__ == "__main__":
    main()

"""Group photos composed with `--best-take`: is everybody good more often, and does it show?

    python -m tests.benchmarks.best_take [--stills] [--sheet FILE.png]

Three seconds of several labelled clips stand side by side in one picture. Per group: whether the
labels call everybody good in the chosen frame, and in the composed one, each face by the frame that
it comes from; whose label became worse; how steep the borders are beside the base frame's own.

With `--stills`: photos in which somebody's eyes are labelled shut, each with a movie of the same
two seconds at half the size. How many get the face of a frame, what the photo scores before and
after, what of it is new, and why the others stay.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from livecam.edit.faces_in_photo import with_better_faces
from livecam.enhance.best_take import BestTake, compose, seam
from livecam.formats.tags import new_identifier
from livecam.frame import Frame, PixelFormat
from livecam.photos.inputs import find_inputs
from livecam.photos.pick import Wanted, open_movie, pick
from livecam.photos.pictures import picture_frame, read_picture
from livecam.quality.choice import choose
from livecam.quality.finder import FaceFinder
from livecam.quality.score import FaceScore, score_pictures
from livecam.timebase import NS_PER_S
from tests.benchmarks.quality import GROUPS, load
from tests.conftest import SAMPLES
from tests.support.pairs import frames_of, live_photo

HEIGHT, FRAMES, STARTS = 480, 90, 3
CLIPS = ("d9.mp4", "d12.mp4", "d13.mp4", "d14.mp4", "face_noface.mov")
BAD = (
    "eyes_closed", "eyes_half", "no_face", "wink", "turned", "gaze_away", "frown", "blurred",
    "occluded", "mouth_open",
)  # fmt: skip
GRADE = {"eyes_closed": 3, "no_face": 3, "wink": 3, "eyes_half": 2}


class Group:
    """Clips side by side, each from another frame on, with a grade of each person in each frame."""

    def __init__(self, names: tuple[str, ...], clips: dict, labels: dict, start: int) -> None:
        self.pictures: list[np.ndarray] = []
        self.grades: list[list[int]] = []
        """0 if nothing is wrong with a person; higher is worse."""
        self.edges = np.zeros(0)
        """Column at which each person's picture ends."""
        for i in range(FRAMES):
            row, grades = [], []
            for n, name in enumerate(names):
                at = (FRAMES * start + 37 * n + i) % len(clips[name])
                number = labels[name].get("labelled_span", (0, 0))[0] + at
                spans = labels[name]["ranges"]
                wrong = [k for k in BAD if any(a <= number <= b for a, b in spans.get(k, ()))]
                grades.append(max((GRADE.get(kind, 1) for kind in wrong), default=0))
                image = clips[name][at]
                width = round(image.shape[1] * HEIGHT / image.shape[0])
                row.append(cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA))
            self.edges = np.cumsum([image.shape[1] for image in row])
            self.pictures.append(np.ascontiguousarray(np.hstack(row)))
            self.grades.append(grades)


class Tally:
    """What became of one kind of base frame."""

    def __init__(self) -> None:
        self.windows = self.before = self.after = self.composed = self.worse = 0
        self.gains: list[float] = []
        self.seams: list[float] = []

    def add(self, group: Group, base: int, took: BestTake, faces: tuple[FaceScore, ...]) -> None:
        grades = list(group.grades[base])
        self.windows += 1
        self.before += not any(grades)
        for swap in took.swaps:
            face = next(face for face in faces if face.person == swap.person)
            middle = (face.box_xyxy[0] + face.box_xyxy[2]) / 2
            who = int(np.searchsorted(group.edges, middle))
            self.worse += group.grades[swap.frame][who] > grades[who]
            grades[who] = group.grades[swap.frame][who]
            self.gains.append(swap.score - swap.before)
            left, top, right, bottom = face.box_xyxy
            around = np.zeros(group.pictures[base].shape[:2], bool)
            around[top:bottom, left:right] = True
            changed = (group.pictures[base] != took.image_bgr).any(axis=2)
            rim = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5)))
            wide = cv2.dilate(around.astype(np.uint8), np.ones((41, 41))) > 0
            self.seams.append(seam(group.pictures[base], took.image_bgr, (rim > 0) & wide))
        self.after += not any(grades)
        self.composed += took.is_composed

    def __str__(self) -> str:
        return (
            f"{self.windows} windows, everybody good in {self.before} before, {self.after} after;"
            f" {self.composed} composed, {len(self.gains)} faces, mean gain"
            f" {np.mean(self.gains or [0]):.2f}; label worse {self.worse}; border's steepness over"
            f" the base's: median {np.median(self.seams or [1]):.2f},"
            f" most {max(self.seams or [1]):.2f}"
        )


def stills(sheet: Path | None) -> None:
    folder = SAMPLES / "faces"
    labels = json.loads((folder / "labels.json").read_text())
    finder = FaceFinder()
    composed, why, rows = [], Counter[str](), []
    with tempfile.TemporaryDirectory() as made:
        for clip in CLIPS:
            for first, last in labels[clip]["ranges"]["eyes_closed"]:
                middle = (first + last) // 2
                start = max(0, middle - 30)
                pictures = frames_of(folder / clip, start, 60)
                photo = live_photo(Path(made) / f"{clip}-{first}", pictures, middle - start)
                (source,) = find_inputs([photo]).inputs
                with open_movie(source) as movie:
                    chosen = pick(source, finder, Wanted(), movie)
                    assert chosen.photo is not None
                    if chosen.photo.stays:
                        why[f"the photo stays: {chosen.photo.stays}"] += 1
                        continue
                    files, note = with_better_faces(
                        chosen, movie, new_identifier(), finder, rekeys=True
                    )
                if files is None:
                    why[note] += 1
                    continue
                new = photo.with_name("new.jpg")
                new.write_bytes(files.content[".JPG"])
                before, after = read_picture(photo), read_picture(new)
                scores = [score_alone(path, finder) for path in (photo, new)]
                changed = (before != after).any(axis=2).mean()
                composed.append((*scores, changed))
                print(f"{clip} at {middle}: {scores[0]:.2f} -> {scores[1]:.2f}, {changed:.0%} new",
                      flush=True)  # fmt: skip
                rows.append(np.hstack([before, after]))
    finder.close()
    was, now, share = np.array(composed).T
    print(f"{len(composed)} of {len(composed) + sum(why.values())} composed: "
          f"{was.mean():.2f} -> {now.mean():.2f} alone (least {now.min():.2f}), "
          f"{share.mean():.0%} of the pixels new")  # fmt: skip
    for text, count in why.most_common():
        print(f"{count}: {text}")
    if sheet is not None:
        save(sheet, rows)


def score_alone(path: Path, finder: FaceFinder) -> float:
    frame, size_wh = picture_frame(path, 0)
    finder.start(alone=True)
    return score_pictures([finder.read(frame, size_wh)])[1][0].score


def save(sheet: Path, rows: list[np.ndarray]) -> None:
    width = max(row.shape[1] for row in rows)
    padded = [
        np.pad(row, ((0, 12), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows
    ]
    cv2.imwrite(str(sheet), np.vstack(padded))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--stills", action="store_true")
    args = parser.parse_args()
    if args.stills:
        stills(args.sheet)
        return
    folder = SAMPLES / "faces"
    labels = json.loads((folder / "labels.json").read_text())
    clips = {name: load(folder / name, labels[name]) for name in {n for g in GROUPS for n in g}}
    finder = FaceFinder()
    counts = {"chosen": Tally(), "at the shutter": Tally()}
    rows: list[np.ndarray] = []
    for names in GROUPS:
        for start in range(STARTS):
            group = Group(names, clips, labels, start)
            size_wh = (group.pictures[0].shape[1], HEIGHT)
            finder.start()
            readings = [
                finder.read(
                    Frame(i, i * NS_PER_S // 30, 0, PixelFormat.BGR, size_wh, p.reshape(-1))
                )
                for i, p in enumerate(group.pictures)
            ]
            score = choose(readings, FRAMES // 2 * NS_PER_S // 30)
            for (name, tally), base in zip(counts.items(), (score.key, FRAMES // 2), strict=True):
                took = compose(score.frames, base, group.pictures.__getitem__, finder)
                tally.add(group, base, took, score.frames[base].faces)
                where = f"{'+'.join(names)} from {start}, {name}"
                print(f"{where}: {took.note(lambda i: i / 30)}", flush=True)
                if took.is_composed:
                    rows.append(np.vstack([group.pictures[base], took.image_bgr]))
    for name, tally in counts.items():
        print(f"base {name}: {tally}")
    if args.sheet and rows:
        save(args.sheet, rows)


if __name__ == "__main__":
    main()

"""What `pick --rekey` does to forty photos: kept or changed, and what of it is left.

    python -m tests.benchmarks.kept [--sheet FILE.png]

Live and Motion Photos of the samples, and pairs made of labelled clips: the photo has twice
the movie's size; in half of them the eyes are shut, in the others nothing is wrong. Keywords,
caption, place and Apple's note are written into them. For each photo: its pixels before and after,
the tags that exiftool reads in it before, how many of them are the same after, and why. `--sheet`
draws those that were changed, before and after, at the same size.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

from livecam.photos.inputs import find_inputs
from livecam.photos.pictures import read_picture
from tests.benchmarks.best_take import CLIPS
from tests.conftest import SAMPLES
from tests.edit.test_what_is_kept import WRITTEN, said, write
from tests.support.pairs import frames_of, live_photo
from tests.support.program import events, run

COUNT, CELL = 40, 640


def library(folder: Path) -> None:
    """Forty photos, each in a folder of its own."""
    names = ("livephotos", "motionphotos", "reports", "reports2")
    found = find_inputs([SAMPLES / name for name in names])
    sources = [one for one in found.inputs if one.kind in ("live-photo", "motion-photo")]
    for i, source in enumerate(sources):
        place = folder / f"{i:02}"
        place.mkdir()
        for path in source.files:
            shutil.copy(path, place / path.name)
    labels = json.loads((SAMPLES / "faces" / "labels.json").read_text())
    moments = []
    for clip in CLIPS:
        ranges = labels[clip]["ranges"]
        labelled = {i for kind in ranges.values() for a, b in kind for i in range(a, b + 1)}
        shut = [(clip, (first + last) // 2) for first, last in ranges["eyes_closed"]]
        plain = [(clip, i) for i in range(31, 231, 20) if i not in labelled]
        moments += [pad(shut), pad(plain)]
    wanted = [one for row in zip(*moments, strict=True) for one in row if one]
    for i, (clip, middle) in enumerate(wanted[: COUNT - len(sources)], len(sources)):
        start = max(0, middle - 30)
        pictures = frames_of(SAMPLES / "faces" / clip, start, 60)
        at = min(middle - start, len(pictures) - 1)
        write(live_photo(folder / f"{i:02}", pictures, at), WRITTEN)


def pad(row: list) -> list:
    """As long as the longest may be."""
    return [*row, *[None] * (COUNT - len(row))]


def size_of(path: Path) -> str:
    command = ["exiftool", "-s3", "-ImageSize", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheet", type=Path, metavar="FILE.png")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "photos"
        folder.mkdir()
        library(folder)
        out = Path(made) / "new"
        done = run("pick", str(folder), "--rekey", "--out", str(out), "--json", cwd=Path(made))
        print("| photo | pixels | after | score and words | after | tags | same after | why |")
        print("|---|---|---|---|---|---|---|---|")
        for event in events(done.stdout):
            if event["event"] != "picked":
                print("|", Path(event["file"]).name, "|", event["message"], "|")
                continue
            before = Path(event["file"])
            after = next((Path(p) for p in event["outputs"] if not p.endswith(".MOV")), None)
            tags, photo = said(before), event["photo"] or {}
            same = tags if after is None else said(after)
            kept = sum(same.get(name) == value for name, value in tags.items())
            print(
                f"| {before.parent.name} {before.name} | {size_of(before)} "
                f"| {size_of(after) if after else 'kept'} | {words(photo)} "
                f"| {'' if after is None else words(key(event))} "
                f"| {len(tags)} | {kept} | {event['note'] if after else event['photo']['stays']} |"
            )
            if after is not None:
                rows.append(side_by_side(before, after))
    if args.sheet is not None and rows:
        cv2.imwrite(str(args.sheet), np.vstack(rows))
    print(f"{len(rows)} changed")


def key(event: dict) -> dict:
    return next(one for one in event["frames"] if one["index"] == event["key"]["index"])


def words(judged: dict) -> str:
    return f"{judged['score']:.2f}" if judged else ""


def side_by_side(before: Path, after: Path) -> np.ndarray:
    cells = []
    for path in (before, after):
        image = read_picture(path)
        height, width = image.shape[:2]
        scale = CELL / max(height, width)
        size = round(width * scale), round(height * scale)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        bottom, right = CELL - image.shape[0], CELL - image.shape[1]
        cells.append(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT))
    return np.hstack(cells)


if __name__ == "__main__":
    main()

"""What a score means, on ten pictures of the drawn person, each by itself.

    python -m tests.benchmarks.scale [--out scale.webp]

Prints score, word and what pulls it down, the best first; the sheet shows the pictures.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from livecam.demo.camera import Studio
from livecam.demo.script import Script, Truth
from livecam.frame import Frame, PixelFormat
from livecam.quality.explain import faults, word_for
from livecam.quality.finder import FaceFinder
from livecam.quality.score import score_pictures

SIZE = (1280, 720)
CELL = (320, 180)
PLAIN = replace(
    Script(0).at(0.0), act="neutral", eyes_open=1.0, smile=0.0, mouth_open=0.0, yaw_deg=0.0,
    roll_deg=0.0, gaze_xy=(0.0, 0.0), offset_xy=(0.0, 0.0), speed=0.0, defocus=0.0, light=1.0,
)  # fmt: skip
EXAMPLES: dict[str, Truth] = {
    "looks at you and smiles": replace(PLAIN, smile=1.0),
    "a faint smile": replace(PLAIN, smile=0.4),
    "looks at you, serious": PLAIN,
    "looks aside": replace(PLAIN, gaze_xy=(0.7, 0.0)),
    "half turned away": replace(PLAIN, smile=0.6, yaw_deg=25.0),
    "in the middle of a word": replace(PLAIN, mouth_open=0.8),
    "in little light": replace(PLAIN, smile=1.0, light=0.3),
    "a little out of focus": replace(PLAIN, smile=1.0, defocus=4.0),
    "eyes half closed": replace(PLAIN, smile=0.4, eyes_open=0.35),
    "eyes closed": replace(PLAIN, smile=1.0, eyes_open=0.0),
}


class _Still(Script):
    """A script in which nothing changes."""

    def __init__(self, truth: Truth) -> None:
        super().__init__(0)
        self._truth = truth

    def at(self, _: float) -> Truth:
        """The same at every instant."""
        return self._truth


def drawn(truth: Truth) -> np.ndarray:
    """The person as the demo camera draws them."""
    return Studio(_Still(truth), SIZE, Fraction(30)).draw(30).copy()


def main() -> None:
    """Score the pictures, print them, and write the sheet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    found = []
    with closing(FaceFinder()) as finder:
        for name, truth in EXAMPLES.items():
            image = drawn(truth)
            finder.start(alone=True)
            frame = Frame(0, 0, 0, PixelFormat.BGR, SIZE, image.reshape(-1))
            _, (score,) = score_pictures([finder.read(frame)])
            found.append((score.score, name, ", ".join(faults(score)), image))
    cells = []
    for score, name, why, image in sorted(found, key=lambda one: -one[0]):
        print(f"{score:.2f} {word_for(score):5}  {name:26} {why}")
        cell = cv2.resize(image, CELL, interpolation=cv2.INTER_AREA)
        for thick, colour in ((4, (0, 0, 0)), (1, (255, 255, 255))):
            cv2.putText(
                cell, f"{score:.2f} {word_for(score)}", (8, 24), cv2.FONT_HERSHEY_DUPLEX, 0.7,
                colour, thick, cv2.LINE_AA,
            )  # fmt: skip
        cells.append(cell)
    if args.out is not None:
        rows = [np.hstack(cells[at : at + 5]) for at in range(0, len(cells), 5)]
        Image.fromarray(np.vstack(rows)[:, :, ::-1]).save(args.out, quality=80)


if __name__ == "__main__":
    main()

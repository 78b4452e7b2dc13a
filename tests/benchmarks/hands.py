"""Does the score tell a mouth behind a hand from an uncovered one?

    python -m tests.benchmarks.hands

One labelled clip has a hand in front of a mouth. Its frames are read. Its hand is also pasted in
front of the mouths of other people's pictures, in their light: a real hand, but not a real shot.
The output is the line between the lips (`livecam.quality.lips`), the part "occlusion", and how many
faces are called "a covered mouth".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from livecam.faces.landmarker import FaceLandmarker
from livecam.frame import Frame, PixelFormat
from livecam.photos.pictures import picture_frame
from livecam.quality.baseline import baseline_of
from livecam.quality.finder import FaceFinder
from livecam.quality.measures import FaceReading
from livecam.quality.parts import TOLD, bare_mouth, occlusion
from livecam.quality.score import score_pictures
from tests.benchmarks.fit_feelings import area
from tests.conftest import SAMPLES

CLIP = SAMPLES / "faces" / "WolfgangLanger_Pexels.mp4"
COVERED, PARTLY = range(85, 166), range(58, 233)
"""Frames of the clip with the mouth behind the hand, and with the hand anywhere near it."""
TAKEN = (95, 105, 115)
"""Frames whose hand is pasted into other pictures."""
ALIGNED = (33, 263, 152, 61, 291, 4)
"""Points of the mesh that are aligned: eyes, chin, mouth and nose."""
CHEEKS = (117, 50, 101, 346, 280, 330)
LEAST_WIDTH = 100


@dataclass(frozen=True)
class Hand:
    """A picture with a hand in front of a mouth, and the mesh of that face."""

    image_bgr: np.ndarray
    points: np.ndarray

    def before(self, image_bgr: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Another picture with this hand in front of its mouth."""
        ours, theirs = (p[list(ALIGNED)].astype(np.float32) for p in (self.points, points))
        matrix, _ = cv2.estimateAffinePartial2D(ours, theirs)
        size_wh = (image_bgr.shape[1], image_bgr.shape[0])
        p = self.points
        below = p[152] + (0, 0.3 * (p[152] - p[4])[1])
        outline = np.array([p[205], p[2], p[425], 0.3 * p[454] + 0.7 * p[365], below, p[136]])
        mask = np.zeros(self.image_bgr.shape[:2], np.float32)
        cv2.fillConvexPoly(mask, cv2.convexHull(outline.astype(np.int32)), 1.0)
        mask = cv2.warpAffine(cv2.GaussianBlur(mask, (0, 0), 4), matrix, size_wh)[..., None]
        light = (_colour(image_bgr, points) + 5) / (_colour(self.image_bgr, self.points) + 5)
        hand = np.clip(cv2.warpAffine(self.image_bgr, matrix, size_wh) * light, 0, 255)
        if np.array_equal(image_bgr[..., 0], image_bgr[..., 2]):  # a black and white picture
            hand = np.repeat(hand.mean(axis=2, keepdims=True), 3, axis=2)
        return (image_bgr * (1 - mask) + hand * mask).astype(np.uint8)


def _colour(image_bgr: np.ndarray, points: np.ndarray) -> np.ndarray:
    most = np.array([image_bgr.shape[1], image_bgr.shape[0]]) - 1
    x, y = np.clip(points[list(CHEEKS)], 0, most).astype(int).T
    return image_bgr[y, x].astype(np.float64).mean(axis=0)


def as_frame(i: int, image_bgr: np.ndarray) -> Frame:
    size_wh = (image_bgr.shape[1], image_bgr.shape[0])
    data = np.ascontiguousarray(image_bgr).reshape(-1)
    return Frame(i, i * 41_700_000, i * 41_700_000, PixelFormat.BGR, size_wh, data)


def mesh(landmarker: FaceLandmarker, image_bgr: np.ndarray, face: FaceReading) -> np.ndarray | None:
    """The face's points, (478, 2) in pixels; None where a single look does not see it again."""
    found = landmarker.look(image_bgr, face.box_xyxy)
    return None if found is None else found.landmarks[:, :2]


def read_clip(finder: FaceFinder, landmarker: FaceLandmarker):
    """Each frame's face, and the hands."""
    faces: dict[int, FaceReading] = {}
    hands: list[Hand] = []
    finder.start()
    with av.open(str(CLIP)) as container:
        for i, picture in enumerate(container.decode(video=0)):
            image = picture.to_ndarray(format="bgr24")
            reading = finder.read(as_frame(i, image))
            if reading.faces:
                faces[i] = reading.faces[0]
                points = mesh(landmarker, image, reading.faces[0]) if i in TAKEN else None
                if points is not None:
                    hands.append(Hand(image, points))
    return faces, hands


def described(name: str, lines: Sequence[float], parts: Sequence[float], called: float) -> str:
    low, middle, high = np.percentile(lines, [5, 50, 95])
    return (
        f"{name:<42} {len(lines):4} {low:6.3f} {middle:6.3f} {high:6.3f} {np.median(parts):10.2f}"
        f" {called:18.0%}"
    )


def main() -> None:
    finder, landmarker = FaceFinder(), FaceLandmarker()
    faces, hands = read_clip(finder, landmarker)
    usual = baseline_of(list(faces.values()))
    print(f"{'':<42} {'n':>4} {'5 %':>6} {'median':>6} {'95 %':>6} {'occlusion':>10}"
          f" {'called covered':>18}")  # fmt: skip
    for name, some in (
        ("the clip, behind the hand", [f for i, f in faces.items() if i in COVERED]),
        ("the clip, no hand near", [f for i, f in faces.items() if i not in PARTLY]),
    ):
        called = float(np.mean([bare_mouth(f, usual) < 1 - TOLD for f in some]))
        parts = [occlusion(f, usual) for f in some]
        print(described(name, [f.mouth_line for f in some], parts, called))
    bare: list[tuple[float, float, bool]] = []
    covered: list[tuple[float, float, bool]] = []
    pictures: list[Path] = [
        path for folder in ("expressions", "stills")
        for path in sorted((SAMPLES / "faces2" / folder).glob("*.*g"))
    ]  # fmt: skip
    for i, path in enumerate(pictures):
        image = picture_frame(path, 0)[0].bgr(1)
        first = _alone(finder, image)
        points = mesh(landmarker, image, first[0]) if first is not None else None
        if first is None or points is None:
            continue
        bare.append(first[1])
        second = _alone(finder, hands[i % len(hands)].before(image, points))
        if second is not None:
            covered.append(second[1])
    for name, rows in (("other people", bare), ("the same, the hand put before", covered)):
        lines, parts, called = zip(*rows, strict=True)
        print(described(name, lines, parts, float(np.mean(called))))
    print("AUC of the line {:.3f}, of the part {:.3f}".format(
        *(area(np.array([r[j] for r in bare]), np.array([r[j] for r in covered])) for j in (0, 1))
    ))  # fmt: skip
    finder.close()
    landmarker.close()


def _alone(
    finder: FaceFinder, image_bgr: np.ndarray
) -> tuple[FaceReading, tuple[float, float, bool]] | None:
    """The one large face of a picture, and how it is judged."""
    finder.start(alone=True)
    reading = finder.read(as_frame(0, image_bgr))
    if len(reading.faces) != 1 or reading.faces[0].width_px < LEAST_WIDTH:
        return None
    judged = score_pictures([reading])[1][0].faces[0]
    is_called = judged.words.get("occlusion") == "a covered mouth"
    face = reading.faces[0]
    return face, (face.mouth_line, judged.parts["occlusion"], is_called)


if __name__ == "__main__":
    main()

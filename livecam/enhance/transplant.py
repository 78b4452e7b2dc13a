"""Takes a face from a movie's frame into the still that was taken with it, at the still's own size.

Where somebody blinks in an otherwise good photo, the photo is kept and the eyes are opened: the
frame is enlarged to the photo's size, matched in sharpness and noise, and the face is taken over as
a best take takes one from another frame, with all of its checks. A frame that is enlarged more than
twice would show, and is not used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livecam.enhance.best_take import BestTake, Stay, compose
from livecam.quality.measures import noise_level

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livecam.frame import Bytes
    from livecam.quality.finder import Finder
    from livecam.quality.score import FaceScore, FrameScore

MOST_ENLARGED = 2.05
"""Twice, plus what rounding a size to even numbers adds."""
SHARPENED = 0.8
"""Strength of the sharpening of a frame that is enlarged twice, against the blur of interpolation.
The score of the result, which includes blur, decides whether that was enough."""
GRAIN_SD = 0.7
"""Standard deviation of the blur of the noise that is added: noise in a photo is that fine."""


def transplant(
    photo_bgr: Bytes,
    photo: FrameScore,
    frames: Sequence[FrameScore],
    movie_wh: tuple[int, int],
    picture: Callable[[int], Bytes],
    finder: Finder,
) -> BestTake:
    """Compose the photo with the best faces of the movie. Raises the finder's LivecamError.

    `photo_bgr` is (H, W, 3) uint8, upright; `photo` is its score, with faces in its own pixels.
    `frames` are the scores of the movie's frames, with the same person numbers; `picture` gives a
    frame by its position.
    """
    height, width = photo_bgr.shape[:2]
    scale = width / movie_wh[0]
    if scale > MOST_ENLARGED:
        why = f"the photo has {scale:.1f} times the movie's pixels across"
        return BestTake(None, (), (Stay(0, "everybody", why),))
    # The movie shows the middle of the photo.
    down = (height - movie_wh[1] * scale) / 2
    enlarged = [replace(frame, faces=_moved(frame.faces, scale, down)) for frame in frames]
    key = len(enlarged)
    matrix = np.array([[scale, 0, 0], [0, scale, down]], np.float32)

    def at_photos_size(position: int) -> Bytes:
        if position == key:
            return photo_bgr
        moved = cv2.warpAffine(
            picture(position), matrix, (width, height),
            flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return _matched(np.asarray(moved, np.uint8), photo_bgr, photo.faces, scale)

    shown = (0.0, max(0.0, down), float(width), min(float(height), height - down))
    return compose([*enlarged, photo], key, at_photos_size, finder, shown)


def _moved(faces: Sequence[FaceScore], scale: float, down: float) -> tuple[FaceScore, ...]:
    moved = []
    for face in faces:
        left, top, right, bottom = face.box_xyxy
        box = (
            round(left * scale), round(top * scale + down),
            round(right * scale), round(bottom * scale + down),
        )  # fmt: skip
        moved.append(replace(face, box_xyxy=box))
    return tuple(moved)


def _matched(frame: Bytes, photo: Bytes, faces: Sequence[FaceScore], scale: float) -> Bytes:
    """An enlarged frame, sharpened by what enlarging took, with as much noise as the photo has."""
    amount = SHARPENED * max(0.0, scale - 1)
    soft = cv2.GaussianBlur(frame, (0, 0), 0.6 * scale)
    sharp = np.asarray(cv2.addWeighted(frame, 1 + amount, soft, -amount, 0), np.uint8)
    missing = max((_missing_noise(sharp, photo, face) for face in faces), default=0.0)
    if missing < 0.5:
        return sharp
    dice = np.random.default_rng(0)  # the same photo comes out the same each time
    grain = dice.normal(0, 1, sharp.shape[:2]).astype(np.float32)
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), GRAIN_SD), np.float32)
    grain *= missing / max(float(grain.std()), 1e-6)
    noisy = sharp.astype(np.float32) + grain[..., None]
    matched: Bytes = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
    return matched


def _missing_noise(frame: Bytes, photo: Bytes, face: FaceScore) -> float:
    """Standard deviation of the noise that a face has in the photo and not in the frame."""
    left, top, right, bottom = (max(0, edge) for edge in face.box_xyxy)
    own, other = (
        noise_level(np.asarray(cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY)))
        if bottom > top and right > left
        else 0.0
        for image in (photo, frame)
    )
    return float(np.sqrt(max(0.0, own**2 - other**2)))

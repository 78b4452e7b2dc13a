"""Composes a group photo in which everybody is at their best, out of the frames of one moment.

The chosen frame is the base. A person whose face is better by a step in another frame of the moment
gets that face. It is aligned by the boxes of the landmarks and the head's roll, then by a search
for the best fit of what surrounds the face, then by optical flow along its border; it is matched in
light, and blended in. If any of that does not fit (the head is turned differently, a neighbour is
in the way, what surrounds the face has changed, the border would show), the person stays as in the
base frame. The result is judged by the same score as every frame, and a face that did not become
better, or made anybody's worse, is taken back: the result is never worse than the base.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from livecam.faces.face import overlap
from livecam.formats.tags import Composite
from livecam.frame import Frame, PixelFormat
from livecam.quality.explain import is_spoilt
from livecam.quality.score import score_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livecam.frame import Bytes
    from livecam.quality.finder import Finder
    from livecam.quality.score import FaceScore, FrameScore

    Floats = npt.NDArray[np.float32]
    Box = tuple[float, float, float, float]

STEP = 0.15
"""By how much a face must be better: half the step from "fair" to "good" in `quality.explain`."""
MOST_TRIES = 3
"""Frames that are tried for a person, the best first."""
APART_NS = 100_000_000
"""Least time between two of them: the next frame shows the same."""

MOST_TURN_DEG, MOST_SCALE = 8.0, 0.12
"""By how much a head's angles, and its size, may differ without its outline giving that away."""
MOST_FAR = 1.0
"""How far it may have moved, in widths of the face."""

LEAST_WIDTH = 24
"""Width of a face, in pixels, below which there is too little to see, or to align."""
REGION = (0.58, 0.66)
"""Half axes of the ellipse that is taken over, as shares of the landmarks' box: the face with the
edge of the hair, which the landmarks leave out."""
FEATHER = 0.3
"""Share of the half axes over which it fades into the base."""
AROUND = 1.9
"""Sides of the patch that is looked at for the fit, over those of the box."""
WORK_WIDTH = 256
"""Pixels at which the fit is searched for: finer costs more and finds no more."""

MOST_LIGHT = 1.3
"""Largest ratio in brightness, lighter or darker, that is matched."""
MOST_CHANGE = 9.0
"""Mean difference along the fading border, in levels of 255, from which it shows as a ghost: the
noise of webcams at night makes 3 to 6, a shoulder or an ear that moved 15 and more."""
MOST_SEAM = 1.25
"""Largest steepness along the border, over that of the base frame there."""


@dataclass(frozen=True)
class Swap:
    """A person whose face comes from another frame."""

    person: int
    place: str
    frame: int
    """Position of the frame that it comes from."""
    score: float
    """Score of the face there."""
    before: float
    """Score of the face in the base frame."""


@dataclass(frozen=True)
class Stay:
    """A person who could be better and stays as in the base frame."""

    person: int
    place: str
    why: str


@dataclass(frozen=True)
class BestTake:
    """What became of the base frame."""

    image_bgr: Bytes | None
    """(H, W, 3) uint8; None where it stays as it is."""
    swaps: tuple[Swap, ...]
    stays: tuple[Stay, ...]

    @property
    def is_composed(self) -> bool:
        """Whether it differs from the base frame."""
        return bool(self.swaps)

    def note(self, time_s: Callable[[int], float]) -> str:
        """What was done, in a sentence; `time_s` says when a frame was taken."""
        told = [f"composed: {self._swapped(time_s)}"] if self.swaps else []
        told += [f"{stay.place or 'the face'} stays: {stay.why}" for stay in self.stays]
        return "; ".join(told) or "nobody is better in another frame"

    def composite(self, frames: int, time_s: Callable[[int], float]) -> Composite | None:
        """What the picture's tags say of it; None if it is the base frame."""
        if not self.swaps:
            return None
        used = len({swap.frame for swap in self.swaps}) + 1
        return Composite(frames, used, f"composed by livecam: {self._swapped(time_s)}")

    def _swapped(self, time_s: Callable[[int], float]) -> str:
        named = ((swap.place or "the face", time_s(swap.frame)) for swap in self.swaps)
        return ", ".join(f"{name} from {taken_s:.3f} s" for name, taken_s in named)


def compose(
    frames: Sequence[FrameScore],
    key: int,
    picture: Callable[[int], Bytes],
    finder: Finder,
    shown: Box | None = None,
) -> BestTake:
    """Compose the best take around `frames[key]`. Raises the finder's LivecamError.

    `picture` gives a frame by its position, (H, W, 3) uint8 BGR, or raises ValueError. `shown` is
    the part of the picture (left, top, right, bottom) that the other frames show; None for all.
    """
    wanted = [(face, found) for face in frames[key].faces if (found := _better(frames, key, face))]
    if not wanted:
        return BestTake(None, (), ())
    swaps: list[Swap] = []
    stays: list[Stay] = []
    result = picture(key)
    judged = before = _judged(result, finder)
    for face, found in wanted:
        why = ""
        for position, other in found:
            pair = (key, position), (face, other)
            taken = _taken_over(result, picture, frames, *pair, shown)
            if isinstance(taken, str):
                why = why or taken
                continue
            after = _judged(taken, finder)
            if not _is_better(before, judged, after, face):
                why = why or "it would not look better"
                continue
            result, judged = taken, after
            swaps.append(Swap(face.person, face.place, position, other.score, face.score))
            break
        else:
            stays.append(Stay(face.person, face.place, why))
    return BestTake(result if swaps else None, tuple(swaps), tuple(stays))


def _better(frames: Sequence[FrameScore], key: int, face: FaceScore) -> list[tuple[int, FaceScore]]:
    """Where a person is better by a step than in the key frame: positions and faces, best first."""
    if not face.counts:
        return []
    others = [
        (i, other)
        for i, frame in enumerate(frames)
        if i != key and frame.offered and not frame.estimated
        for other in frame.faces
        if other.person == face.person
        and other.score >= face.score + STEP
        # Nobody would thank for half-closed eyes in the place of closed ones.
        and not is_spoilt(other)
    ]
    kept: list[tuple[int, FaceScore]] = []
    for i, other in sorted(others, key=lambda pair: -pair[1].score):
        if all(abs(frames[i].t_ns - frames[j].t_ns) >= APART_NS for j, _ in kept):
            kept.append((i, other))
    return kept[:MOST_TRIES]


def _judged(image_bgr: Bytes, finder: Finder) -> tuple[FaceScore, ...]:
    """Judge the faces of a picture, each by absolute limits."""
    size_wh = (image_bgr.shape[1], image_bgr.shape[0])
    finder.start()
    frame = Frame(0, 0, 0, PixelFormat.BGR, size_wh, np.ascontiguousarray(image_bgr).reshape(-1))
    return score_pictures([finder.read(frame)])[1][0].faces


def _is_better(
    base: Sequence[FaceScore],
    before: Sequence[FaceScore],
    after: Sequence[FaceScore],
    face: FaceScore,
) -> bool:
    """Whether one face is half a step better than in the base, and nobody else's became worse."""
    for one in before:
        now = _same(one, after)
        if now is None:
            return False
        if overlap(one.box_xyxy, face.box_xyxy) < 0.3 and now.score < one.score - STEP / 5:
            return False
    was, now = _same(face, base), _same(face, after)
    return was is not None and now is not None and now.score >= was.score + STEP / 2


def _same(face: FaceScore, faces: Sequence[FaceScore]) -> FaceScore | None:
    """The face in the same place."""
    best = max(faces, key=lambda other: overlap(face.box_xyxy, other.box_xyxy), default=None)
    return best if best is not None and overlap(face.box_xyxy, best.box_xyxy) > 0.3 else None


def _taken_over(
    base: Bytes,
    picture: Callable[[int], Bytes],
    frames: Sequence[FrameScore],
    at: tuple[int, int],
    faces: tuple[FaceScore, FaceScore],
    shown: Box | None,
) -> Bytes | str:
    """The base with one face of another frame, or why that cannot be."""
    misfit = _misfit(*faces)
    if misfit:
        return misfit
    for position, face in zip(at, faces, strict=True):
        if _is_crowded(face, frames[position].faces):
            return "a neighbour is too near"
        if not _is_inside(face, base.shape):
            return "it is too near to the edge"
    try:
        other = picture(at[1])
    except ValueError:
        return "that frame is broken"
    if other.shape != base.shape:
        return "that frame has another size"
    return _blended(base, other, *faces, shown)


def _misfit(face: FaceScore, other: FaceScore) -> str:
    if max(abs(a - b) for a, b in zip(face.angles_deg, other.angles_deg, strict=True)) > (
        MOST_TURN_DEG
    ):
        return "the head is turned differently in the better frame"
    (x, y, w, _), (u, v, m, _) = _placed(face), _placed(other)
    if min(w, m) < LEAST_WIDTH:
        return "it is too small"
    if abs(m / w - 1) > MOST_SCALE:
        return "the face is nearer or further away in the better frame"
    if np.hypot(u - x, v - y) > MOST_FAR * w:
        return "the face is elsewhere in the better frame"
    return ""


def _placed(face: FaceScore) -> tuple[float, float, float, float]:
    """Middle, width and height of a face's box."""
    left, top, right, bottom = face.box_xyxy
    return (left + right) / 2, (top + bottom) / 2, float(right - left), float(bottom - top)


def _region(face: FaceScore) -> Box:
    """What is taken of a face, its fading border included."""
    x, y, w, h = _placed(face)
    half_w, half_h = (
        share * (1 + FEATHER / 2) * s for share, s in zip(REGION, (w, h), strict=True)
    )
    return x - half_w, y - half_h, x + half_w, y + half_h


def _is_crowded(face: FaceScore, faces: Sequence[FaceScore]) -> bool:
    return any(
        overlap(_region(face), other.box_xyxy) > 0 for other in faces if other.person != face.person
    )


def _is_inside(face: FaceScore, shape: tuple[int, ...]) -> bool:
    """Whether the whole face is in the picture; of what is around it the edge may cut something."""
    left, top, right, bottom = face.box_xyxy
    return left >= 0 and top >= 0 and right <= shape[1] and bottom <= shape[0]


def _blended(
    base: Bytes, other: Bytes, face: FaceScore, better: FaceScore, shown: Box | None
) -> Bytes | str:
    """One face laid over another of the same person, or why that would show."""
    x, y, w, h = _placed(face)
    u, v, m, _ = _placed(better)
    half_w, half_h = AROUND * w / 2, AROUND * h / 2
    left, top = max(0, int(x - half_w)), max(0, int(y - half_h))
    right, bottom = min(base.shape[1], int(x + half_w)), min(base.shape[0], int(y + half_h))
    patch = base[top:bottom, left:right]
    inner, outer = (_ellipse(patch.shape, (x - left, y - top), (w, h), grown) for grown in (-1, 1))
    # From the patch to the other frame: a turn and a scale about the middle of the face.
    turn = np.radians(better.angles_deg[2] - face.angles_deg[2])
    cos, sin = np.cos(turn) * m / w, np.sin(turn) * m / w
    matrix = np.array(
        [
            [cos, -sin, u - cos * (x - left) + sin * (y - top)],
            [sin, cos, v - sin * (x - left) - cos * (y - top)],
        ],
        np.float32,
    )
    around = np.asarray((outer - inner > 0.02) | (outer == 0), np.uint8)
    matrix = _fitted(patch, other, matrix, around)
    there = np.zeros(other.shape[:2], np.uint8)
    begin_x, begin_y, end_x, end_y = shown or (0, 0, other.shape[1], other.shape[0])
    there[int(np.ceil(begin_y)) : int(end_y), int(np.ceil(begin_x)) : int(end_x)] = 255
    there = _warped(there, matrix, patch.shape[1::-1], is_cut=True)
    if there[outer > 0].min(initial=255) < 255:
        return "the edge cuts the face off in the better frame"
    moved = _warped(other, matrix, (patch.shape[1], patch.shape[0]))
    moved = _fitted_border(patch, moved, around)
    band = (outer > 0.05) & (inner < 0.95)
    lit = _in_its_light(patch, moved, band)
    if lit is None:
        return "the light is different in the better frame"
    difference = cv2.absdiff(_smooth(patch), _smooth(lit)).mean(axis=2)
    if float(difference[band].mean()) > MOST_CHANGE:
        return "what surrounds it has moved"
    alpha = _ellipse(patch.shape, (x - left, y - top), (w, h), 0)[..., None]
    mixed = patch * (1 - alpha) + lit * alpha
    result = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    if seam(patch, result, band) > MOST_SEAM:
        return "its border would show"
    composed = base.copy()
    composed[top:bottom, left:right] = result
    return composed


def _ellipse(
    shape: tuple[int, ...], middle: tuple[float, float], size: tuple[float, float], grown: int
) -> Floats:
    """(H, W) float32: 1 inside the region, fading to 0 outside; `grown`: 1 widens, -1 shrinks."""
    rows, columns = np.indices(shape[:2], np.float32)
    half = [share * s for share, s in zip(REGION, size, strict=True)]
    radius = np.hypot((columns - middle[0]) / half[0], (rows - middle[1]) / half[1])
    fading = (1 + FEATHER / 2 - radius) / FEATHER + grown * 0.5
    share: Floats = np.clip(fading, 0, 1).astype(np.float32)
    smooth: Floats = share * share * (3 - 2 * share)
    return smooth


def _fitted(patch: Bytes, other: Bytes, matrix: Floats, around: Bytes) -> Floats:
    """Improve `matrix` by what surrounds the face (Evangelidis and Psarakis, ECC, 2008)."""
    scale = min(1.0, WORK_WIDTH / patch.shape[1])
    small = cv2.resize(_gray(patch), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = patch.shape[:2]
    moved = _warped(other, matrix, (width, height))
    target = cv2.resize(
        _gray(moved), (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA
    )
    mask = cv2.resize(around, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST)
    found = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        _, fit = cv2.findTransformECC(small, target, found, cv2.MOTION_EUCLIDEAN, criteria, mask, 5)
    except cv2.error:
        return matrix  # nothing there to go by
    fit = np.asarray(fit, np.float32)
    shift = fit[:, 2] / scale
    if np.hypot(*shift) > 0.15 * width or abs(float(fit[1, 0])) > np.radians(MOST_TURN_DEG):
        return matrix
    whole = np.vstack([matrix, [0, 0, 1]]) @ np.vstack([np.c_[fit[:, :2], shift], [0, 0, 1]])
    return np.asarray(whole[:2], np.float32)


def _fitted_border(patch: Bytes, moved: Bytes, around: Bytes) -> Bytes:
    """Warp a face so that its surroundings fit the base's; toward the middle the warp fades out."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    empty = np.zeros((*patch.shape[:2], 2), np.float32)
    field = np.asarray(flow.calc(_gray(_smooth(patch)), _gray(_smooth(moved)), empty), np.float32)
    weight = around.astype(np.float32)
    size = 0.12 * patch.shape[1]
    spread = cv2.GaussianBlur(weight, (0, 0), size) + 1e-3
    bend = cv2.GaussianBlur(field * weight[..., None], (0, 0), size) / spread[..., None]
    # Far from the border the warp is unknown: the middle of the face stays as it was taken.
    bend *= np.clip(spread / 0.5, 0, 1)[..., None]
    rows, columns = np.indices(patch.shape[:2], np.float32)
    return np.asarray(
        cv2.remap(
            moved,
            columns + bend[..., 0],
            rows + bend[..., 1],
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _in_its_light(patch: Bytes, moved: Bytes, band: npt.NDArray[np.bool_]) -> Floats | None:
    """The face, made as bright as the base is around it; None if the light differs too much."""
    gain = (patch[band].astype(np.float32).mean(axis=0) + 1) / (moved[band].mean(axis=0) + 1)
    if gain.max() > MOST_LIGHT or gain.min() < 1 / MOST_LIGHT:
        return None
    lit: Floats = np.clip(moved * gain, 0, 255).astype(np.float32)
    return lit


def seam(base: Bytes, composed: Bytes, band: npt.NDArray[np.bool_]) -> float:
    """Steepness of a picture along the border of what was taken over, relative to the base's."""
    was, now = (_steepness(image)[band].mean() for image in (base, composed))
    return float((now + 1) / (was + 1))


def _steepness(image_bgr: Bytes) -> Floats:
    gray = cv2.GaussianBlur(_gray(image_bgr).astype(np.float32), (0, 0), 1.0)
    return np.hypot(cv2.Sobel(gray, -1, 1, 0), cv2.Sobel(gray, -1, 0, 1)).astype(np.float32)


def _warped(
    image: Bytes, matrix: Floats, size_wh: tuple[int, ...], *, is_cut: bool = False
) -> Bytes:
    """Moved; beyond the edge what lies at it, or with `is_cut` nothing."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_CONSTANT if is_cut else cv2.BORDER_REPLICATE
    moved = cv2.warpAffine(image, matrix, size_wh, flags=flags, borderMode=border)
    return np.asarray(moved, np.uint8)


def _gray(image_bgr: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def _smooth(image: npt.NDArray[np.generic]) -> Bytes:
    """A picture without its noise, which is different in every frame."""
    blurred = cv2.GaussianBlur(np.asarray(image, np.float32), (0, 0), 1.5)
    smooth: Bytes = np.clip(blurred + 0.5, 0, 255).astype(np.uint8)
    return smooth

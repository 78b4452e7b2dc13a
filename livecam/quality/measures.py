"""What is measured on a picture. Pure functions: pixels in, numbers out, nothing judged yet."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from livecam.faces.crops import resized
from livecam.quality.lips import mouth_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.faces.face import Box, Face, Points
    from livecam.frame import Bytes

    Floats = npt.NDArray[np.float32]

FACE_WIDTH = 192
"""Faces are brought to this width, in pixels, before their sharpness is measured, so that a person
who comes nearer does not seem blurred."""
FINE, COARSE, SHADING = (0.7, 1.4), 2.8, FACE_WIDTH / 10
"""Standard deviations of Gaussians, in those pixels: between the first two detail is fine, from the
third to the fourth it is coarse, beyond it is shading. Of some forty measures of sharpness this one
tells blurred frames of the labelled clips best (AUC 0.94) while noise of sd 15 lifts it by 14 %
only (mean Laplacian over contrast: 43 %) and uneven light lowers it by 4 % (50 %)."""

FRAME_WIDTH = 320
"""Whole pictures are brought to this width before their sharpness is measured."""
OVERVIEW_WIDTH = 160
"""Width of the small gray copy on which motion is measured."""

LEAST_PIXELS = 100
"""Pixels of a face, at its width of `FACE_WIDTH`, below which detail says nothing."""

BLACK, WHITE = 25, 247
"""ISO/IEC 29794-5 counts luminance 0..25 as under- and 247..255 as over-exposed."""

_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Immerkaer, Fast Noise Variance Estimation (1996): blind to lines and shading."""
_NOISE_BLOCK = 8

# Points of MediaPipe's face mesh.
_RIGHT_EYE = (33, 133, ((160, 144), (159, 145), (158, 153)), 468)
_LEFT_EYE = (263, 362, ((387, 373), (386, 374), (385, 380)), 473)
"""Outer and inner corner, three pairs of upper and lower lid, centre of the iris."""
_CORNERS, _INNER_LIPS, _CHIN = (61, 291), (13, 14), 152
_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_RIGHT_SOCKET = (
    226, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25,
)  # fmt: skip
_LEFT_SOCKET = (
    446, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255,
)  # fmt: skip
"""The ring around an eye, between its lids and brow."""
_RIGHT_CHEEK = (117, 118, 101, 36, 205, 187, 147, 123)
_LEFT_CHEEK = (346, 347, 330, 266, 425, 411, 376, 352)
BRIGHTEST = 95.0
"""Percentile of a face's luminance that says how light it is where it is lightest."""
SOCKETS, CHEEKS = (_RIGHT_SOCKET, _LEFT_SOCKET), (_RIGHT_CHEEK, _LEFT_CHEEK)


@dataclass(frozen=True)
class FaceReading:
    """One face in one frame, measured. T is the distance from the eyes' midpoint to the chin."""

    box_xyxy: tuple[int, int, int, int]
    """Pixels of the full-size frame."""
    share: float
    """Area of the part of the box inside the frame, as a share of the frame's area."""
    inside: float
    """Share of the box that lies inside the frame."""
    width_px: float
    """Width of the face, in pixels of the full-size frame."""
    blink: float
    """The larger of `eyeBlinkLeft` and `eyeBlinkRight`, 0 open .. 1 shut."""
    aperture: float
    """The smaller of the two gaps between the lids, over the eye's width."""
    smile: float
    """Mean of `mouthSmileLeft` and `mouthSmileRight`."""
    corner: float
    """Height of the mouth's corners above the middle of the lips, over T; negative for a frown. The
    best sign of a bad expression on the labelled clips (AUC 0.99)."""
    pucker: float
    """`mouthPucker`: kissing, or in the middle of a word."""
    twist: float
    """The larger of `mouthLeft` and `mouthRight`: a mouth pulled to one side."""
    gape: float
    """Gap between the inner lips, over T."""
    brow: float
    """Mean of `browDownLeft` and `browDownRight`."""
    frown: float
    """Mean of `mouthFrownLeft` and `mouthFrownRight`."""
    iris_x: float
    """Distance of the iris's centre from the eye's middle, over the eye's width, positive to the
    picture's right; mean of both eyes."""
    iris_y: float
    """The same at right angles, positive downward."""
    look_down: float
    """Mean of `eyeLookDownLeft` and `eyeLookDownRight`."""
    look_up: float
    """Mean of `eyeLookUpLeft` and `eyeLookUpRight`."""
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    sharpness: float
    """Fine detail over coarse detail of the size-normalised face, with noise subtracted."""
    streak: float
    """Fine detail along the picture's two axes, the smaller over the larger: 0.7 and more on good
    frames, 0.2 to 0.55 once motion smears 4 % of the face's width."""
    noise: float
    """Standard deviation of the grain in the face's smoothest fifth, in levels of 255."""
    luma: float
    """Mean luminance inside the face's outline, 0..1."""
    black: float
    """Share of those pixels that are under-exposed."""
    white: float
    """Share of those pixels that are over-exposed."""
    cheeks: float
    """Mean of the darker cheek over that of the brighter one."""
    presence: float
    """How sure a face detector is; low where the face is covered."""
    sockets: float = 1.0
    """Luminance around the brighter eye, including its lids and white, over that of the brighter
    cheek: bare eyes read 0.36 and more, even in the shade of a cap, sunglasses 0.1 to 0.3."""
    bright: float = 0.0
    """Luminance, 0..1, that a twentieth of those pixels exceed."""
    mouth_line: float = 1.0
    """How clearly the line between the lips stands out: `livecam.quality.lips`."""
    shapes: dict[str, float] = field(default_factory=dict, compare=False, repr=False)
    """All 52 blendshapes, of which several are above already."""


@dataclass(frozen=True)
class SceneReading:
    """One whole frame, measured."""

    sharpness: float
    luma: float
    black: float
    white: float
    overview: Bytes = field(compare=False, repr=False)
    """(h, 160) uint8 gray copy."""


@dataclass(frozen=True)
class FrameReading:
    """All that was measured on one frame."""

    index: int
    t_ns: int
    warmup: bool
    decoded: bool
    """False if the frame could not be decoded or was not looked at: no faces or scene then."""
    whole: bool
    """False if the frame was cut off on its way, though some of it may have been decoded."""
    faces: tuple[FaceReading, ...]
    scene: SceneReading
    estimated: bool = False
    """True for a frame that was not looked at: estimated from those before and after it."""


def read_face(image_bgr: Bytes, face: Face, size_wh: tuple[int, int]) -> FaceReading:
    """Measure a face in `image_bgr` (H, W, 3) uint8: a frame of `size_wh`, or a reduced copy."""
    height, width = image_bgr.shape[:2]
    scale = size_wh[0] / width
    left, top, right, bottom = face.box
    shown = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
    area = max((right - left) * (bottom - top), 1.0)
    seen = max(0.0, shown[2] - shown[0]) * max(0.0, shown[3] - shown[1])
    gray, outline = _patch(image_bgr, face.landmarks, shown)
    at_width = to_face_width(gray, outline)
    own = gray[outline > 0]
    shapes = face.blendshapes
    return FaceReading(
        box_xyxy=_whole_pixels(shown, scale, size_wh),
        share=seen / (width * height),
        inside=seen / area,
        width_px=(right - left) * scale,
        **_eyes(face.landmarks, shapes),
        **_mouth(face.landmarks, shapes),
        brow=(shapes["browDownLeft"] + shapes["browDownRight"]) / 2,
        look_down=(shapes["eyeLookDownLeft"] + shapes["eyeLookDownRight"]) / 2,
        look_up=(shapes["eyeLookUpLeft"] + shapes["eyeLookUpRight"]) / 2,
        yaw_deg=face.angles_deg[0],
        pitch_deg=face.angles_deg[1],
        roll_deg=face.angles_deg[2],
        sharpness=face_sharpness(*at_width),
        streak=streak(*at_width),
        noise=noise_level(gray),
        **_light(own),
        bright=float(np.percentile(own, BRIGHTEST)) / 255 if own.size else 0.0,
        **_surroundings(gray, face.landmarks, shown),
        presence=face.presence,
        mouth_line=mouth_line(image_bgr, face.landmarks, float(own.std()) if own.size else 0.0),
        shapes=shapes,
    )


SIDED = ("iris_x", "yaw_deg", "roll_deg")
"""What has the opposite sign in a mirror."""
UNSIDED = tuple(
    one.name
    for one in fields(FaceReading)
    if one.name not in (*SIDED, "box_xyxy", "share", "inside", "width_px", "shapes")
)


def without_sides(reading: FaceReading, mirrored: FaceReading) -> FaceReading:
    """The mean of a reading and of one of the same face in a mirror.

    The networks read the two sides of a face differently: a mirrored picture alone would score up
    to 0.17 more or less.
    """
    values = {name: (getattr(reading, name) + getattr(mirrored, name)) / 2 for name in UNSIDED}
    values |= {name: (getattr(reading, name) - getattr(mirrored, name)) / 2 for name in SIDED}
    shapes = {
        name: (value + mirrored.shapes[_other_side(name)]) / 2
        for name, value in reading.shapes.items()
    }
    return replace(reading, **values, shapes=shapes)


def upside_down(reading: FaceReading, size_wh: tuple[int, int]) -> FaceReading:
    """What was read of a picture of `size_wh` that was turned by 180 degrees, turned back."""
    left, top, right, bottom = reading.box_xyxy
    width, height = size_wh
    box = (width - right, height - bottom, width - left, height - top)
    roll = reading.roll_deg + (180 if reading.roll_deg <= 0 else -180)
    return replace(reading, box_xyxy=box, roll_deg=roll)


def _other_side(shape: str) -> str:
    """A blendshape's name for the other half of the face: mouthLeft, browDownRight."""
    if shape.endswith("Left"):
        return f"{shape[:-4]}Right"
    return f"{shape[:-5]}Left" if shape.endswith("Right") else shape


def _whole_pixels(box: Box, scale: float, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(edge * scale) for edge in box)
    return max(0, left), max(0, top), min(size_wh[0], right), min(size_wh[1], bottom)


def _eyes(points: Points, shapes: dict[str, float]) -> dict[str, float]:
    gaps, across, along = [], [], []
    for outer, inner, lids, iris in (_RIGHT_EYE, _LEFT_EYE):
        corners = points[[outer, inner]]
        width = max(float(np.linalg.norm(corners[0] - corners[1])), 1e-6)
        gap = np.mean([np.linalg.norm(points[up] - points[low]) for up, low in lids])
        gaps.append(float(gap) / width)
        # Toward the picture's right along both eyes.
        axis = (corners[1] - corners[0])[:2] * (1 if outer == _RIGHT_EYE[0] else -1)
        axis = axis / max(float(np.linalg.norm(axis)), 1e-6)
        off = points[iris, :2] - corners[:, :2].mean(axis=0)
        flat = max(float(np.linalg.norm((corners[0] - corners[1])[:2])), 1e-6)
        along.append(float(off @ axis) / flat)
        across.append(float(off @ np.array((-axis[1], axis[0]))) / flat)
    return {
        "blink": max(shapes["eyeBlinkLeft"], shapes["eyeBlinkRight"]),
        "aperture": min(gaps),
        "iris_x": sum(along) / 2,
        "iris_y": sum(across) / 2,
    }


def _mouth(points: Points, shapes: dict[str, float]) -> dict[str, float]:
    eyes = points[[33, 133, 263, 362]].mean(axis=0)
    down = eyes - points[_CHIN]
    t = max(float(np.linalg.norm(down)), 1e-6)
    up = down[:2] / max(float(np.linalg.norm(down[:2])), 1e-6)
    lips = points[list(_INNER_LIPS)]
    corners = points[list(_CORNERS), :2].mean(axis=0)
    return {
        "smile": (shapes["mouthSmileLeft"] + shapes["mouthSmileRight"]) / 2,
        "corner": float((corners - lips[:, :2].mean(axis=0)) @ up) / t,
        "pucker": shapes["mouthPucker"],
        "twist": max(shapes["mouthLeft"], shapes["mouthRight"]),
        "gape": float(np.linalg.norm(lips[0] - lips[1])) / t,
        "frown": (shapes["mouthFrownLeft"] + shapes["mouthFrownRight"]) / 2,
    }


def _patch(image_bgr: Bytes, points: Points, shown: Box) -> tuple[Bytes, Bytes]:
    """The face's own pixels in gray, and a mask of its outline, both (h, w) uint8."""
    left, top = math.floor(shown[0]), math.floor(shown[1])
    right, bottom = max(math.ceil(shown[2]), left + 2), max(math.ceil(shown[3]), top + 2)
    piece = image_bgr[top:bottom, left:right]
    gray = np.asarray(cv2.cvtColor(piece, cv2.COLOR_BGR2GRAY), np.uint8)
    return gray, _mask(gray.shape, points[list(_OVAL), :2] - (left, top))


def _mask(shape: tuple[int, ...], polygon: npt.NDArray[np.floating]) -> Bytes:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(polygon.astype(np.int32)), 1)
    return mask


def _surroundings(gray: Bytes, points: Points, shown: Box) -> dict[str, float]:
    """Brightness of the darker cheek, and around the eyes, relative to the brighter cheek."""
    origin = (math.floor(shown[0]), math.floor(shown[1]))

    def inside(ring: Sequence[int]) -> Bytes:
        return gray[_mask(gray.shape, points[list(ring), :2] - origin) > 0]

    cheeks = [float(px.mean()) if px.size else 0.0 for px in map(inside, CHEEKS)]
    # The brighter part of each socket: the iris is dark in bare eyes, too.
    sockets = [float(np.percentile(px, 75)) for px in map(inside, SOCKETS) if px.size]
    brightest = max(*cheeks, 1.0)
    return {
        "cheeks": min(cheeks) / brightest if min(cheeks) > 0 else 1.0,
        "sockets": max(sockets, default=brightest) / brightest if min(cheeks) > 0 else 1.0,
    }


def to_face_width(gray: Bytes, outline: Bytes) -> tuple[Floats, Bytes]:
    """A face's (h, w) uint8 picture and the mask of its outline, `FACE_WIDTH` wide."""
    size_wh = (FACE_WIDTH, max(2, round(gray.shape[0] * FACE_WIDTH / gray.shape[1])))
    face = resized(gray, size_wh).astype(np.float32)
    mask = cv2.resize(outline, size_wh, interpolation=cv2.INTER_NEAREST)
    return face, np.asarray(mask, np.uint8)


def face_sharpness(face: Floats, outline: Bytes) -> float:
    """Fine detail over coarse detail inside an outline; both from `to_face_width`.

    Both are root mean squares of differences of Gaussians, so light and contrast cancel out; what
    white noise would put into the fine band is taken off twice over, since grain is not detail.
    """
    inside = np.asarray(cv2.erode(outline, np.ones((5, 5), np.uint8)), np.uint8)
    if cv2.countNonZero(inside) < LEAST_PIXELS:
        return 0.0
    fine = _blurred(face, FINE[0]) - _blurred(face, FINE[1])
    coarse = _blurred(face, COARSE) - _wide_blurred(face, SHADING)
    grain = np.abs(cv2.filter2D(face, -1, _NOISE))[inside > 0]
    noise = float(np.median(grain)) / 6 / 0.6745  # 6: the kernel's norm; 0.6745: median to sd
    energy = _mean_square(fine, inside) - 2 * _noise_gain() * noise * noise
    return math.sqrt(max(0.0, energy) / (_mean_square(coarse, inside) + 1))


def streak(face: Floats, outline: Bytes) -> float:
    """How equally fine detail lies along both axes inside an outline, 0..1; motion smears one."""
    if cv2.countNonZero(outline) < LEAST_PIXELS:
        return 1.0
    face = _blurred(face, FINE[0])
    kernel, none = cv2.getGaussianKernel(9, FINE[1]), np.ones((1, 1))
    energies = [
        _mean_square(face - cv2.sepFilter2D(face, -1, x, y), outline)
        for x, y in ((kernel, none), (none, kernel))
    ]
    return min(energies) / max(*energies, 1e-6)


def _mean_square(image: Floats, mask: Bytes) -> float:
    return float(cv2.norm(image, cv2.NORM_L2SQR, mask)) / cv2.countNonZero(mask)


def noise_level(gray: Bytes) -> float:
    """Standard deviation of the grain in the smoothest fifth of a (H, W) uint8 picture."""
    grain = np.abs(cv2.filter2D(gray.astype(np.float32), -1, _NOISE))
    height, width = (side // _NOISE_BLOCK * _NOISE_BLOCK for side in grain.shape)
    if min(height, width) <= 3 * _NOISE_BLOCK:
        return float(np.median(grain)) / 6 / 0.6745
    blocks = grain[:height, :width].reshape(
        height // _NOISE_BLOCK, _NOISE_BLOCK, width // _NOISE_BLOCK, _NOISE_BLOCK
    )
    return float(np.percentile(blocks.mean(axis=(1, 3)), 20)) * math.sqrt(math.pi / 2) / 6


def _blurred(image: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def _wide_blurred(image: Floats, sigma: float) -> Floats:
    """The same at a quarter of the size: sixteen times less work, and no visible difference."""
    height, width = image.shape
    small = cv2.resize(
        image, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA
    )
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / 4)
    return np.asarray(
        cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


@functools.cache
def _noise_gain() -> float:
    """Energy that white noise of sd 1 leaves in the fine band."""
    point = np.zeros((65, 65), np.float32)
    point[32, 32] = 1
    return float(((_blurred(point, FINE[0]) - _blurred(point, FINE[1])) ** 2).sum())


def read_scene(image_bgr: Bytes) -> SceneReading:
    """Measure a whole (H, W, 3) uint8 picture."""
    gray = _to_width(np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8), FRAME_WIDTH)
    return SceneReading(
        sharpness=sharpness(gray), **_light(gray), overview=_to_width(gray, OVERVIEW_WIDTH)
    )


def sharpness(gray: Bytes) -> float:
    """How much fine detail a (H, W) uint8 picture holds, whatever its light and contrast.

    Mean absolute Laplacian after a 3x3 Gaussian (one of the sharpness features of ISO/IEC 29794-5),
    divided by the standard deviation, so that a darker picture of the same focus reads the same.
    """
    smooth = cv2.GaussianBlur(gray, (3, 3), 0)
    detail = cv2.Laplacian(smooth, cv2.CV_32F, ksize=3)
    # The 4.0 keeps a nearly flat, dark picture, where only noise is left, from reading as sharp.
    return float(np.abs(detail).mean()) / (float(smooth.std()) + 4.0)


def _light(gray: Bytes) -> dict[str, float]:
    if gray.size == 0:
        return {"luma": 0.0, "black": 1.0, "white": 0.0}
    return {
        "luma": float(gray.mean()) / 255,
        "black": float((gray <= BLACK).mean()),
        "white": float((gray >= WHITE).mean()),
    }


def _to_width(gray: Bytes, width: int) -> Bytes:
    return resized(gray, (width, max(2, round(gray.shape[0] * width / gray.shape[1]))))

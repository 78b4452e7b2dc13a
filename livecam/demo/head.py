"""Draws a person's head and shoulders whose eyes, mouth and pose can be set.

A shaded drawing, made of ellipses and polygons only, yet close enough to a face for the face
landmarker to find it and for its blink and smile coefficients to follow the drawing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from livecam.frame import Bytes

    Curve = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]

SUBPIXEL_BITS = 4
"""OpenCV draws polygons on a grid of 1/16 pixel, so slow movements do not jump."""

SKIN = (146, 172, 216)
LID = (132, 158, 204)
SKIN_SHADE = (92, 116, 166)
CHEEK = (138, 144, 224)
LIP = (92, 96, 178)
HAIR = (38, 48, 66)
BROW = (44, 54, 74)
SHIRT = (124, 84, 52)
WHITE = (232, 236, 240)
IRIS = (96, 84, 62)
INK = (26, 26, 34)


@dataclass(frozen=True)
class Pose:
    """Where the head is and what the face does."""

    center_xy: tuple[float, float]
    """Pixels: the point between the eyes and the mouth."""
    yaw_deg: float = 0.0
    roll_deg: float = 0.0
    eyes_open: float = 1.0
    """0 shut .. 1 open."""
    smile: float = 0.0
    """-1 frown .. 0 neutral .. 1 broad smile."""
    mouth_open: float = 0.0
    """0 shut .. 1 wide open."""
    gaze_xy: tuple[float, float] = (0.0, 0.0)
    """Where the iris is in its range, -1..1 each way."""


class Head:
    """A person to draw. Shading is computed once; each `draw` then takes 2 to 4 ms at 720p."""

    def __init__(self, radius: float) -> None:
        """`radius` in pixels: the face is 1.64 times as wide and 2.24 times as high."""
        self.radius = radius
        self._body, self._head = _shaded_body(radius), _shaded_head(radius)

    def draw(self, image: Bytes, pose: Pose) -> None:
        """Draw onto a (H, W, 3) uint8 BGR picture, in place."""
        # Whole pixels: a layer that is not turned can then be blended in without resampling.
        center_xy = (round(pose.center_xy[0]), round(pose.center_xy[1]))
        self._body.paste(image, center_xy, roll_deg=0.0)
        self._head.paste(image, center_xy, roll_deg=pose.roll_deg)
        pen = _Pen(image, replace(pose, center_xy=center_xy), self.radius)
        _draw_nose(pen)
        _draw_mouth(pen)
        for side in (-1.0, 1.0):
            _draw_eye(pen, side)
            _draw_brow(pen, side)


@dataclass(frozen=True)
class _Layer:
    """A shaded picture with soft edges."""

    colour: Bytes
    """(H, W, 3) uint8, premultiplied by its coverage."""
    through: Bytes
    """(H, W, 3) uint8: how much of the background shows through, 255 for all."""
    origin_xy: tuple[int, int]
    """The head's centre, in pixels of this layer."""

    def paste(self, image: Bytes, center_xy: tuple[int, int], roll_deg: float) -> None:
        """Blend into a picture, with the head's centre at `center_xy`."""
        layer = self._turned(roll_deg) if roll_deg else self
        left, top = center_xy[0] - layer.origin_xy[0], center_xy[1] - layer.origin_xy[1]
        height, width = layer.colour.shape[:2]
        rows = slice(max(0, top), min(image.shape[0], top + height))
        columns = slice(max(0, left), min(image.shape[1], left + width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        own = (
            slice(rows.start - top, rows.stop - top),
            slice(columns.start - left, columns.stop - left),
        )
        region = image[rows, columns]
        cv2.multiply(region, layer.through[own], dst=region, scale=1 / 255)
        cv2.add(region, layer.colour[own], dst=region)

    def _turned(self, roll_deg: float) -> _Layer:
        turn = cv2.getRotationMatrix2D(self.origin_xy, -roll_deg, 1.0)
        height, width = self.colour.shape[:2]
        corners = np.array([(x, y, 1.0) for x in (0, width) for y in (0, height)]) @ turn.T
        low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
        turn[:, 2] -= low
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        origin = (round(self.origin_xy[0] - low[0]), round(self.origin_xy[1] - low[1]))
        through = cv2.warpAffine(self.through, turn, size, borderValue=(255, 255, 255))
        return _Layer(cv2.warpAffine(self.colour, turn, size), through, origin)  # type: ignore[arg-type]


class _Canvas:
    """Paints shaded shapes given in head units and cuts them out as a layer."""

    def __init__(self, radius: float) -> None:
        self._radius = radius
        self._origin_xy = (round(2.0 * radius), round(1.6 * radius))
        width, height = round(4.0 * radius), round(5.6 * radius)
        self._rows, self._columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self._colour = np.zeros((height, width, 3), np.float32)
        self._cover = np.zeros((height, width), np.float32)

    def blob(
        self,
        at_xy: tuple[float, float],
        axes: tuple[float, float],
        bgr: tuple[int, int, int],
        shade_bgr: tuple[int, int, int],
        power: float = 2.0,
    ) -> None:
        """A super-ellipse, lit from the upper left."""
        x, y, distance = self._distance(at_xy, axes, power)
        inside = np.clip((1.0 - distance) * self._radius * min(axes), 0.0, 1.0)
        light = np.clip(1.0 - distance**3 * 0.55 - 0.12 * x - 0.1 * y, 0.0, 1.1)[:, :, None]
        dark = np.array(shade_bgr, np.float32)
        self._mix(dark + (np.array(bgr, np.float32) - dark) * light, inside)
        self._cover = np.maximum(self._cover, inside)

    def tint(
        self,
        at_xy: tuple[float, float],
        axes: tuple[float, float],
        bgr: tuple[int, int, int],
        strength: float,
    ) -> None:
        """A soft spot of colour over what is painted already."""
        distance = self._distance(at_xy, axes, 2.0)[2]
        share: Floats = (strength * np.exp(-(distance**2))).astype(np.float32)
        self._mix(np.array(bgr, np.float32), share)

    def cut_out(self) -> _Layer:
        """The painted part."""
        mask = (self._cover > 0).astype(np.uint8)
        left, top, width, height = cv2.boundingRect(cv2.findNonZero(mask))
        rows, columns = slice(top, top + height), slice(left, left + width)
        colour, cover = self._colour[rows, columns], self._cover[rows, columns, None]
        through = np.repeat((255 * (1 - cover)).astype(np.uint8), 3, axis=2)
        origin = (self._origin_xy[0] - left, self._origin_xy[1] - top)
        return _Layer(np.clip(colour * cover, 0, 255).astype(np.uint8), through, origin)

    def _distance(
        self, at_xy: tuple[float, float], axes: tuple[float, float], power: float
    ) -> tuple[Floats, Floats, Floats]:
        x = ((self._columns - self._origin_xy[0]) / self._radius - at_xy[0]) / axes[0]
        y = ((self._rows - self._origin_xy[1]) / self._radius - at_xy[1]) / axes[1]
        return x, y, (np.abs(x) ** power + np.abs(y) ** power) ** (1 / power)

    def _mix(self, paint: Floats, share: Floats) -> None:
        self._colour += (paint - self._colour) * share[:, :, None]


def _shaded_body(radius: float) -> _Layer:
    canvas = _Canvas(radius)
    canvas.blob((0.0, 2.75), (1.75, 1.25), SHIRT, (70, 46, 28), power=2.6)
    canvas.blob((0.0, 1.25), (0.42, 0.62), SKIN_SHADE, (72, 92, 136), power=3.0)
    return canvas.cut_out()


def _shaded_head(radius: float) -> _Layer:
    canvas = _Canvas(radius)
    canvas.blob((0.0, -0.42), (0.98, 0.98), HAIR, (22, 28, 40))
    for side in (-1.0, 1.0):
        canvas.blob((0.83 * side, 0.02), (0.13, 0.24), SKIN, SKIN_SHADE)
    canvas.blob((0.0, 0.0), (0.82, 1.12), SKIN, SKIN_SHADE, power=2.25)
    canvas.blob((0.0, -0.98), (0.72, 0.36), HAIR, (30, 38, 52))
    for side in (-1.0, 1.0):
        canvas.tint((0.45 * side, 0.3), (0.2, 0.15), CHEEK, 0.25)
        canvas.tint((0.34 * side, -0.2), (0.2, 0.13), SKIN_SHADE, 0.35)
    return canvas.cut_out()


class _Pen:
    """Draws curves given on the face, in head units, as the pose shows them."""

    def __init__(self, image: Bytes, pose: Pose, radius: float) -> None:
        self.image = image
        self.pose = pose
        self._radius = radius
        self._yaw = math.radians(pose.yaw_deg)
        roll = math.radians(pose.roll_deg)
        self._roll = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])

    def project(self, curve: Curve, lift: float = 0.0) -> Curve:
        """(N, 2) head units on the face's surface to (N, 2) pixels; `lift` is above it."""
        x, y = curve[:, 0], curve[:, 1]
        depth = 0.8 * np.sqrt(np.clip(1 - (x / 0.86) ** 2 - (y / 1.3) ** 2, 0.05, 1)) + lift
        turned = np.stack([x * math.cos(self._yaw) + (depth - 0.25) * math.sin(self._yaw), y], 1)
        pixels: Curve = turned @ self._roll.T * self._radius + np.array(self.pose.center_xy)
        return pixels

    def fill(self, curve: Curve, bgr: tuple[int, int, int], lift: float = 0.0) -> None:
        cv2.fillPoly(self.image, [self._fixed(curve, lift)], bgr, cv2.LINE_AA, shift=SUBPIXEL_BITS)

    def line(
        self, curve: Curve, bgr: tuple[int, int, int], width: float, lift: float = 0.0
    ) -> None:
        thickness = max(1, round(width * self._radius))
        points = [self._fixed(curve, lift)]
        cv2.polylines(self.image, points, False, bgr, thickness, cv2.LINE_AA, shift=SUBPIXEL_BITS)

    def _fixed(self, curve: Curve, lift: float) -> npt.NDArray[np.int32]:
        return np.rint(self.project(curve, lift) * (1 << SUBPIXEL_BITS)).astype(np.int32)


def _circle(center_xy: tuple[float, float], radius_xy: tuple[float, float]) -> Curve:
    angles = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    return np.stack(
        [
            center_xy[0] + radius_xy[0] * np.cos(angles),
            center_xy[1] + radius_xy[1] * np.sin(angles),
        ],
        axis=1,
    )


def _draw_eye(pen: _Pen, side: float) -> None:
    opening = pen.pose.eyes_open
    center_x, center_y, half_width = 0.34 * side, -0.17, 0.19
    x = np.linspace(-1, 1, 21)
    arc = 1 - np.abs(x) ** 2.2
    upper = center_y + 0.045 - (0.145 * opening) * arc
    lower = center_y + 0.045 + (0.035 + 0.02 * opening) * arc
    xs = center_x + half_width * x
    upper_curve, lower_curve = np.stack([xs, upper], 1), np.stack([xs, lower], 1)
    # Lid: skin from the socket down to where the lid ends.
    socket = np.stack([xs * 1.0, center_y - 0.14 * arc - 0.005], 1)
    pen.fill(np.concatenate([socket, lower_curve[::-1]]), LID)
    if opening > 0.04:
        eye = np.concatenate([upper_curve, lower_curve[::-1]])
        pen.fill(eye, WHITE)
        gaze_x, gaze_y = pen.pose.gaze_xy
        iris_xy = (center_x + 0.07 * gaze_x, center_y - 0.005 + 0.04 * gaze_y)
        for radius, bgr in ((0.088, IRIS), (0.042, INK)):
            disc = _circle(iris_xy, (radius, radius))
            # The iris shows only between the lids.
            inside = np.clip((disc[:, 0] - center_x) / half_width, -1, 1)
            disc[:, 1] = np.clip(
                disc[:, 1], np.interp(inside, x, upper), np.interp(inside, x, lower)
            )
            pen.fill(disc, bgr)
        if opening > 0.45:
            pen.fill(_circle((iris_xy[0] - 0.03, iris_xy[1] - 0.03), (0.017, 0.017)), WHITE)
    pen.line(upper_curve, INK, 0.026)
    pen.line(lower_curve, (92, 112, 158), 0.012)
    crease = np.stack([xs, center_y - 0.035 - (0.06 + 0.07 * opening) * arc], 1)
    pen.line(crease, (96, 118, 166), 0.012)


def _draw_brow(pen: _Pen, side: float) -> None:
    x = np.linspace(-1, 1, 15)
    frown = max(0.0, -pen.pose.smile)
    inner = (1 - x * side) / 2  # 1 at the nose, 0 at the temple
    y = -0.44 + 0.07 * x**2 + frown * (0.13 * inner - 0.02)
    pen.line(np.stack([0.35 * side + 0.22 * x - 0.03 * frown * side, y], 1), BROW, 0.055)


def _draw_nose(pen: _Pen) -> None:
    y = np.linspace(-0.12, 0.24, 12)
    bridge = np.stack([0.055 + 0.05 * ((y + 0.12) / 0.36) ** 2, y], 1)
    pen.line(bridge, (112, 138, 186), 0.022, lift=0.1)
    tip = np.array([(-0.15, 0.22), (-0.12, 0.29), (-0.05, 0.31), (0.0, 0.33)])
    tip = np.concatenate([tip, tip[::-1] * (-1, 1)])
    pen.line(tip, (88, 110, 160), 0.022, lift=0.12)
    for side in (-1.0, 1.0):
        pen.fill(_circle((0.075 * side, 0.285), (0.032, 0.018)), (58, 70, 108), lift=0.14)
    pen.fill(_circle((-0.02, 0.2), (0.03, 0.045)), (168, 192, 230), lift=0.2)


def _draw_mouth(pen: _Pen) -> None:
    smile, opening = pen.pose.smile, pen.pose.mouth_open
    half_width = 0.25 + 0.11 * max(smile, 0.0) - 0.03 * max(-smile, 0.0)
    x = np.linspace(-1, 1, 25)
    curl = (0.15 if smile > 0 else 0.12) * smile
    middle = 0.56 + curl * 0.35 - curl * x**2
    arc = 1 - x**2
    gap = (0.02 + 0.13 * opening + 0.075 * max(smile - 0.35, 0.0)) * arc
    xs = half_width * x
    cupid = 1 - 0.35 * np.exp(-((x / 0.16) ** 2))
    upper_lip = np.stack([xs, middle - gap * 0.35 - 0.055 * arc**0.8 * cupid], 1)
    lower_lip = np.stack([xs, middle + gap * 0.65 + 0.085 * arc**0.8], 1)
    pen.fill(np.concatenate([upper_lip, lower_lip[::-1]]), LIP)
    inner_top = np.stack([xs * 0.94, middle - gap * 0.35], 1)
    inner_low = np.stack([xs * 0.94, middle + gap * 0.65], 1)
    if gap.max() > 0.03:
        pen.fill(np.concatenate([inner_top, inner_low[::-1]]), (34, 26, 62))
        teeth = np.stack([xs * 0.86, middle - gap * 0.35 + np.minimum(gap * 0.62, 0.075)], 1)
        pen.fill(np.concatenate([inner_top * (0.92, 1), teeth[::-1]]), (226, 234, 238))
    else:
        pen.line(inner_low, (44, 40, 92), 0.014)
    for side in (-1.0, 1.0):
        fold_x = side * (0.27 + 0.12 * max(smile, 0) + np.linspace(0, 0.06, 8))
        fold = np.stack([fold_x, np.linspace(0.3, 0.52 - 0.05 * smile, 8)], 1)
        pen.line(fold, (112, 138, 188), 0.012 + 0.01 * max(smile, 0.0))

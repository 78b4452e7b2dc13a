"""The drawn camera: a person, a room and a lens, in place of a webcam."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livecam.capture.source import CameraMode, CameraRequest, FrameSource
from livecam.demo.head import Head, Pose
from livecam.demo.microphone import DemoMicrophone
from livecam.demo.script import Script, Truth
from livecam.demo.voice import FLASH_EVERY_S, Voice
from livecam.errors import UsageError
from livecam.frame import Frame, PixelFormat
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from livecam.capture.microphone import Microphone
    from livecam.frame import Bytes

QUEUE_FRAMES = 4
"""Frames that a camera driver queues for a slow reader (V4L2's default); older ones are lost."""

WARMUP_FRAMES = 12
"""The first frames are darker, as a webcam's are while it finds its exposure."""

SLATE_BITS = 16
SLATE_CELL = 8
"""With `slate`, the frame's number stands in the lower left corner, as black and white squares."""

_NOISE_TILES = 5
_NOISE_SD = 2.0


@dataclass(frozen=True)
class DemoOptions:
    """What may follow `demo:`, separated by commas."""

    seed: int = 0
    flash: bool = False
    slate: bool = False
    every: bool = False
    """Whether every frame is drawn, however late, as if the queue were endless: counts of frames
    then do not depend on how busy the machine is."""

    @classmethod
    def parse(cls, text: str) -> DemoOptions:
        """Read `seed=3,flash,slate,every`. Raises UsageError."""
        seed, flags = 0, set()
        for word in filter(None, text.split(",")):
            key, _, value = word.partition("=")
            if key == "seed" and value.isdigit():
                seed = int(value)
            elif word in ("flash", "slate", "every"):
                flags.add(word)
            else:
                raise UsageError(
                    f"the demo camera knows no '{word}'", "try demo, demo:seed=3 or demo:flash"
                )
        return cls(seed, "flash" in flags, "slate" in flags, "every" in flags)


class Studio:
    """Draws any frame of the script: the picture depends on the frame's number alone."""

    def __init__(self, script: Script, size_wh: tuple[int, int], rate_hz: Fraction) -> None:
        self.script, self.size_wh, self.rate_hz = script, size_wh, rate_hz
        width, height = size_wh
        self._head = Head(radius=height * 0.25)
        self._room = _room(size_wh)
        self._image = np.empty((height, width, 3), np.uint8)
        rng = np.random.default_rng(1)
        grain = rng.normal(0, _NOISE_SD, (_NOISE_TILES, height, width))
        self._grain_up = np.clip(grain, 0, 255).astype(np.uint8)
        self._grain_down = np.clip(-grain, 0, 255).astype(np.uint8)

    def truth(self, index: int) -> Truth:
        """What frame `index` shows."""
        return self.script.at(float(index / self.rate_hz))

    def draw(self, index: int) -> Bytes:
        """Frame `index` as (H, W, 3) uint8 BGR, without the sensor's noise.

        The array is reused for the next frame.
        """
        truth, (width, height) = self.truth(index), self.size_wh
        image = self._image
        np.copyto(image, self._room)
        center = (width / 2 + truth.offset_xy[0] * height, height * (0.46 + truth.offset_xy[1]))
        pose = Pose(
            center, truth.yaw_deg, truth.roll_deg, truth.eyes_open, truth.smile, truth.mouth_open,
            truth.gaze_xy,
        )  # fmt: skip
        self._head.draw(image, pose)
        if truth.defocus > 0:
            sigma = truth.defocus * height / 1000
            _blur(image, (2 * round(1.5 * sigma) + 1,) * 2)
        exposed_s = float(1 / self.rate_hz) / 2
        smear = round(truth.speed * height * exposed_s)
        if smear > 1:
            _blur(image, (smear, 1))
        if truth.light < 1:
            cv2.convertScaleAbs(image, image, truth.light)
        return image

    def planes(self, index: int) -> Bytes:
        """Frame `index` as the camera sends it: (H * 3 // 2, W) uint8 I420, with noise."""
        planes = cv2.cvtColor(self.draw(index), cv2.COLOR_BGR2YUV_I420)
        luma = planes[: self.size_wh[1]]
        tile = index * 3 % _NOISE_TILES
        flipped = self._grain_up[tile], self._grain_down[tile]
        if index // _NOISE_TILES % 2:
            flipped = flipped[::-1]
        cv2.add(luma, flipped[0], dst=luma)
        cv2.subtract(luma, flipped[1], dst=luma)
        return planes  # type: ignore[return-value]


class DemoCamera(FrameSource):
    """Draws in real time, and loses frames if it is not read in time, except with `every`."""

    name = "demo camera"
    make = "livecam"
    warms_up = True
    numbers_frames = True

    def __init__(self, options: DemoOptions, request: CameraRequest) -> None:
        size_wh = request.size_wh or (1280, 720)
        rate_hz = request.rate_hz or Fraction(30)
        if size_wh[0] % 2 or size_wh[1] % 2 or min(size_wh) < 64:
            raise UsageError("the demo camera needs even sides of at least 64 pixels")
        if not 1 <= rate_hz <= 120:
            raise UsageError("the demo camera gives 1 to 120 frames a second")
        self.options = options
        self.script = Script(options.seed)
        self.mode = CameraMode(size_wh, rate_hz, PixelFormat.I420, "drawn", "demo")
        self.studio = Studio(self.script, size_wh, rate_hz)
        self.start_ns = now_ns()
        self._next = 0
        self._closed = threading.Event()

    def time_of(self, index: int) -> int:
        """Monotonic nanoseconds of frame `index`."""
        return self.start_ns + int(index * NS_PER_S / self.mode.rate_hz)

    def read(self) -> Frame | None:
        """Wait until the next frame is due and draw it."""
        wait_ns = self.time_of(self._next) - now_ns()
        if wait_ns > 0:
            self._closed.wait(wait_ns / NS_PER_S)
        if self._closed.is_set():
            return None
        latest = int((now_ns() - self.start_ns) * self.mode.rate_hz / NS_PER_S)
        if not self.options.every:
            self._next = max(self._next, latest - QUEUE_FRAMES)
        index, self._next = self._next, self._next + 1
        planes = self.studio.planes(index)
        if index < WARMUP_FRAMES:
            luma = planes[: self.mode.size_wh[1]]
            cv2.convertScaleAbs(luma, luma, index / WARMUP_FRAMES, 16 * (1 - index / WARMUP_FRAMES))
        if self.options.flash and self._flashes(index):
            planes[: self.mode.size_wh[1]] = 235
        if self.options.slate:
            write_slate(planes[: self.mode.size_wh[1]], index)
        return Frame(
            index, self.time_of(index), now_ns(), PixelFormat.I420, self.mode.size_wh,
            planes.reshape(-1),
        )  # fmt: skip

    def microphone(self) -> Microphone:
        """The drawn person's voice, on the same clock as the picture."""
        return DemoMicrophone(Voice(self.script, self.options.flash), self.start_ns)

    def close(self) -> None:
        """End a waiting read."""
        self._closed.set()

    def _flashes(self, index: int) -> bool:
        t_s = index / self.mode.rate_hz
        return t_s % Fraction(FLASH_EVERY_S) < Fraction(2) / self.mode.rate_hz


def write_slate(luma: Bytes, index: int) -> None:
    """Write a frame's number into a (H, W) uint8 luma plane."""
    for bit in range(SLATE_BITS):
        cell = slice(bit * SLATE_CELL, (bit + 1) * SLATE_CELL)
        luma[-SLATE_CELL:, cell] = 235 if index >> bit & 1 else 16


def read_slate(luma: Bytes) -> int:
    """The number that `write_slate` wrote, even after lossy compression."""
    row = luma[-SLATE_CELL + 2 : -2, : SLATE_BITS * SLATE_CELL]
    cells = row.reshape(row.shape[0], SLATE_BITS, SLATE_CELL)[:, :, 2:-2].mean(axis=(0, 2))
    return sum(1 << bit for bit, level in enumerate(cells) if level > 125)


def _blur(image: Bytes, kernel: tuple[int, int]) -> None:
    """Blur in place. Two box filters in a row come close to a Gaussian, at a fraction of it."""
    cv2.blur(image, kernel, dst=image)
    if kernel[0] == kernel[1]:
        cv2.blur(image, kernel, dst=image)


def _room(size_wh: tuple[int, int]) -> Bytes:
    """A wall with a window's light on it, a shelf and a picture: (H, W, 3) uint8 BGR."""
    width, height = size_wh
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.62 + 0.38 * np.exp(-(((columns / width - 0.22) / 0.5) ** 2 + (rows / height) ** 2))
    wall = np.array((178, 192, 188), np.float32) * light[:, :, None]
    grain = np.random.default_rng(7).normal(0, 2.5, (height, width, 1)).astype(np.float32)
    image: Bytes = np.clip(wall + grain, 0, 255).astype(np.uint8)

    def box(x0: float, y0: float, x1: float, y1: float, bgr: tuple[int, int, int]) -> None:
        corners = (round(x0 * width), round(y0 * height)), (round(x1 * width), round(y1 * height))
        cv2.rectangle(image, *corners, bgr, cv2.FILLED)

    box(0.74, 0.46, 0.99, 0.475, (70, 96, 128))
    books = (
        (0.76, 0.33, (84, 74, 150)),
        (0.79, 0.30, (120, 110, 60)),
        (0.82, 0.35, (70, 130, 160)),
    )
    for left, top, bgr in books:
        box(left, top, left + 0.024, 0.46, bgr)
    box(0.05, 0.14, 0.2, 0.4, (60, 78, 96))
    box(0.06, 0.16, 0.19, 0.38, (206, 200, 176))
    box(0.06, 0.3, 0.19, 0.38, (110, 140, 96))
    return image

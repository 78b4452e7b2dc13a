"""One frame of a camera, in whatever form the camera delivered it."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from livecam.errors import InputError
from livecam.formats.jpeg import check_scans

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Pixels = TypeVar("Pixels", bound=np.generic)


class PixelFormat(enum.Enum):
    """What the bytes of a frame are."""

    JPEG = "jpeg"
    """One JPEG file as an MJPEG camera sends it, possibly without Huffman tables."""
    I420 = "i420"
    """Planes Y (H, W), U and V (H/2, W/2), BT.601 limited range: `W * H * 3 / 2` bytes."""
    BGR = "bgr"
    """(H, W, 3) BGR, full range."""


def frame_bytes(pixel_format: PixelFormat, size_wh: tuple[int, int]) -> int:
    """Bytes of one frame; for JPEGs, whose sizes vary, those of a noisy camera."""
    width, height = size_wh
    if pixel_format is PixelFormat.BGR:
        return width * height * 3
    if pixel_format is PixelFormat.I420:
        return width * height * 3 // 2
    # Quality 90 of a noisy 1080p picture measured 350 kB = 0.17 bytes a pixel.
    return round(width * height * 0.17)


@dataclass(frozen=True, slots=True)
class Turn:
    """How stored pixels become an upright picture: first transposed, then mirrored."""

    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def by(cls, degrees: int, *, is_mirrored: bool = False) -> Turn:
        """A turn clockwise by 0, 90, 180 or 270 degrees, then mirrored left to right."""
        swap, flip_x, flip_y = {
            0: (False, False, False),
            90: (True, True, False),
            180: (False, True, True),
            270: (True, False, True),
        }[degrees]
        return cls(swap, flip_x != is_mirrored, flip_y)

    @property
    def orientation(self) -> int:
        """EXIF's number for it, 1 to 8 (Exif 2.32, tag 0x0112)."""
        numbers = (5, 6, 8, 7) if self.swap else (1, 2, 4, 3)
        return numbers[self.flip_x + 2 * self.flip_y]

    @classmethod
    def of_orientation(cls, number: int) -> Turn:
        """The turn for EXIF's number; upright for what is none."""
        every = (cls(s, x, y) for s in (False, True) for x in (False, True) for y in (False, True))
        return next((turn for turn in every if turn.orientation == number), UPRIGHT)

    def then(self, other: Turn) -> Turn:
        """Both turns in one: first this one, then the other."""
        x, y = (self.flip_y, self.flip_x) if other.swap else (self.flip_x, self.flip_y)
        return Turn(self.swap != other.swap, x != other.flip_x, y != other.flip_y)

    def matrix(self, size_wh: tuple[int, int]) -> bytes:
        """A track's display matrix for stored pictures of `size_wh` (ISO/IEC 14496-12, 6.2.2)."""
        width, height = self.size_wh(size_wh)
        across, down = -1 if self.flip_x else 1, -1 if self.flip_y else 1
        a, b, c, d = (0, down, across, 0) if self.swap else (across, 0, 0, down)
        x, y = width * self.flip_x, height * self.flip_y
        numbers = (a << 16, b << 16, 0, c << 16, d << 16, 0, x << 16, y << 16, 1 << 30)
        return struct.pack(">9i", *numbers)

    def size_wh(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """A size after this turn."""
        return size_wh[::-1] if self.swap else size_wh

    def apply(self, pixels: npt.NDArray[Pixels]) -> npt.NDArray[Pixels]:
        """Turn a (H, W) plane or a (H, W, C) picture; a view, not a copy."""
        if self.swap:
            pixels = pixels.swapaxes(0, 1)
        return pixels[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]


UPRIGHT = Turn()


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and when it was taken. Pixels are decoded only when asked for."""

    index: int
    """Counts what the source delivered, from 0; where the source numbers its frames itself, its
    number, so that a hole is a lost frame."""
    t_ns: int
    """Capture time, monotonic nanoseconds."""
    arrived_ns: int
    """When the frame reached livecam, monotonic nanoseconds."""
    pixel_format: PixelFormat
    size_wh: tuple[int, int]
    """As stored; `shown_wh` is the size of the upright picture."""
    data: Bytes
    """1-D uint8, the payload as delivered. Read-only once it lies in a ring."""
    warmup: bool = False
    """Taken while the camera was still finding its exposure: not offered as key photo."""
    turn: Turn = UPRIGHT
    """What makes the stored picture upright."""

    @property
    def shown_wh(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return self.turn.size_wh(self.size_wh)

    def bgr(self, reduce: int = 1) -> Bytes:
        """Decode to an upright (H / reduce, W / reduce, 3) uint8 BGR picture.

        `reduce` is 1, 2, 4 or 8; each pixel format rounds its own way. A JPEG is decoded directly
        at the reduced size, which is quicker. The array is always the caller's own. Raises
        ValueError on a broken JPEG.
        """
        stored = self.stored_bgr(reduce)
        if self.turn == UPRIGHT:
            return stored
        import numpy as np

        return np.ascontiguousarray(self.turn.apply(stored))

    def stored_bgr(self, reduce: int = 1) -> Bytes:
        """The same, but not turned: as the camera delivered it."""
        import cv2

        width, height = self.size_wh
        if self.pixel_format is PixelFormat.JPEG:
            try:
                check_scans(self.data.tobytes())
            except InputError as err:
                raise ValueError(f"frame {self.index}: {err.message}") from err
            flag = {
                1: cv2.IMREAD_COLOR,
                2: cv2.IMREAD_REDUCED_COLOR_2,
                4: cv2.IMREAD_REDUCED_COLOR_4,
                8: cv2.IMREAD_REDUCED_COLOR_8,
            }[reduce]
            try:
                image: Bytes | None = cv2.imdecode(  # type: ignore[assignment]
                    self.data, flag | cv2.IMREAD_IGNORE_ORIENTATION
                )
            except cv2.error as err:  # nothing at all, or a size that no picture has
                raise ValueError(f"frame {self.index} is not a JPEG") from err
            if image is None:
                raise ValueError(f"frame {self.index} is not a whole JPEG")
            return image
        if self.pixel_format is PixelFormat.I420:
            if reduce > 1:
                return _reduced_i420(self.data, self.size_wh, reduce)
            planes = self.data.reshape(height * 3 // 2, width)
            return cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)  # type: ignore[return-value]
        image = self.data.reshape(height, width, 3)
        if reduce == 1:
            return image.copy()
        small = (width // reduce, height // reduce)
        return cv2.resize(image, small, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]

    def i420(self) -> Bytes:
        """Planes as stored, (H * 3 // 2, W) uint8; sides are cut to even numbers.

        Raises as `bgr` does.
        """
        import cv2

        width, height = self.size_wh
        if self.pixel_format is PixelFormat.I420:
            return self.data.reshape(height * 3 // 2, width)
        image = self.stored_bgr()
        height, width = image.shape[0] & ~1, image.shape[1] & ~1
        return cv2.cvtColor(image[:height, :width], cv2.COLOR_BGR2YUV_I420)  # type: ignore[return-value]

    def is_whole(self) -> bool:
        """False for a JPEG that was cut off on its way: after its scan there must be an end marker.

        Drivers pad frames with zeros or leave bytes of their own after the end.
        """
        if self.pixel_format is not PixelFormat.JPEG:
            return True
        jpeg = self.data.tobytes()
        # Neither marker can occur in the data of a scan.
        scan, end = jpeg.rfind(b"\xff\xda"), jpeg.rfind(b"\xff\xd9")
        return jpeg.startswith(b"\xff\xd8") and 0 < scan < end

    def with_data(self, data: Bytes, *, warmup: bool) -> Frame:
        """The same frame over other memory, as a ring stores it."""
        return replace(self, data=data, warmup=warmup)


def _reduced_i420(data: Bytes, size_wh: tuple[int, int], reduce: int) -> Bytes:
    """Shrink the planes first and convert the small picture: a quarter of the work or less."""
    import cv2
    import numpy as np

    width, height = size_wh
    small_w, small_h = width // reduce & ~1, height // reduce & ~1
    luma = data[: width * height].reshape(height, width)
    chroma = data[width * height :].reshape(2, height // 2, width // 2)
    half = (small_w // 2, small_h // 2)
    planes = [cv2.resize(luma, (small_w, small_h), interpolation=cv2.INTER_AREA)]
    planes += [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in chroma]
    packed = np.concatenate([plane.reshape(-1) for plane in planes])
    return cv2.cvtColor(packed.reshape(small_h * 3 // 2, small_w), cv2.COLOR_YUV2BGR_I420)  # type: ignore[return-value]

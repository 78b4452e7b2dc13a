"""One frame of a camera, in whatever form the camera delivered it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats.jpeg import check_scans

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]


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
    data: Bytes
    """1-D uint8, the payload as delivered. Read-only once it lies in a ring."""
    warmup: bool = False
    """Taken while the camera was still finding its exposure: not offered as key photo."""

    def bgr(self, reduce: int = 1) -> Bytes:
        """Decode to (H / reduce, W / reduce, 3) uint8 BGR; each pixel format rounds its own way.

        `reduce` is 1, 2, 4 or 8. A JPEG is decoded directly at the reduced size, which is quicker.
        The array is always the caller's own. Raises ValueError on a broken JPEG.
        """
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
        """Planes as (H * 3 // 2, W) uint8; sides are cut to even numbers. Raises as `bgr` does."""
        import cv2

        width, height = self.size_wh
        if self.pixel_format is PixelFormat.I420:
            return self.data.reshape(height * 3 // 2, width)
        image = self.bgr()
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

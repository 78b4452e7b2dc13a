"""Pictures of a camera that sends compressed video: H.264 or H.265, one packet for each."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import av

from livecam.capture.planes import i420
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from av.video.reformatter import Colorspace

    from livecam.frame import Bytes

MOST_WAITING = 32
"""Packets whose picture may still come: more than any decoder reorders."""

_Label = TypeVar("_Label")


class PacketDecoder(Generic[_Label]):
    """Decodes packets one after another; each picture keeps the label of its packet."""

    def __init__(self, codec: str, usual: Colorspace) -> None:
        """`usual` is the matrix of pictures that name none."""
        self._context: Any = av.CodecContext.create(codec, "r")
        # Threads that decode several frames at once would delay pictures.
        self._context.thread_type = "SLICE"
        self._usual = usual
        self._labels: dict[int, _Label] = {}
        self._count = 0

    def decode(self, data: Bytes, label: _Label) -> list[tuple[_Label, Bytes]]:
        """The pictures that are whole now, as (H * 3 // 2, W) uint8 I420; most often one.

        None comes before the first key frame, and none for a packet that cannot be read. What a
        lost packet held is missing in the pictures up to the next key frame: H.264's decoder shows
        what was there before in its place, H.265's leaves those pictures out.
        """
        packet = av.Packet(data.tobytes())
        packet.pts, packet.time_base = self._count, Fraction(1, NS_PER_S)
        self._labels[self._count] = label
        self._count += 1
        self._labels.pop(self._count - MOST_WAITING, None)
        try:
            pictures = self._context.decode(packet)
        except av.FFmpegError:
            return []
        found = []
        for picture in pictures:
            owner = self._labels.pop(picture.pts, None)
            if owner is not None and not picture.is_corrupt:
                found.append((owner, i420(picture, self._usual)))
        return found

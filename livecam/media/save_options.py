"""The options for saving a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from livecam.formats.still import Still

Codec = Literal["h264", "hevc"]
Motion = Literal["none", "beside", "only"]


@dataclass(frozen=True)
class SaveOptions:
    """What is written for each moment. The default opens everywhere."""

    still: Still = "jpeg"
    codec: Codec = "h264"
    motion: Motion = "none"
    """Whether a Google Motion Photo is written beside the Live Photo, or instead of it."""
    enhance: bool = False
    """Whether the frames around the key frame are merged into the key photo."""
    best_take: bool = False
    """Whether each face comes from the frame of the moment in which it is at its best."""

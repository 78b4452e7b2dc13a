"""In which forms a moment is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Still = Literal["jpeg", "heic"]
Codec = Literal["h264", "hevc"]
Motion = Literal["none", "beside", "only"]

SUFFIX: dict[Still, str] = {"jpeg": ".JPG", "heic": ".HEIC"}


@dataclass(frozen=True)
class Form:
    """What is written for each moment. The default opens everywhere."""

    still: Still = "jpeg"
    codec: Codec = "h264"
    motion: Motion = "none"
    """Whether a Google Motion Photo is written beside the Live Photo, or instead of it."""
    enhance: bool = False
    """Whether the frames around the key frame are merged into the key photo."""

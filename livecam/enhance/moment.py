"""The key photo of a moment, merged from the frames around the key frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.enhance.merge import REACH, Merged, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.frame import Frame


def enhance(frames: Sequence[Frame], key: int) -> Merged:
    """Merge the frames around `frames[key]` into it. Raises ValueError if that one is broken."""
    images = [frames[key].bgr()]
    for i in range(max(0, key - REACH), min(len(frames), key + REACH + 1)):
        if i == key or not frames[i].is_whole():
            continue
        try:
            images.append(frames[i].bgr())
        except ValueError:
            continue  # one frame less to merge with
    return merge(images, 0)

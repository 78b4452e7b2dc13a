"""Limits that are checked before a picture is decoded: a small file can claim a huge size."""

from __future__ import annotations

from livecam.errors import InputError


def check_size(size_wh: tuple[int, int], most_pixels: int) -> None:
    """Raise InputError for a picture with more pixels than `most_pixels`."""
    width, height = size_wh
    if width * height > most_pixels:
        raise InputError(f"a picture of {width}x{height} is too large")

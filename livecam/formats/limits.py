"""What a picture may ask for before it is decoded: a small file can claim to be a huge one."""

from __future__ import annotations

from livecam.errors import InputError


def check_size(size_wh: tuple[int, int], most_pixels: int) -> None:
    """Raises InputError for a picture of more pixels."""
    width, height = size_wh
    if width * height > most_pixels:
        raise InputError(f"a picture of {width}x{height} is too large")

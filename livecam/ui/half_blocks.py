"""Pictures in a terminal: two pixels in each cell, as the halves of a block."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from livecam.frame import Bytes

CUBE_LEVELS = np.array([0, 95, 135, 175, 215, 255])
"""The levels of red, green and blue of xterm's 6x6x6 colours."""
CUBE_LIMITS = (CUBE_LEVELS[:-1] + CUBE_LEVELS[1:]) / 2
BAYER = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) + 0.5) / 16 - 0.5
STEP = 20
"""Half the distance of two neighbouring levels, but for the darkest."""
RAMP = " .:-=+*#%@"
"""Dark to light, for terminals without colour."""


def colour_depth() -> int:
    """0 without colours (NO_COLOR), else 8 or 24 bits."""
    if os.environ.get("NO_COLOR"):
        return 0
    return 24 if os.environ.get("COLORTERM", "") in ("truecolor", "24bit") else 8


def draw(image_bgr: Bytes, columns: int, rows: int, *, depth: int | None = None) -> list[str]:
    """At most `rows` lines of at most `columns` cells, in the picture's aspect ratio.

    `image_bgr` is (H, W, 3) uint8. A cell is taken to be twice as high as wide.
    """
    height, width = image_bgr.shape[:2]
    scale = min(columns / width, 2 * rows / height)
    cells_w = min(columns, max(1, round(width * scale)))
    cells_h = min(rows, max(1, round(height * scale / 2)))
    small: Bytes = cv2.resize(  # type: ignore[assignment]
        image_bgr, (cells_w, 2 * cells_h), interpolation=cv2.INTER_AREA
    )
    depth = colour_depth() if depth is None else depth
    if depth == 0:
        gray = cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_BGR2GRAY)
        levels = gray.reshape(cells_h, 2, cells_w).mean(axis=1) * len(RAMP) / 256
        return ["".join(RAMP[int(level)] for level in row) for row in levels]
    pixels: Bytes = small[:, :, ::-1].reshape(cells_h, 2, cells_w, 3)
    codes = _true_colours(pixels) if depth == 24 else _palette_colours(pixels)
    lines = []
    for upper, lower in codes:
        line, before = [], None
        for cell in zip(upper, lower, strict=True):
            # No codes where the colours stay the same: they are most of the bytes.
            line.append("▀" if cell == before else f"\x1b[38;{cell[0]};48;{cell[1]}m▀")
            before = cell
        lines.append("".join(line) + "\x1b[0m")
    return lines


def _true_colours(pixels: Bytes) -> list[tuple[list[str], list[str]]]:
    # The lowest two bits cannot be seen; without them more neighbouring cells are equal.
    quiet = (pixels & 0xFC).tolist()
    return [
        ([f"2;{r};{g};{b}" for r, g, b in upper], [f"2;{r};{g};{b}" for r, g, b in lower])
        for upper, lower in quiet
    ]


def _palette_colours(pixels: Bytes) -> list[tuple[list[str], list[str]]]:
    """Of xterm's 6x6x6 colours and 24 grays, from 16 on, dithered.

    Ordered dithering (Bayer, 1973): it does not flicker, as the pattern stays where it is. Half of
    a step: more of it is all that one sees at this size.
    """
    rows, _, columns, _ = pixels.shape
    pattern = np.tile(BAYER, (-(-2 * rows // 4), -(-columns // 4)))[: 2 * rows, :columns]
    wanted = pixels + STEP * pattern.reshape(rows, 2, columns, 1)
    six = np.searchsorted(CUBE_LIMITS, wanted, side="right").astype(np.int32)
    gray = np.clip(np.round((wanted.mean(axis=3) - 8) / 10), 0, 23).astype(np.int32)
    by_cube = np.square(CUBE_LEVELS[six] - wanted).sum(axis=3)
    by_gray = np.square((8 + 10 * gray)[..., None] - wanted).sum(axis=3)
    cube = 16 + 36 * six[..., 0] + 6 * six[..., 1] + six[..., 2]
    numbers = np.where(by_gray < by_cube, 232 + gray, cube).tolist()
    return [([f"5;{n}" for n in upper], [f"5;{n}" for n in lower]) for upper, lower in numbers]

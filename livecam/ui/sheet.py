"""A contact sheet: the compared frames side by side with their scores, the best one large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.frame import Bytes

COLUMNS = 4
CELL_W = 300
"""Pixels of a small frame's width; the large one is as wide as all columns."""
GAP, TEXT_H = 12, 30
LARGE_H = 900

_PAPER, _INK, _DIM, _BEST, _NOW = "#16181d", "#f2f2f2", "#9aa0a8", "#4cc38a", "#e5a24a"


@dataclass(frozen=True)
class Cell:
    """One frame of the sheet."""

    image: Bytes
    """(H, W, 3) uint8 BGR, of any size."""
    caption: str
    is_best: bool
    is_present: bool


def sheet(cells: Sequence[Cell], title: str, *, is_compared: bool = False) -> Image.Image:
    """Draw cells. Exactly one is the best, and shown large, unless `is_compared` (pairs)."""
    small = [_fit(cell.image, CELL_W, CELL_W) for cell in cells]
    row_h = max(image.height for image in small) + TEXT_H + GAP
    rows = -(-len(cells) // COLUMNS)
    width = COLUMNS * (CELL_W + GAP) + GAP
    top = 2 * GAP + TEXT_H
    best = next(cell for cell in cells if cell.is_best)
    large = None if is_compared else _fit(best.image, width - 2 * GAP, LARGE_H)
    small_top = top if large is None else top + large.height + TEXT_H + 2 * GAP
    page = Image.new("RGB", (width, small_top + rows * row_h + GAP), _PAPER)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=18)
    pen.text((GAP, GAP), title, fill=_INK, font=font)
    if large is not None:
        left = (width - large.width) // 2
        page.paste(large, (left, top))
        _frame(pen, (left, top, left + large.width, top + large.height), _BEST)
        pen.text((left, top + large.height + 8), f"best: {best.caption}", fill=_BEST, font=font)
    for i, (cell, image) in enumerate(zip(cells, small, strict=True)):
        x = GAP + i % COLUMNS * (CELL_W + GAP) + (CELL_W - image.width) // 2
        y = small_top + i // COLUMNS * row_h
        page.paste(image, (x, y))
        colour = _BEST if cell.is_best else _NOW if cell.is_present else None
        if colour:
            _frame(pen, (x, y, x + image.width, y + image.height), colour)
        caption = f"{cell.caption}  now" if cell.is_present else cell.caption
        pen.text((x, y + image.height + 5), caption, fill=colour or _DIM, font=font)
    return page


def _fit(image_bgr: Bytes, width: int, height: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(image_bgr[:, :, ::-1]))
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _frame(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], colour: str) -> None:
    left, top, right, bottom = box
    pen.rectangle((left - 5, top - 5, right + 4, bottom + 4), outline=colour, width=4)

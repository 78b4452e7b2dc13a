import re

import numpy as np
import pytest

from livecam.ui.half_blocks import draw

CODES = re.compile(r"\x1b\[[0-9;]*m")


def cells(lines: list[str]) -> list[str]:
    return [CODES.sub("", line) for line in lines]


def picture(width: int, height: int) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (0, 0, 252)  # left half red
    return image


def test_it_fits_and_keeps_its_proportions():
    for columns, rows in ((80, 20), (30, 40), (7, 3)):
        lines = cells(draw(picture(1280, 720), columns, rows, depth=24))
        assert len(lines) <= rows
        assert all(len(line) <= columns for line in lines)
        wide, high = len(lines[0]), 2 * len(lines)
        assert abs(wide / high - 16 / 9) < 0.5


def test_colours_stand_where_they_are():
    plain = draw(picture(80, 40), 40, 20, depth=24)[0]
    assert plain.startswith("\x1b[38;2;252;0;0;48;2;252;0;0m")


def test_without_colours_there_are_no_codes():
    lines = draw(np.full((40, 80, 3), 255, np.uint8), 40, 20, depth=0)
    assert set("".join(lines)) == {"@"}


def test_256_colours_use_the_cube():
    assert "38;5;196" in draw(np.full((8, 8, 3), (0, 0, 255), np.uint8), 8, 4, depth=8)[0]


def test_every_line_ends_with_the_colours_reset():
    assert all(line.endswith("\x1b[0m") for line in draw(picture(64, 36), 64, 18, depth=24))


def test_a_level_between_two_of_256_colours_is_met_on_the_average():
    levels = {0: 0, 1: 95, 2: 135, 3: 175, 4: 215, 5: 255}

    def red(cell: str) -> int:
        number = int(cell)
        return 8 + 10 * (number - 232) if number >= 232 else levels[(number - 16) // 36]

    image = np.zeros((64, 64, 3), np.uint8)
    image[:] = (60, 90, 153)  # of red, 153 lies between 135 and 175
    text = "".join(draw(image, 32, 16, depth=8))
    cells = re.findall(r"38;5;(\d+);48;5;(\d+)", text)
    assert np.mean([red(cell) for pair in cells for cell in pair]) == pytest.approx(153, abs=8)
    assert len({cell for pair in cells for cell in pair}) > 1

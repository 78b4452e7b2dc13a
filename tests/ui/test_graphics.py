"""Real pictures in a terminal, read as the terminal would read them."""

from __future__ import annotations

import re
import sys
from base64 import b64decode
from multiprocessing.shared_memory import SharedMemory

import cv2
import numpy as np
import pytest

from livecam.ui.graphics import Painter, find_way

KITTY = re.compile(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\")
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such memory there")


def commands(sequence: str) -> list[tuple[dict[str, str], bytes]]:
    """Each command of kitty's protocol: its keys, and what it carries."""
    return [
        (dict(pair.split("=") for pair in control.split(",")), b64decode(payload + "=="))
        for control, payload in KITTY.findall(sequence)
    ]


class Answering:
    """A terminal that says so much, and can read memory of this machine or not."""

    def __init__(self, answer: str, *, reads_memory: bool = False) -> None:
        self.answer, self.reads_memory = answer, reads_memory
        self.asked = ""

    def ask(self, question, end, timeout_s):
        self.asked = question
        answer = self.answer
        for keys, payload in commands(question):
            if keys.get("t") == "s" and self.reads_memory:
                memory = SharedMemory(payload.decode())
                assert memory.size >= 3
                memory.close()
                answer = f"\x1b_Gi={keys['i']};OK\x1b\\{answer}"
        assert timeout_s < 1
        return answer if re.search(end, answer.encode()) else ""


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    for name in ("SSH_CONNECTION", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return cv2.GaussianBlur(rng.integers(0, 255, (90, 160, 3), np.uint8), (0, 0), 2)


@pytest.mark.parametrize(
    ("answer", "way"),
    [
        ("", "blocks"),
        ("\x1b[?62;c", "blocks"),
        ("\x1bP>|XTerm(379)\x1b\\\x1b[?64;1;2c", "blocks"),
        ("\x1b_Gi=31;OK\x1b\\\x1b[?62;c", "kitty"),
        ("\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;c", "blocks"),
        ("\x1bP>|iTerm2 3.5.0\x1b\\\x1b[?62;c", "iterm"),
        ("\x1b_Gi=31;OK\x1b\\ too slow for the last answer", "blocks"),
    ],
)
def test_the_terminals_own_word_counts(answer, way):
    assert find_way(Answering(answer)) == way


@posix
def test_memory_is_used_only_with_a_terminal_that_can_read_it(monkeypatch):
    answer = "\x1b_Gi=31;OK\x1b\\\x1b[?62;c"
    assert find_way(Answering(answer, reads_memory=True)) == "kitty-memory"
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    remote = Answering(answer, reads_memory=True)
    assert find_way(remote) == "kitty"
    assert "t=s" not in remote.asked


@posix
def test_pixels_in_memory_are_those_of_the_picture(picture):
    painter = Painter("kitty-memory", (8, 16))
    drawn = painter.draw(picture, 40, 20)
    shown, gone = commands(drawn.sequence)
    keys, payload = shown
    memory = SharedMemory(payload.decode())
    size = (int(keys["v"]), int(keys["s"]), 3)
    pixels = np.ndarray(size, np.uint8, memory.buf).copy()
    memory.close()
    assert (pixels[:, :, ::-1] == picture).all()
    assert (keys["c"], keys["r"]) == (str(drawn.columns), str(drawn.rows))
    assert gone[0]["i"] != keys["i"], "the one before goes, not this one"
    painter.close()
    with pytest.raises(FileNotFoundError):
        SharedMemory(payload.decode())


def test_a_png_carries_every_pixel(picture):
    drawn = Painter("kitty", (8, 16)).draw(picture, 40, 20)
    sent = [c for c in commands(drawn.sequence) if c[0].get("a") != "d"]
    assert [keys["m"] for keys, _ in sent] == ["1"] * (len(sent) - 1) + ["0"]
    payload = "".join(p for c, p in KITTY.findall(drawn.sequence) if "a=d" not in c)
    assert max(len(p) for _, p in KITTY.findall(drawn.sequence)) <= 4096
    png = np.frombuffer(b64decode(payload), np.uint8)
    assert (cv2.imdecode(png, cv2.IMREAD_COLOR) == picture).all()


def test_iterm_gets_a_jpeg(picture):
    drawn = Painter("iterm", (8, 16)).draw(picture, 40, 20)
    found = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);(.*):(.*)\x07", drawn.sequence)
    jpeg = b64decode(found[3])
    assert len(jpeg) == int(found[1])
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(image.astype(int) - picture).mean() < 6
    assert f"width={drawn.columns};height={drawn.rows}" in found[2]


@pytest.mark.parametrize("way", ["kitty", "iterm", "blocks"])
@pytest.mark.parametrize("room", [(80, 10), (20, 60), (1, 1)])
def test_a_picture_keeps_its_proportions_and_its_place(picture, way, room):
    drawn = Painter(way, (10, 20)).draw(picture, *room)
    assert drawn.columns <= room[0]
    assert drawn.rows <= room[1]
    if min(room) > 1:
        shape = drawn.columns * 10 / (drawn.rows * 20)
        assert shape == pytest.approx(160 / 90, rel=0.15)


def test_two_pictures_stand_side_by_side(picture):
    painter = Painter("kitty", (8, 16))
    on_screen: set[str] = set()
    for slot, count in ((0, 1), (1, 2), (0, 2), (1, 2)):
        found = commands(painter.draw(picture, 40, 20, slot=slot).sequence)
        on_screen |= {keys["i"] for keys, _ in found if keys.get("a") == "T"}
        on_screen -= {keys["i"] for keys, _ in found if keys.get("a") == "d"}
        assert len(on_screen) == count, "a new one takes the place of that in its own slot"


def test_over_a_slow_line_it_is_smaller(monkeypatch):
    wide = np.zeros((720, 1280, 3), np.uint8)
    widths = []
    for _ in range(2):
        sequence = Painter("kitty", (8, 16)).draw(wide, 200, 60).sequence
        payload = "".join(p for c, p in KITTY.findall(sequence) if "a=d" not in c)
        png = np.frombuffer(b64decode(payload), np.uint8)
        widths.append(cv2.imdecode(png, cv2.IMREAD_COLOR).shape[1])
        monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    assert widths == [960, 320]

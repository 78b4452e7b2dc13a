import io
import os
import re

import pytest

from livecam.ui.screen import ENTER, LEAVE, Screen
from livecam.ui.status import Status
from tests.support.frames import moment

CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def size(monkeypatch):
    def set_size(columns: int, rows: int) -> None:
        monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, rows)))

    set_size(80, 24)
    return set_size


def shown(status: Status, *, picture: bool = False) -> list[str]:
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    screen.show_picture = picture
    screen.draw(status)
    text = out.getvalue().removeprefix(ENTER)
    screen.close()
    assert out.getvalue().endswith(LEAVE)
    return CODES.sub("", text).split("\r\n")


FULL = Status(
    state="armed", camera="HD Webcam", mode="1280x720 at 30 frames/s, mjpeg", ring_s=3.0,
    score=0.42, word="fair", complaints=("eyes closed", "no smile"), faces=2, rate_hz=29.6,
    dropped=3, sound_level=0.3, shots=4, saved=3, waiting=1, last="a.JPG  0.91 great: because",
)  # fmt: skip


def test_everything_is_said(size):
    text = "\n".join(shown(FULL))
    for word in (
        "ARMED", "HD Webcam", "1280x720 at 30", "3.0 s", "0.42 fair", "eyes closed", "no smile",
        "2 faces", "30 frames/s", "dropped 3", "4 taken, 3 saved, 1 in work", "a.JPG  0.91 great",
        "SPACE", "shutter", "picture", "quit",
    ):  # fmt: skip
        assert word in text


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("rows", [5, 12, 24, 60])
def test_it_fits_into_any_terminal(size, columns, rows):
    size(columns, rows)
    frame = moment([0.0]).frames[0]
    for picture in (None, frame):
        lines = shown(Status(**{**vars(FULL), "picture": picture}), picture=True)
        assert len(lines) <= rows
        assert all(len(line) <= columns for line in lines)


def test_why_there_is_no_sound_is_said(size):
    text = "\n".join(shown(Status("armed", sound_note="no microphone found")))
    assert "no sound: no microphone found" in text


def test_the_key_photo_is_shown_though_the_picture_is_off(size):
    frame = moment([0.0]).frames[0]
    assert not any("▀" in line for line in shown(Status("armed", picture=frame)))
    assert any("▀" in line for line in shown(Status("saved", picture=frame, picture_is_key=True)))


def test_words_are_there_without_colour(size, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    screen.draw(FULL)
    assert "ARMED" in out.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", out.getvalue())


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
def test_a_terminal_that_is_gone_does_no_harm_then_or_at_the_end(size):
    master, slave = os.openpty()
    with open(slave, "w") as out:  # noqa: PTH123 - a descriptor has no path
        screen = Screen(out)
        screen.open()
        os.close(master)
        screen.draw(FULL)
        screen.close()
        out.flush()

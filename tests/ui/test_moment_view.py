"""`livecam review FILE` in a terminal, with keys."""

from __future__ import annotations

import json
import os
import re
import signal
import threading

import pytest

from livecam.edit.undo_stack import UndoStack
from livecam.photos.check import check
from livecam.photos.frames import MovieReader
from livecam.photos.pairs import Halves
from livecam.quality.finder import FaceFinder
from livecam.ui.graphics import Painter
from livecam.ui.moment_view import MomentView, source_of
from tests.support.files import FRAMES, numbered_movie, saved
from tests.support.program import SMALL_DEMO, run

if os.name == "posix":
    from tests.support.program import CODES, Terminal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return saved(tmp_path / "photos", is_scored=True)


@pytest.fixture
def terminal(files, tmp_path):
    found = Terminal("review", str(files.photo), cwd=tmp_path)
    yield found
    found.close()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def test_arrows_go_from_frame_to_frame_and_enter_chooses(terminal, files):
    before = content(files.photo.parent)
    key = json.loads(files.scores.read_text())["key"]["index"]
    terminal.read_until("the key photo")
    terminal.send("\x1b[H")
    terminal.read_until(f"1 of {FRAMES}")
    terminal.send("\x1b[C\x1b[C")
    terminal.read_until(f"3 of {FRAMES}")
    terminal.send("\r")
    terminal.read_until("has a new key photo")
    record = json.loads(files.scores.read_text())
    assert record["key"]["index"] == 2
    found = check(Halves(files.photo, files.movie))
    assert found.defects == ()
    terminal.send("u")
    terminal.read_until("is as it was")
    terminal.read_until(f"{key + 1} of {FRAMES}")
    assert content(files.photo.parent) == before
    terminal.send("q")
    assert terminal.wait() == 0
    assert terminal.is_restored()
    assert not list(files.photo.parent.glob(".*"))


def test_two_frames_stand_side_by_side(terminal):
    terminal.read_until("the key photo")
    terminal.send("\x1b[Hc")
    terminal.read_until("beside it: the key photo")
    terminal.send("cc")
    terminal.read_until("beside it: the frame at the shutter")
    terminal.send("z")
    terminal.send("q")
    assert terminal.wait() == 0


@pytest.fixture
def looked_through():
    """Opens a movie to be looked through without a terminal; and waits until something is new."""
    opened = []

    def look(path):
        drawn = threading.Event()
        finder = FaceFinder()
        review = MomentView(source_of(path), finder, UndoStack(), Painter("blocks"), drawn.set)
        opened.append((review, finder))

        def wait(timeout_s: float = 1.0) -> None:
            drawn.wait(timeout_s)
            drawn.clear()

        return review, wait

    yield look
    for review, finder in opened:
        review.close()
        finder.close()


@pytest.mark.parametrize("size", [(15, 40), (12, 60), (30, 100), (50, 200)])
def test_it_fits_into_any_terminal(tmp_path, size, looked_through):
    rows, columns = size
    path = numbered_movie(tmp_path / f"{'long' * 20}.mp4", [i / 30 for i in range(20)])
    review, wait = looked_through(path)
    while "▀" not in (screen := review.draw(columns, rows)):
        wait()
    lines = CODES.sub("", screen).split("\r\n")
    assert len(lines) == rows
    assert columns > 150 or "…" in lines[0], "what is cut is seen to be cut"
    assert " q " in lines[-1], "the way back is always named"


def test_ctrl_z_gives_the_terminal_back_and_fg_goes_on(terminal):
    terminal.read_until("the key photo")
    terminal.send("\x1a")
    terminal.read_until("STOPPED")
    assert terminal.is_restored()
    os.kill(int(re.search(r"child (\d+)", terminal.text)[1]), signal.SIGCONT)
    terminal.read_until("the key photo")
    terminal.send("q")
    assert terminal.wait() == 0
    assert terminal.is_restored()


def test_ctrl_c_puts_everything_back(terminal):
    terminal.read_until("the key photo")
    terminal.send("\x03")
    assert terminal.wait() == 130
    assert terminal.is_restored()


def test_a_terminal_with_graphics_gets_pictures(files, tmp_path):
    terminal = Terminal("review", str(files.photo), cwd=tmp_path)
    try:
        while "\x1b[c" not in terminal.text:
            terminal._read()
        terminal.send("\x1b_Gi=31;OK\x1b\\\x1b[?62;c")
        terminal.read_until("the key photo")
        while "a=T," not in terminal.text:
            terminal._read()
        assert re.search(r"\x1b_Ga=T,t=d,f=100,[^;]*c=\d+,r=\d+", terminal.text)
        terminal.send("q")
        assert terminal.wait() == 0
        assert "a=d,d=A" in terminal.text, "the pictures go with the screen"
    finally:
        terminal.close()


def test_a_key_that_is_pressed_while_the_terminal_is_asked_counts(files, tmp_path):
    terminal = Terminal("review", str(files.photo), cwd=tmp_path)
    try:
        while "\x1b[c" not in terminal.text:
            terminal._read()
        terminal.send("q\x1b[?62;c")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_a_movie_has_frames_but_no_key_photo(tmp_path):
    numbered_movie(tmp_path / "a.mp4", [i / 30 for i in range(10)])
    terminal = Terminal("review", "a.mp4", cwd=tmp_path)
    try:
        terminal.read_until("of 10")
        terminal.send("\r")
        terminal.read_until("has no key photo")
        terminal.send("q")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_what_cannot_be_looked_through_is_said_in_a_line(files, tmp_path):
    for args, code, text in (
        (["gone.jpg"], 4, "there is no gone.jpg"),
        ([str(files.scores)], 4, "no movie that can be read"),
        ([str(files.photo)], 2, "needs a terminal"),
        ([str(files.photo), "--static", "x"], 2, "--static and --report are for a folder"),
    ):
        done = run("review", *args, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert text in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_newest_photo_is_looked_at_while_the_camera_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    terminal = Terminal(*SMALL_DEMO, "--no-audio", "--out", "made", cwd=tmp_path)
    try:
        terminal.read_until("ARMED")
        terminal.send(" ")
        terminal.read_until("1 taken, 1 saved")
        terminal.send("r")
        terminal.read_until("make key photo")
        terminal.send("\x1b[H\x1b[C\r")
        terminal.read_until("has a new key photo")
        terminal.send(" ")  # the camera goes on: nothing is missed
        terminal.send("r")
        terminal.read_until("2 taken")
        terminal.send("q")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    first = min((tmp_path / "made").glob("*.json"))
    assert json.loads(first.read_text())["key"]["index"] == 1
    assert len(list((tmp_path / "made").glob("*.MOV"))) == 2


def test_undo_after_a_new_key_photo_takes_that_back_and_not_the_photo(tmp_path, own_trash):
    terminal = Terminal(*SMALL_DEMO, "--out", "made", cwd=tmp_path)
    made = tmp_path / "made"
    try:
        terminal.read_until("ARMED")
        terminal.send("r")
        terminal.read_until("no photo to look through yet")
        terminal.send(" ")
        terminal.read_until("1 taken, 1 saved")
        before = {path.name: path.read_bytes() for path in made.glob("[!.]*")}
        terminal.send("r")
        terminal.read_until("make key photo")
        terminal.send("\x1b[H\x1b[C\r")
        terminal.read_until("has a new key photo")
        terminal.send("q")
        terminal.read_until("ARMED")
        terminal.send("u")
        terminal.read_until("is as it was")
        assert {path.name: path.read_bytes() for path in made.glob("[!.]*")} == before
        terminal.send("u")
        terminal.read_until("is in the trash")
        assert list(made.glob("[!.]*")) == []
        terminal.send("u")
        terminal.read_until("is as it was")
        terminal.send("q")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert {path.name: path.read_bytes() for path in made.glob("[!.]*")} == before


def test_muted_photos_have_no_sound_and_a_burst_presses_on(tmp_path):
    terminal = Terminal(*SMALL_DEMO, "--out", "made", cwd=tmp_path)
    try:
        terminal.read_until("ARMED")
        terminal.send(" m")
        terminal.read_until("muted")
        terminal.send("b")
        terminal.read_until("3 taken", timeout_s=15)
        terminal.send("bq")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    records = [json.loads(path.read_text()) for path in sorted((tmp_path / "made").glob("*.json"))]
    assert [record["sound_note"] for record in records[:2]] == ["", "muted"]
    assert records[0]["sound"] is not None
    assert all(record["sound"] is None for record in records[1:])


def test_a_frame_beside_another_is_decoded_once(tmp_path, monkeypatch, looked_through):
    """However far apart they are: nothing is decoded while nobody asks for anything else."""
    decoded = []
    pictures = MovieReader.pictures

    def counted(self, indices):
        for at, image in pictures(self, indices):
            decoded.append(at.index)
            yield at, image

    monkeypatch.setattr(MovieReader, "pictures", counted)
    monkeypatch.setattr("livecam.ui.moment_view.MOST_BYTES", 3 * 64 * 48 * 5)  # of five pictures
    review, wait = looked_through(numbered_movie(tmp_path / "a.mp4", [i / 30 for i in range(80)]))
    while "of 80" not in review.draw(200, 40):
        wait()
    for key in ("home", "c", "c", *["right"] * 40):  # the best frame beside it
        review.key(key)
    for _ in range(30):
        review.draw(200, 40)
        wait(0.1)
    count = len(decoded)
    for _ in range(20):
        review.draw(200, 40)
    assert len(decoded) == count
    assert "beside it: the best frame" in review.draw(200, 40)

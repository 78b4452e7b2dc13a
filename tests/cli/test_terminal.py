"""The main job in a real terminal: keys, screen, and how it is left behind."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.program import SMALL_DEMO, Terminal

if os.name == "nt":
    pytest.skip("needs a POSIX terminal", allow_module_level=True)


@pytest.fixture
def livecam(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*args: str, background: bool = False) -> Terminal:
        opened.append(Terminal(*SMALL_DEMO, *args, cwd=tmp_path, background=background))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def child(terminal: Terminal) -> int:
    return int(re.search(r"child (\d+)", terminal.text)[1])


def test_space_presses_and_q_saves_what_was_shot(livecam, tmp_path):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("1 taken, 1 saved")
    terminal.send(" ")
    terminal.read_until("2 taken")
    terminal.send("q")
    assert terminal.wait() == 0
    assert terminal.is_restored()
    assert len(list((tmp_path / "recordings").glob("*.MOV"))) == 2
    assert terminal.text.count("saved ") >= 2


def test_the_press_is_acknowledged_at_once(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("CAPTURED", timeout_s=1.0)
    terminal.send("q")
    assert terminal.wait() == 0


def test_a_key_that_is_held_down_is_one_burst_and_every_press_is_seen(livecam):
    terminal = livecam("--before", "4", "--after", "0.1", "--no-live-score")
    terminal.read_until("ARMED")
    for _ in range(20):
        terminal.send(" " * 10)
    terminal.read_until("199 held")
    terminal.send("q")
    terminal.read_until("1 taken")
    assert terminal.wait() == 0


def test_pasted_text_is_no_press(livecam, tmp_path):
    terminal = livecam()
    terminal.read_until("ARMED")
    assert "\x1b[?2004h" in terminal.text
    terminal.send("\x1b[200~ a text with q in it \x1b[201~\x1b[A ")
    terminal.read_until("1 taken")
    terminal.send("q")
    assert terminal.wait() == 0
    assert "\x1b[?2004l" in terminal.text
    assert len(list((tmp_path / "recordings").glob("*.MOV"))) == 1


def test_the_picture_is_there_from_the_start_and_p_hides_it(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.read_until("▀", timeout_s=2.0)
    terminal.send("i")
    terminal.read_until("live, mirrored", timeout_s=2.0)
    terminal.send("f")
    terminal.send("pq")
    assert terminal.wait() == 0


def test_without_the_picture_there_are_words_alone(livecam):
    terminal = livecam("--picture", "off")
    terminal.read_until("ARMED")
    assert "▀" not in terminal.text
    terminal.send("p")
    terminal.read_until("▀", timeout_s=2.0)
    terminal.send("q")
    assert terminal.wait() == 0


def test_the_timer_counts_down_and_presses(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send("t")
    terminal.read_until("in 2 s", timeout_s=3.0)
    terminal.read_until("1 taken", timeout_s=6.0)
    terminal.send("t")
    terminal.read_until("in 3 s", timeout_s=3.0)
    terminal.send(" ")
    terminal.read_until("2 taken", timeout_s=2.0)
    terminal.send("q")
    assert terminal.wait() == 0


def test_the_last_photo_goes_into_the_trash_and_comes_back(livecam, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("1 taken, 1 saved")
    made = {path.name: path.read_bytes() for path in (tmp_path / "recordings").glob("[!.]*")}
    terminal.send("u")
    terminal.read_until("is in the trash")
    assert not list((tmp_path / "recordings").glob("[!.]*"))
    terminal.send("u")
    terminal.read_until("is as it was")
    terminal.send("q")
    assert terminal.wait() == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "recordings").glob("[!.]*")} == made
    assert not list((tmp_path / "recordings").glob(".livecam-undo*"))


def test_what_cannot_be_put_into_the_trash_stays_whole(livecam, tmp_path, monkeypatch):
    (tmp_path / "data").write_text("no folder can be made here")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("1 taken, 1 saved")
    made = {path.name: path.read_bytes() for path in (tmp_path / "recordings").glob("[!.]*")}
    terminal.send("u")
    terminal.read_until("cannot be put into the trash")
    terminal.send("q")
    assert terminal.wait() == 1
    assert {p.name: p.read_bytes() for p in (tmp_path / "recordings").glob("[!.]*")} == made


def test_help_names_the_keys(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send("?")
    terminal.read_until("by itself")
    terminal.send("?q")
    assert terminal.wait() == 0


def test_the_key_photo_is_shown_after_the_shot(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("SAVED")
    terminal.read_until("▀", timeout_s=2.0)
    terminal.send("q")
    assert terminal.wait() == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_the_terminal_is_restored_after_a_signal(livecam, number, code):
    terminal = livecam()
    terminal.read_until("ARMED")
    os.kill(child(terminal), number)
    assert terminal.wait() == code
    assert terminal.is_restored()


def test_a_window_that_is_closed_loses_nothing(livecam, tmp_path):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("SAVED")
    terminal.send(" ")
    terminal.read_until("2 taken")
    terminal.hang_up()
    assert terminal.process.wait(40) == 129
    assert len(list((tmp_path / "recordings").glob("*.JPG"))) == 2


def test_in_the_background_it_leaves_the_terminal_alone(livecam, tmp_path):
    terminal = livecam("--shots", "1", "--json", background=True)
    assert "STOPPED" not in terminal.read_until("summary")
    assert terminal.wait() == 0


def test_ctrl_c_is_the_same_as_the_signal(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send("\x03")
    assert terminal.wait() == 130
    assert terminal.is_restored()


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(livecam):
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send("\x1a")
    terminal.read_until("STOPPED")
    assert terminal.is_restored()
    os.kill(child(terminal), signal.SIGCONT)
    terminal.read_until("ARMED")
    terminal.send("q")
    assert terminal.wait() == 0
    assert terminal.is_restored()


def test_a_camera_that_cannot_be_opened_leaves_the_terminal_as_it_was(livecam):
    terminal = livecam("--camera", "http://127.0.0.1:9/")
    assert terminal.wait() == 3
    assert terminal.is_restored()
    assert "cannot open the camera" in terminal.text.rpartition("\x1b[?1049l")[2]


def test_the_address_for_other_programs_stays_on_the_screen(livecam):
    terminal = livecam("--preview-port", "0")
    terminal.read_until("live picture: http://127.0.0.1:")
    terminal.read_until("ARMED")
    terminal.send("i")
    terminal.read_until("live picture: http://127.0.0.1:")
    terminal.send("q")
    assert terminal.wait() == 0


def test_what_goes_otherwise_than_usual_is_on_the_screen_too(livecam, tmp_path):
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / ".livecam-unfinished").write_text("no folder can be made here")
    terminal = livecam()
    terminal.read_until("ARMED")
    terminal.send(" ")
    terminal.read_until("is not ours")
    terminal.send("q")
    assert terminal.wait() == 0

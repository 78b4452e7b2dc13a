import io
import os
import re

import pytest

from livecam.live.live_score import LiveFace, LiveScore
from livecam.quality.choice import MomentScore
from livecam.quality.score import FaceScore, FrameScore
from livecam.ui import curve
from livecam.ui.curve import History, Point
from livecam.ui.graphics import Painter
from livecam.ui.screen import BYTES_A_SECOND, ENTER, FRAME_START, LEAVE, Screen
from livecam.ui.status import Status
from tests.support.frames import flat, moment

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
        "SPACE", "shutter", "timer", "undo", "numbers", "help", "quit",
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


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_keys_stay_visible_at_every_width(size, columns):
    size(columns, 24)
    last = shown(FULL)[-1]
    assert last.split()[0] == "SPACE"
    for key in ("?", "q"):
        assert key in last.split()


def test_the_last_seconds_are_a_curve_with_the_best_marked():
    points = [Point(i * 200_000_000, 0.9 if i == 7 else 0.3, i != 3) for i in range(15)]
    text = curve.draw(points, 3.0, 30)
    assert len(text.plain) == 30
    assert text.plain.count("█") == 2, "each reading lasts until the next"
    assert "·" in text.plain, "where the face was lost"
    assert any(span.style == "bold green" for span in text.spans)


def test_a_blink_is_not_hidden_by_its_neighbours():
    points = [Point(i * 10_000_000, 0.02 if i == 50 else 0.95, True) for i in range(300)]
    assert "▁" in curve.draw(points, 3.0, 20).plain


def test_help_and_countdown_are_shown(size):
    text = "\n".join(shown(Status(**{**vars(FULL), "countdown_s": 2.4, "is_automatic": True})))
    assert "in 3 s" in text
    assert "everyone looks good" in text
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    screen.show_help = True
    screen.draw(FULL)
    assert "trash" in out.getvalue()


def test_faces_are_framed_in_the_live_picture(size):
    size(120, 60)
    picture = flat(0, 0, 100, (640, 480))
    plain = Status(**{**vars(FULL), "picture": picture})
    framed = Status(**{**vars(plain), "boxes": (LiveFace((100, 100, 400, 400), 0.9, "no smile"),)})
    assert colours(framed) > colours(plain)
    text = "\n".join(shown(framed, picture=True))
    assert "0.90 no smile" in text, "and what pulls it down stands beside it"


def test_a_press_is_seen_in_the_picture(size, monkeypatch):
    size(120, 60)
    monkeypatch.setenv("COLORTERM", "truecolor")
    plain = Status(**{**vars(FULL), "picture": flat(0, 0, 40, (640, 480))})
    flashing = Status(**{**vars(plain), "is_flashing": True})

    def brightness(status: Status) -> int:
        out = io.StringIO()
        screen = Screen(out, painter=Painter("blocks"))
        screen.open()
        screen.draw(status)
        return max(int(level) for level in re.findall(r"38;2;(\d+)", out.getvalue()))

    assert brightness(flashing) > brightness(plain) + 100


def test_states_are_said_in_words(size):
    told = {
        "muted: photos have no sound": {"is_muted": True},
        "one photo a second; b ends it": {"is_burst": True},
        "of before the press": {"is_stale": True},
    }
    for text, change in told.items():
        assert text not in "\n".join(shown(FULL))
        assert text in "\n".join(shown(Status(**{**vars(FULL), **change})))


def test_a_loss_is_red_only_while_it_happens(size):
    def red(status: Status) -> bool:
        out = io.StringIO()
        screen = Screen(out)
        screen.open()
        screen.draw(status)
        return re.search(r"\x1b\[1;31mdropped 3", out.getvalue()) is not None

    assert not red(FULL)
    assert red(Status(**{**vars(FULL), "is_dropping": True}))


def test_nothing_is_erased_behind_the_last_column(size):
    """A terminal waits at its last column: what is erased there is that column's letter."""
    size(60, 24)
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    screen.draw(Status(**{**vars(FULL), "mode": "x" * 200}))
    for line in out.getvalue().split("\r\n"):
        assert CODES.sub("", line.rpartition("\x1b[K")[0]) == ""


def test_a_real_picture_is_sent_once_and_taken_away(size, monkeypatch):
    size(120, 60)
    monkeypatch.setitem(BYTES_A_SECOND, False, 1)
    out = io.StringIO()
    screen = Screen(out, painter=Painter("kitty", (8, 16)))
    screen.open()
    status = Status(**{**vars(FULL), "picture": flat(0, 0, 100, (640, 480))})
    for _ in range(3):
        screen.draw(status)
    assert out.getvalue().count("a=T,") == 1
    size(100, 50)
    screen.draw(status)
    assert out.getvalue().count("a=T,") == 2, "elsewhere it is sent again"
    screen.show_picture = False
    screen.draw(status)
    assert out.getvalue().count("a=d,d=A") == 1


def colours(status: Status) -> int:
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    screen.draw(status)
    return len(set(re.findall(r"\x1b\[38;[\d;]+m", out.getvalue())))


def test_the_picture_keeps_to_its_budget(size, monkeypatch):
    size(120, 60)
    monkeypatch.setitem(BYTES_A_SECOND, False, 1)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    for level in (50, 200):
        screen.draw(Status(**{**vars(FULL), "picture": flat(0, 0, level, (640, 480))}))
    halves = out.getvalue().split(FRAME_START)[1:]
    pictures = ["".join(re.findall(r"\x1b\[38;[\d;]+m", half)) for half in halves]
    assert pictures[0] == pictures[1], "the first is shown again while it is not paid for"


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_nothing_is_cut_without_a_sign_of_it(size, columns):
    """At every width a line is whole, or ends in an ellipsis."""
    size(columns, 40)
    long = "the face model is not installed: 'livecam model' fetches it, " * 5
    texts = {"reason": long, "last": long, "faces_note": long, "folder": long, "error": long}
    lines = shown(Status(**{**vars(FULL), **texts}))
    assert lines[0].split()[0] == "ARMED"
    for line in lines[2:-1]:
        if "fetches it" in line or len(line.rstrip()) == columns:
            assert line.rstrip().endswith(("…", "█", "░")), line


def test_a_camera_that_is_lost_shows_no_live_picture(size):
    size(120, 60)
    picture = flat(0, 0, 100, (640, 480))
    lost = Status(**{**vars(FULL), "picture": picture, "outage": "lost Booth"})
    text = "\n".join(shown(lost, picture=True))
    assert "lost Booth" in text.splitlines()[0]
    assert "0.42" not in text, "no score of a picture that is not there"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_picture_has_all_but_two_lines_whatever_comes_and_goes(size, columns):
    size(columns, 24)
    picture = flat(0, 0, 100, (160, 480))
    plain = vars(FULL) | {"picture": picture}
    for more in (
        {}, {"is_burst": True, "is_muted": True, "is_dropping": True}, {"news": "a.JPG is gone"},
        {"outage": "lost Booth; tried again in 4 s"}, {"countdown_s": 2.1}, {"unwritten": "full"},
    ):  # fmt: skip
        lines = shown(Status(**(plain | more)), picture=True)
        assert ["▀" in line for line in lines] == [False, *[True] * 22, False], more


def test_what_happened_takes_the_place_of_the_keys(size):
    picture = flat(0, 0, 100, (640, 480))
    lines = shown(Status(**vars(FULL) | {"picture": picture, "news": "it is muted"}), picture=True)
    assert lines[-1].strip() == "it is muted"


def test_when_a_lost_camera_is_tried_again_is_never_cut(size):
    size(40, 24)
    why = "lost a camera with a very long name indeed; tried again in 4 s"
    lines = shown(Status(**vars(FULL) | {"outage": why, "state": "camera lost"}), picture=True)
    assert "tried again in 4 s" in lines[0]


def test_why_nothing_can_be_saved_is_never_cut(size):
    size(80, 24)
    why = "2 moments cannot be written yet: cannot write to /a/long/folder: No space left on device"
    status = vars(FULL) | {"state": "cannot save", "unwritten": why, "is_dropping": True}
    assert "No space left on device" in shown(Status(**status), picture=True)[0]


def test_the_numbers_are_one_key_away(size):
    size(120, 60)
    out = io.StringIO()
    screen = Screen(out)
    screen.open()
    screen.show_numbers = True
    screen.draw(Status(**vars(FULL) | {"picture": flat(0, 0, 100, (640, 480))}))
    text = CODES.sub("", out.getvalue())
    for word in ("dropped 3", "3.0 s", "1280x720", "live, mirrored", "▀"):
        assert word in text


def test_blinks_are_red_in_the_curve():
    points = [
        Point(i * 100_000_000, 0.0 if 10 <= i < 13 else 0.9, True, 10 <= i < 13) for i in range(30)
    ]
    text = curve.draw(points, 3.0, 30)
    red = [span for span in text.spans if span.style == "red"]
    assert len(red) == text.plain.count("▁") >= 2


def test_a_saved_moments_curve_has_a_point_a_frame():
    faces = (FaceScore(0, (0, 0, 9, 9), 0.0, {"eyes": 0.0}),)
    frames = (
        FrameScore(0, 0, 0.9, True, (), {}),
        FrameScore(1, 33_000_000, 0.0, True, faces, {}),
    )
    found = curve.of_moment(MomentScore("faces", frames, 0, ""))
    assert [(p.is_judged, p.is_blink) for p in found] == [(False, False), (True, True)]
    scene = curve.of_moment(MomentScore("frame", frames[:1], 0, ""))
    assert scene[0].is_judged


def test_where_faces_cannot_be_looked_for_the_curve_is_that_of_the_picture():
    history = History()
    for i in range(10):
        history.note(LiveScore(i * 100_000_000, 0, 0.9, ()))
    assert set(curve.draw(history.last(3.0), 3.0, 20).plain) <= {" ", "█", "▇"}
    history.note(LiveScore(10**10, 0, 0.0, ("no face",)))
    assert curve.draw(history.last(3.0), 3.0, 20).plain.endswith("·")

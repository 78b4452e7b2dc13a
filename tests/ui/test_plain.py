"""Lines for screen readers: who is in the picture, and what the keys did."""

from __future__ import annotations

import io

import pytest

from livecam.live.live_score import LiveFace
from livecam.timebase import to_ns
from livecam.ui.plain import KEYS, PlainView, people
from livecam.ui.status import Status

LEFT = LiveFace((100, 100, 200, 220), 0.02, "eyes closed", has_shut_eyes=True)
RIGHT = LiveFace((400, 100, 500, 220), 0.9)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def armed(*boxes: LiveFace, score: float = 0.5, word: str = "fair", **more) -> Status:
    return Status("armed", score=score, word=word, faces=len(boxes), boxes=boxes, **more)


class View:
    """A view at a terminal, with a clock of its own."""

    def __init__(self, out: io.StringIO) -> None:
        self.now_s, self.out = 0.0, out
        self.view = PlainView(out, out, lambda: to_ns(self.now_s))

    def draw(self, status: Status, after_s: float = 0.1) -> list[str]:
        """The lines that it prints."""
        self.now_s += after_s
        before = len(self.out.getvalue())
        self.view.draw(status)
        self.view.outbox.join(5)
        return self.out.getvalue()[before:].splitlines()


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (armed(LEFT, RIGHT), "2 faces; left: eyes closed; fair"),
        (armed(RIGHT, score=0.9, word="great"), "1 face; great"),
        (armed(LEFT, score=0.02, word="poor"), "1 face; eyes closed; poor"),
        (armed(score=0.0, word="poor", complaints=("no face",)), "no face"),
    ],
)
def test_who_is_in_the_picture_is_one_line(status, line):
    assert people(status) == line


def test_it_is_said_when_it_changes_and_not_more_than_every_two_seconds():
    view = View(Terminal())
    assert view.draw(armed(RIGHT)) == ["1 face; fair"]
    assert view.draw(armed(RIGHT), 5) == []
    assert view.draw(armed(LEFT, RIGHT)) == ["2 faces; left: eyes closed; fair"]
    assert view.draw(armed(RIGHT), 0.5) == []
    assert view.draw(armed(RIGHT), 1.6) == ["1 face; fair"]
    assert view.draw(armed(LEFT, is_stale=True), 5) == [], "an old score is no news"


def test_what_a_key_switched_is_said_at_once():
    view = View(Terminal())
    view.draw(armed(RIGHT))
    assert view.draw(armed(RIGHT, is_automatic=True)) == ["taking photos by itself: on"]
    assert view.draw(armed(RIGHT, is_automatic=True, is_muted=True)) == ["photos without sound: on"]
    assert view.draw(armed(RIGHT)) == ["taking photos by itself: off", "photos without sound: off"]
    assert view.draw(armed(RIGHT, countdown_s=2.9)) == ["timer: on"]


def test_a_log_gets_events_alone():
    view = View(io.StringIO())
    assert view.draw(armed(LEFT, RIGHT, is_burst=True), 5) == []
    assert KEYS.startswith("keys: SPACE")

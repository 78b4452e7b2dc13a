"""The terminal screen: rich lays out the words, half blocks show the picture."""

from __future__ import annotations

import io
import math
import os
import re
import shutil
from typing import TYPE_CHECKING, TextIO

import cv2
from rich.cells import cell_len
from rich.console import Console, Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from livecam.quality.explain import word_for
from livecam.timebase import NS_PER_S, now_ns, to_ns
from livecam.ui import curve, half_blocks
from livecam.ui.streams import discard
from livecam.ui.terminal import enable_escapes

if TYPE_CHECKING:
    from rich.console import RenderableType

    from livecam.contract import Event
    from livecam.ui.status import Status

ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
LEAVE = "\x1b[?25h\x1b[?1049l"
FRAME_START = "\x1b[?2026h\x1b[H"
"""Synchronized output: the terminal shows the whole frame or the one before, never half of one."""
REST_EMPTY = "\x1b[J"
FRAME_END = "\x1b[?2026l"

CODES = re.compile(r"\x1b\[[0-9;]*m")

STATE_STYLES = {
    "opening": "yellow",
    "waiting": "yellow",
    "warming up": "yellow",
    "armed": "bold green",
    "captured": "bold reverse magenta",
    "scoring": "bold cyan",
    "saved": "bold green",
    "camera lost": "bold red",
    "finishing": "yellow",
    "ended": "yellow",
}
WORD_STYLES = {"great": "bold green", "good": "green", "fair": "yellow", "poor": "red"}
KEYS = (
    ("SPACE", "shutter"), ("t", "timer"), ("u", "undo"), ("p", "picture"), ("?", "help"),
    ("q", "quit"),
)  # fmt: skip
HELP = (
    ("SPACE", "take a photo, at any time; held down, one now and then"),
    ("t", "timer of 3 s, again 10 s, again none; SPACE takes it at once"),
    ("a", "take photos by itself when everyone looks good, one in five seconds"),
    ("u", "put the last photo into the trash; again brings it back"),
    ("p", "show the picture or not"),
    ("f", "mirror the picture or not; photos are never mirrored"),
    ("q", "save what was shot, then quit"),
    ("?", "this"),
)
CURVE_WIDTH = 40
BUSY_S = 0.5
"""From one live picture to the next while a moment is worked on: the camera comes first."""
BYTES_A_SECOND = {False: 2_000_000, True: 150_000}
"""What the picture may take, here and over SSH: 200 columns take a million, 80 a sixth of it."""
BOX_BGR = {
    "great": (90, 200, 80),
    "good": (90, 200, 80),
    "fair": (60, 180, 230),
    "poor": (60, 60, 230),
}


class Screen:
    """Draws a status over the whole terminal, and puts back what was there."""

    def __init__(self, out: TextIO, *, is_picture: bool = True) -> None:
        """`is_picture` shows the picture from the start."""
        self._out = out
        self.show_picture = is_picture
        self.is_mirrored = True
        self.show_help = False
        self.is_read = True
        self._open = False
        self._budget = Budget(BYTES_A_SECOND["SSH_CONNECTION" in os.environ])
        self._picture: list[str] = []

    def open(self) -> None:
        """Take the terminal over."""
        enable_escapes()
        self._write(ENTER)
        self._open = True

    def close(self) -> None:
        """Give the terminal back. May be called twice."""
        if self._open:
            self._open = False
            self._write(LEAVE)

    def on_event(self, event: Event) -> None:
        """Everything is read from the status."""

    def draw(self, status: Status) -> None:
        """Show a status now."""
        if not self._open:
            return
        columns, rows = shutil.get_terminal_size()
        words = (_help(columns) if self.show_help else _words(status, columns))[: rows - 1]
        footer = _footer(columns)
        picture: list[str] = []
        room = rows - len(words) - len(footer) - 2
        if (
            status.picture is not None
            and room >= 4
            and (self.show_picture or status.picture_is_key)
        ):
            caption = self._caption(status)
            picture = [
                *rendered(Text(caption, "dim"), columns)[:1],
                *self._drawn(status, columns, room),
            ]
        filler = [""] * max(0, rows - len(words) - len(picture) - len(footer))
        lines = [*words, *picture, *filler, *footer][:rows]
        self._write(FRAME_START + "\x1b[K\r\n".join(lines) + "\x1b[K" + REST_EMPTY + FRAME_END)

    def _caption(self, status: Status) -> str:
        if status.picture_is_key:
            return "the key photo, not mirrored"
        if status.outage:
            return "the last picture before the camera was lost"
        return "live, mirrored" if self.is_mirrored else "live"

    def _drawn(self, status: Status, columns: int, rows: int) -> list[str]:
        """The picture, or that of before where the next would be more than the line can take."""
        assert status.picture is not None
        is_due = status.picture_is_key or self._budget.has_room()
        if self._picture and len(self._picture) <= rows and not is_due:
            return self._picture
        try:
            reduce = 8 if status.picture.size_wh[0] >= 1280 else 4
            image = status.picture.bgr(reduce=reduce)
        except ValueError:
            return []  # a broken JPEG of the camera: the next one comes soon
        scale = image.shape[1] / status.picture.size_wh[0]
        for box, score in status.boxes:
            left, top, right, bottom = (round(edge * scale) for edge in box)
            cv2.rectangle(image, (left, top), (right, bottom), BOX_BGR[word_for(score)], 2)
        # Mirrored like a mirror while it is live; a photo is shown as it is kept.
        mirrored = self.is_mirrored and not status.picture_is_key
        drawn = half_blocks.draw(image, columns, rows, mirrored=mirrored)
        self._budget.spend(sum(map(len, drawn)))
        if status.waiting and not status.picture_is_key:
            self._budget.rest(BUSY_S)
        # In the middle: people stand before it.
        shown = max((cell_len(CODES.sub("", line)) for line in drawn), default=0)
        self._picture = [" " * ((columns - shown) // 2) + line for line in drawn]
        return self._picture

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._open = False  # the terminal is gone; capture goes on
            discard(self._out)


def _words(status: Status, columns: int) -> list[str]:
    head = Table.grid(expand=True)
    head.add_column(no_wrap=True, width=len(status.state) + 2)
    head.add_column(justify="right", no_wrap=True, overflow="ellipsis", ratio=1)
    head.add_row(
        Text(f" {status.state.upper()} ", STATE_STYLES[status.state]),
        Text(" · ".join(filter(None, (status.camera, status.mode))), "dim"),
    )
    # As wide as the terminal: a grid of its own width is cut at the edge, without a sign of it.
    body = Table.grid(padding=(0, 2), expand=True)
    body.add_column(style="dim", no_wrap=True, width=6)
    body.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    body.add_row("score", _score(status))
    body.add_row("", Text(", ".join(status.complaints), "yellow"))
    if status.curve:
        width = min(CURVE_WIDTH, max(1, columns - 10))
        body.add_row("curve", curve.draw(status.curve, status.span_s, width))
    if status.countdown_s is not None:
        body.add_row("timer", Text(f"in {math.ceil(status.countdown_s)} s", "bold reverse"))
    if status.is_automatic:
        body.add_row("auto", Text("takes a photo when everyone looks good", "green"))
    bar = _bar(status.ring_s / status.span_s if status.span_s else 0.0, 12)
    body.add_row("ring", f"{bar} {status.ring_s:.1f} s of {status.span_s:.1f}")
    dropped = Text(f"dropped {status.dropped}", "bold red" if status.dropped else "")
    body.add_row("camera", Text.assemble(f"{status.rate_hz:.0f} frames/s, ", dropped))
    if status.mode_note:
        body.add_row("", Text(status.mode_note, "yellow"))
    if status.outage:
        body.add_row("", Text(status.outage, "bold red"))
    body.add_row("sound", _sound(status))
    body.add_row("shots", _shots(status))
    if status.folder:
        body.add_row("into", Text(status.folder))
    for told in filter(None, (status.unwritten, status.leaving)):
        body.add_row("", Text(told, "bold yellow"))
    body.add_row("last", Text(status.last or "-"))
    body.add_row("", Text(status.reason, "dim"))
    if status.faces_note:
        body.add_row("faces", Text(f"not looked for: {status.faces_note}", "yellow"))
    if status.error:
        body.add_row("error", Text(status.error, "bold red"))
    return rendered(Group(head, Rule(style="dim"), body), columns)


def _score(status: Status) -> Text:
    if status.score is None:
        return Text("-")
    style = WORD_STYLES[status.word]
    faces = "no face" if not status.faces else f"{status.faces} face" + "s" * (status.faces > 1)
    return Text.assemble(
        (f"{status.score:.2f} {status.word:<5}", style), f" {_bar(status.score, 20)} {faces}"
    )


def _sound(status: Status) -> Text:
    if status.sound_note:
        return Text(f"no sound: {status.sound_note}", "yellow")
    # A square root brings quiet speech into the visible part of the bar.
    return Text(_bar(status.sound_level**0.5, 12))


def _shots(status: Status) -> str:
    waiting = f", {status.waiting} in work" if status.waiting else ""
    held = f", {status.held} held" if status.held else ""
    kept = f", {status.kept} kept until the camera is ready" if status.kept else ""
    return f"{status.shots} taken, {status.saved} saved{waiting}{held}{kept}"


def _help(columns: int) -> list[str]:
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(no_wrap=True, style="bold", width=6)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for key, meaning in HELP:
        rows.add_row(key, meaning)
    return rendered(Group(Text("keys", "bold"), rows), columns)


class Budget:
    """Bytes that may be sent in a second."""

    def __init__(self, a_second: int) -> None:
        self._a_second = a_second
        self._free_ns = 0
        """When what was sent will be paid for."""

    def has_room(self) -> bool:
        """Whether anything more may be sent now."""
        return now_ns() >= self._free_ns

    def rest(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._free_ns = max(self._free_ns, now_ns() + to_ns(seconds))

    def spend(self, count: int) -> None:
        """So many bytes were sent."""
        self._free_ns = max(self._free_ns, now_ns()) + round(count / self._a_second * NS_PER_S)


def _bar(share: float, width: int) -> str:
    filled = round(max(0.0, min(1.0, share)) * width)
    return "█" * filled + "░" * (width - filled)


def _footer(columns: int) -> list[str]:
    """As many keys as there is room for; SPACE, help and quit before all others."""
    keys = [*KEYS]
    for name in ("p", "u", "t"):
        if sum(len(key) + len(meaning) + 6 for key, meaning in keys) <= columns:
            break
        keys = [pair for pair in keys if pair[0] != name]
    is_narrow = sum(len(key) + len(meaning) + 6 for key, meaning in keys) > columns
    text = Text()
    for key, meaning in keys:
        text.append(f" {key} ", "reverse")
        text.append(" " if is_narrow else f" {meaning}   ")
    return rendered(text, columns)[:1]


def rendered(renderable: RenderableType, columns: int) -> list[str]:
    """Lines with their escape codes, for a terminal of this width."""
    buffer = io.StringIO()
    # What the terminal can do is asked of the environment, not of the buffer.
    plain = bool(os.environ.get("NO_COLOR"))
    Console(
        file=buffer, width=columns, force_terminal=True, no_color=plain, highlight=False,
        legacy_windows=False,
    ).print(renderable, end="")  # fmt: skip
    return buffer.getvalue().rstrip("\n").split("\n")

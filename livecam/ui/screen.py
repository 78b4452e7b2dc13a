"""The terminal screen: rich lays out the words, half blocks show the picture."""

from __future__ import annotations

import io
import math
import os
import shutil
from typing import TYPE_CHECKING, TextIO

import cv2
import numpy as np
from rich.console import Console, Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from livecam.quality.explain import word_for
from livecam.timebase import NS_PER_S, now_ns, to_ns
from livecam.ui import curve
from livecam.ui.graphics import Painter, is_remote
from livecam.ui.streams import discard
from livecam.ui.terminal import enable_escapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from livecam.contract import Event
    from livecam.frame import Bytes
    from livecam.ui.graphics import Drawn, Way
    from livecam.ui.status import Status

ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
LEAVE = "\x1b[?25h\x1b[?1049l"
FRAME_START = "\x1b[?2026h\x1b[H"
"""Synchronized output: the terminal shows the whole frame or the one before, never half of one."""
FRAME_END = "\x1b[?2026l"

STATE_STYLES = {
    "opening": "yellow",
    "waiting": "yellow",
    "warming up": "yellow",
    "armed": "bold green",
    "captured": "bold reverse magenta",
    "scoring": "bold cyan",
    "cannot save": "bold reverse red",
    "saved": "bold green",
    "camera lost": "bold red",
    "finishing": "yellow",
    "ended": "yellow",
}
WORD_STYLES = {"great": "bold green", "good": "green", "fair": "yellow", "poor": "red"}
KEYS = (
    ("SPACE", "shutter"), ("t", "timer"), ("r", "look"), ("u", "undo"), ("p", "picture"),
    ("i", "numbers"), ("?", "help"), ("q", "quit"),
)  # fmt: skip
HELP = (
    ("SPACE", "take a photo, at any time; held down, one now and then"),
    ("t", "timer of 3 s, again 10 s, again none; SPACE takes it at once"),
    ("a", "take photos by itself when everyone looks good, one in five seconds"),
    ("b", "a burst: one photo a second, until b or SPACE"),
    ("r", "look through the last photo, and choose another key photo"),
    ("u", "undo the newest step, or put the last photo into the trash"),
    ("p", "show the picture or not"),
    ("i", "show the numbers beside the picture, or above it"),
    ("f", "mirror the picture or not; photos are never mirrored"),
    ("m", "photos without sound, or with it again"),
    ("q", "save what was shot, then quit"),
    ("?", "this"),
)
CURVE_WIDTH = 40
REAL_WIDTH, BLOCKS_WIDTH = 640, 160
"""Least width in pixels of the picture that is drawn: as a real one, or in half blocks."""
FONT = cv2.FONT_HERSHEY_DUPLEX
FLASH = 3
"""A press divides how much darker than white each pixel is by this."""
LEAST_TOLD = 20
"""Columns that the one thing to know gets before the counts do."""
DARKENED = 3
"""The picture from before the camera was lost is divided by this."""
KEPT = "\x1b[0m"
"""Stands for a line of a real picture that stays as it is."""
BUSY_S = 0.5
"""Pause between live pictures while a moment is worked on: the camera comes first."""
BYTES_A_SECOND = {False: 2_000_000, True: 150_000}
"""Bandwidth of the picture, here and over SSH: 200 columns take a million, 80 a sixth of that."""
BOX_BGR = {
    "great": (90, 200, 80),
    "good": (90, 200, 80),
    "fair": (60, 180, 230),
    "poor": (60, 60, 230),
}


class Screen:
    """Draws a status over the whole terminal, and puts back what was there."""

    def __init__(
        self, out: TextIO, *, is_picture: bool = True, painter: Painter | None = None
    ) -> None:
        """`is_picture` shows the picture from the start; `painter` draws it (or half blocks)."""
        self._out = out
        self._painter = painter or Painter("blocks")
        self.show_picture = is_picture
        self.is_mirrored = True
        self.show_help = self.show_numbers = False
        self._open = False
        self._budget = Budget(BYTES_A_SECOND[is_remote()])
        self._drawn: Drawn | None = None
        self._shown: tuple[int, ...] | None = None
        """Where the terminal shows a real picture, or None."""

    def use(self, way: Way) -> None:
        """Draw pictures in this way from now on."""
        self._painter.close()
        self._painter = Painter(way)

    def open(self) -> None:
        """Take the terminal over."""
        enable_escapes()
        self._write(ENTER)
        self._open, self._shown = True, None

    def close(self) -> None:
        """Give the terminal back. May be called twice."""
        if self._open:
            self._open = False
            self._write(self._painter.clear() + LEAVE)
            self._painter.close()

    def on_event(self, event: Event) -> None:
        """Ignore it: everything on the screen is read from the status."""

    def draw_moment(self, draw: Callable[[int, int], str]) -> None:
        """Show a moment that is looked through in place of the camera.

        `draw(columns, rows)` returns the text for a terminal of that size.
        """
        if self._open:
            self._drawn = self._shown = None
            self._write(draw(*shutil.get_terminal_size()))

    def wipe(self) -> None:
        """Clear the terminal, including what others have drawn."""
        self._write(self._painter.clear() + "\x1b[2J")

    @property
    def painter(self) -> Painter:
        """What draws pictures here."""
        return self._painter

    def draw(self, status: Status) -> None:
        """Show a status now."""
        if not self._open:
            return
        columns, rows = shutil.get_terminal_size()
        is_wanted = self.show_picture or status.picture_is_key
        is_first = is_wanted and not self.show_help and not self.show_numbers
        if self.show_help:
            words = _help(columns)
        elif is_first:
            words = [_headline(status, columns)]
        else:
            words = _words(status, columns)
        words = words[: rows - 1]
        footer = [_news(status, columns)] if is_first and status.news else _footer(columns)
        room = rows - len(words) - len(footer) - (0 if is_first else 2)
        picture: list[str] | None = None
        sent = ""
        if status.picture is not None and room >= 4 and is_wanted:
            if not is_first:
                words.append(line_of(Text(self._caption(status), "dim"), columns))
            picture, sent = self._place(status, columns, room, len(words))
        if picture is None or self._drawn is None or self._drawn.lines:
            sent += self._painter.clear() if self._shown is not None else ""
            self._shown = None
        picture = picture or []
        filler = [""] * max(0, rows - len(words) - len(picture) - len(footer))
        lines = [*words, *picture, *filler, *footer][:rows]
        body = ""
        for i, line in enumerate(lines):
            # A real picture that is there already stays: its lines are skipped.
            is_passed = self._shown is not None and line is KEPT
            # Erased before it is written: erasing after a full line would delete its last column.
            body += ("\r\n" if i else "") + ("" if is_passed else "\x1b[K") + line
        self._write(FRAME_START + body + sent + FRAME_END)

    def _place(
        self, status: Status, columns: int, room: int, top: int
    ) -> tuple[list[str] | None, str]:
        """The lines of the picture, and the sequences that are sent after all lines."""
        is_fresh = self._redraw(status, columns, room)
        drawn = self._drawn
        if drawn is None:
            return None, ""
        # Centred: people stand in front of it.
        left = (columns - drawn.columns) // 2
        if drawn.lines:
            lines = [" " * left + line for line in drawn.lines]
            return lines, "".join(self._labels(status, (left, top), (drawn.columns, drawn.rows)))
        place = (columns, top, left, drawn.columns, drawn.rows)
        is_kept = place == self._shown
        self._shown = place
        sent = f"\x1b[{top + 1};{left + 1}H{drawn.sequence}" if is_fresh or not is_kept else ""
        return [KEPT if is_kept else ""] * drawn.rows, sent

    def _caption(self, status: Status) -> str:
        if status.picture_is_key:
            return "the key photo, not mirrored"
        if status.outage:
            return "the last picture before the camera was lost"
        return "live, mirrored" if self.is_mirrored else "live"

    def _redraw(self, status: Status, columns: int, rows: int) -> bool:
        """Draw the picture anew if the bandwidth allows it; return whether it was drawn."""
        assert status.picture is not None
        drawn = self._drawn
        fits = drawn is not None and drawn.rows <= rows and drawn.columns <= columns
        is_due = status.picture_is_key or status.is_flashing or self._budget.has_room()
        if fits and not is_due:
            return False
        least = REAL_WIDTH if self._painter.is_real else BLOCKS_WIDTH
        width = status.picture.shown_wh[0]
        reduce = next((r for r in (8, 4, 2) if width // r >= least), 1)
        try:
            image = status.picture.bgr(reduce=reduce)
        except ValueError:
            return False  # a broken JPEG of the camera: the next one comes soon
        is_mirrored = self.is_mirrored and not status.picture_is_key
        image = _decorated(image, status, is_mirrored=is_mirrored, is_real=self._painter.is_real)
        drawn = self._drawn = self._painter.draw(image, columns, rows)
        self._budget.spend(drawn.size)
        if status.waiting and not status.picture_is_key:
            self._budget.rest(BUSY_S)
        return True

    def _labels(
        self, status: Status, corner: tuple[int, int], size: tuple[int, int]
    ) -> Iterator[str]:
        """Scores at the lower edges of the faces, as text over the half blocks."""
        assert status.picture is not None
        width, height = status.picture.shown_wh
        (left, top), (across, down) = corner, size
        for face in status.boxes:
            x0, _, x1, y1 = face.box_xyxy
            edge = width - x1 if self.is_mirrored else x0
            text = f" {face.score:.2f} {face.fault} "[: across - 2]
            column = min(max(0, round(edge * across / width)), across - len(text))
            row = min(down - 1, round(y1 * down / height))
            label = Text(text, f"reverse {WORD_STYLES[word_for(face.score)]}")
            yield f"\x1b[{top + row + 1};{left + column + 1}H{line_of(label, len(text))}"

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._open = False  # the terminal is gone; capture goes on
            discard(self._out)


def _decorated(image: Bytes, status: Status, *, is_mirrored: bool, is_real: bool) -> Bytes:
    """The live picture with boxes, scores, countdown and the flash of a press.

    Mirroring comes first, so that what is written on the picture can be read.
    """
    assert status.picture is not None
    height, width = image.shape[:2]
    scale = width / status.picture.shown_wh[0]
    if is_mirrored:
        image = np.ascontiguousarray(image[:, ::-1])
    thin = max(2, width // 300)
    letters = max(0.45, width / 1200)
    for face in status.boxes:
        left, top, right, bottom = (round(edge * scale) for edge in face.box_xyxy)
        if is_mirrored:
            left, right = width - right, width - left
        colour = BOX_BGR[word_for(face.score)]
        cv2.rectangle(image, (left, top), (right, bottom), colour, thin)
        if is_real:
            text = f"{face.score:.2f} {face.fault}".strip()
            (wide, high), _ = cv2.getTextSize(text, FONT, letters, 1)
            below = (left + wide + 10, bottom + high + 12)
            cv2.rectangle(image, (left, bottom), below, colour, cv2.FILLED)
            place = (left + 5, bottom + high + 5)
            cv2.putText(image, text, place, FONT, letters, (0, 0, 0), 1, cv2.LINE_AA)
    if status.countdown_s is not None and not status.picture_is_key:
        text = str(math.ceil(status.countdown_s))
        size = height / 45  # half of the height: it is read from across the room
        thick = max(2, round(2 * size))
        (wide, high), _ = cv2.getTextSize(text, FONT, size, thick)
        place = ((width - wide) // 2, (height + high) // 2)
        # With a dark edge, to be readable on any background.
        cv2.putText(image, text, place, FONT, size, (0, 0, 0), thick + 4, cv2.LINE_AA)
        cv2.putText(image, text, place, FONT, size, (255, 255, 255), thick, cv2.LINE_AA)
    if status.outage:
        image = image // DARKENED  # nobody shall take it for live
    if status.is_flashing and not status.picture_is_key:
        image = 255 - (255 - image) // FLASH
    return image


def _headline(status: Status, columns: int) -> str:
    """State, score and its one reason, or what is wrong; then the photos and the camera."""
    state = Text(f" {status.state.upper()} ", STATE_STYLES[status.state])
    switches = Text()
    for word, style in _switches(status):
        switches.append(" · ").append(word, style)
    first = _first_word(status)
    left = columns - len(state) - len(switches) - 1
    # The counts give way to the one thing to know, the camera's name to both.
    counts = f" {_shots(status)} " if status.shots or status.kept else " "
    is_trouble = bool(status.outage or status.unwritten or status.leaving)
    if left - len(counts) < (len(first) if is_trouble else min(len(first), LEAST_TOLD)):
        counts = ""
    camera = f" {status.camera} ·" if counts.strip() else f" {status.camera}"
    if left - len(counts) - len(camera) < len(first):
        camera = ""
    room = max(0, left - len(counts) - len(camera))
    first.truncate(room, overflow="ellipsis", pad=True)
    told = Text.assemble(state, " ", first, switches, (camera + counts, "dim"))
    return line_of(told, columns)


def _first_word(status: Status) -> Text:
    """The one thing to know now."""
    if status.outage:
        # When it is tried again comes first: it must not be cut.
        why, _, again = status.outage.rpartition("; ")
        return Text(f"{again}: {why}" if why else again, "bold red")
    if status.unwritten:
        # So does the reason: "No space left on device".
        what, _, why = status.unwritten.rpartition(": ")
        return Text(f"{why}: {what}" if what else why, "bold yellow")
    if status.leaving:
        return Text(status.leaving, "bold yellow")
    if status.countdown_s is not None:
        return Text(f"in {math.ceil(status.countdown_s)} s", "bold reverse")
    if status.picture_is_key:
        return Text(status.last.partition("  ")[2] + f": {status.reason}")
    if status.score is None or status.is_stale:
        return Text(status.mode, "dim")
    text = Text.assemble((f"{status.score:.2f} {status.word}", WORD_STYLES[status.word]))
    if status.complaints:
        text.append(f"  {status.complaints[0]}", "yellow")
    elif not status.faces:
        text.append("  no face", "dim")
    return text


def _switches(status: Status) -> Iterator[tuple[str, str]]:
    """What is different from usual, each in a word."""
    if status.is_automatic:
        yield "by itself", "green"
    if status.is_burst:
        yield "burst", "bold reverse"
    if status.is_muted:
        yield "muted", "yellow"
    elif status.sound_note:
        yield f"no sound: {status.sound_note}", "yellow"
    if status.faces_note:
        yield "faces are not looked for", "yellow"
    if status.is_dropping:
        yield f"dropped {status.dropped}", "bold red"


def _news(status: Status, columns: int) -> str:
    style = "bold red" if status.news == status.error else "bold"
    return line_of(Text(f" {status.news}", style), columns)


def _words(status: Status, columns: int) -> list[str]:
    head = Table.grid(expand=True)
    head.add_column(no_wrap=True, width=len(status.state) + 2)
    head.add_column(justify="right", no_wrap=True, overflow="ellipsis", ratio=1)
    head.add_row(
        Text(f" {status.state.upper()} ", STATE_STYLES[status.state]),
        Text(" · ".join(filter(None, (status.camera, status.mode))), "dim"),
    )
    # As wide as the terminal: a wider grid would be cut at the edge without an ellipsis.
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
    if status.is_burst:
        body.add_row("burst", Text("one photo a second; b ends it", "bold reverse"))
    if status.is_automatic:
        body.add_row("auto", Text("takes a photo when everyone looks good", "green"))
    bar = _bar(status.ring_s / status.span_s if status.span_s else 0.0, 12)
    body.add_row("ring", f"{bar} {status.ring_s:.1f} s of {status.span_s:.1f}")
    dropped = Text(f"dropped {status.dropped}", "bold red" if status.is_dropping else "")
    body.add_row("camera", Text.assemble(f"{status.rate_hz:.0f} frames/s, ", dropped))
    if status.mode_note:
        body.add_row("", Text(status.mode_note, "yellow"))
    if status.outage:
        body.add_row("", Text(status.outage, "bold red"))
    body.add_row("sound", _sound(status))
    body.add_row("shots", _shots(status))
    if status.folder:
        body.add_row("into", Text(status.folder))
    if status.place:
        body.add_row("at", Text(status.place, overflow="fold"))
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
    style = "dim" if status.is_stale else WORD_STYLES[status.word]
    old = ", of before the press" if status.is_stale else ""
    faces = "no face" if not status.faces else f"{status.faces} face" + "s" * (status.faces > 1)
    return Text.assemble(
        (f"{status.score:.2f} {status.word:<5}", style), f" {_bar(status.score, 20)} {faces}{old}"
    )


def _sound(status: Status) -> Text:
    if status.is_muted:
        return Text("muted: photos have no sound; m records it again", "yellow")
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
    """Limits the bytes that are sent in a second."""

    def __init__(self, a_second: int) -> None:
        self._a_second = a_second
        self._free_ns = 0
        """When more may be sent, on the monotonic clock."""

    def has_room(self) -> bool:
        """Whether anything more may be sent now."""
        return now_ns() >= self._free_ns

    def rest(self, seconds: float) -> None:
        """Send nothing for some seconds."""
        self._free_ns = max(self._free_ns, now_ns() + to_ns(seconds))

    def spend(self, count: int) -> None:
        """Count bytes that were sent."""
        self._free_ns = max(self._free_ns, now_ns()) + round(count / self._a_second * NS_PER_S)


def _bar(share: float, width: int) -> str:
    filled = round(max(0.0, min(1.0, share)) * width)
    return "█" * filled + "░" * (width - filled)


def _footer(columns: int) -> list[str]:
    """As many keys as there is room for; SPACE, help and quit before all others."""
    keys = [*KEYS]
    for name in ("r", "p", "u", "i", "t"):
        if sum(len(key) + len(meaning) + 6 for key, meaning in keys) <= columns:
            break
        keys = [pair for pair in keys if pair[0] != name]
    is_narrow = sum(len(key) + len(meaning) + 6 for key, meaning in keys) > columns
    text = Text()
    for key, meaning in keys:
        text.append(f" {key} ", "reverse")
        text.append(" " if is_narrow else f" {meaning}   ")
    return [line_of(text, columns)]


def rendered(renderable: RenderableType, columns: int) -> list[str]:
    """Lines with their escape codes, for a terminal of this width."""
    buffer = io.StringIO()
    # What the terminal can do is read from the environment, since the buffer cannot tell.
    plain = bool(os.environ.get("NO_COLOR"))
    Console(
        file=buffer, width=columns, force_terminal=True, no_color=plain, highlight=False,
        legacy_windows=False,
    ).print(renderable, end="")  # fmt: skip
    return buffer.getvalue().rstrip("\n").split("\n")


def line_of(text: Text, columns: int) -> str:
    """A text as one line, with an ellipsis where it is too long."""
    text = text.copy()
    text.truncate(columns, overflow="ellipsis")
    return rendered(text, columns)[0]

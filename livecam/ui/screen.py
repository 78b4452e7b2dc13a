"""The terminal screen: rich lays out the words, half blocks show the picture."""

from __future__ import annotations

import io
import os
import shutil
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from livecam.ui import half_blocks
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
FRAME_END = "\x1b[J\x1b[?2026l"

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
KEYS = (("SPACE", "shutter"), ("p", "picture"), ("q", "quit"))


class Screen:
    """Draws a status over the whole terminal, and puts back what was there."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.show_picture = False
        self.is_read = True
        self._open = False

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
        words = _words(status, columns)[: rows - 1]
        footer = _footer(columns)
        picture: list[str] = []
        room = rows - len(words) - len(footer) - 1
        if (
            status.picture is not None
            and room >= 4
            and (self.show_picture or status.picture_is_key)
        ):
            try:
                image = status.picture.bgr(reduce=8 if status.picture.size_wh[0] >= 1280 else 4)
            except ValueError:
                image = None  # a broken JPEG of the camera: the next one comes soon
            if image is not None:
                # Mirrored like a mirror while it is live; a photo is shown as it is kept.
                mirrored = not status.picture_is_key
                picture = half_blocks.draw(image, columns, room, mirrored=mirrored)
        filler = [""] * max(0, rows - len(words) - len(picture) - len(footer))
        lines = [*words, *picture, *filler, *footer][:rows]
        self._write(FRAME_START + "\x1b[K\r\n".join(lines) + "\x1b[K" + FRAME_END)

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._open = False  # the terminal is gone; capture goes on
            discard(self._out)


def _words(status: Status, columns: int) -> list[str]:
    head = Table.grid(expand=True)
    head.add_column(no_wrap=True)
    head.add_column(justify="right", no_wrap=True, overflow="ellipsis")
    head.add_row(
        Text(f" {status.state.upper()} ", STATE_STYLES[status.state]),
        Text(" · ".join(filter(None, (status.camera, status.mode))), "dim"),
    )
    body = Table.grid(padding=(0, 2))
    body.add_column(style="dim", no_wrap=True, min_width=6)
    body.add_column(no_wrap=True, overflow="ellipsis")
    body.add_row("score", _score(status))
    body.add_row("", Text(", ".join(status.complaints), "yellow"))
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
    for told in filter(None, (status.unwritten, status.leaving)):
        body.add_row("", Text(told, "bold yellow"))
    body.add_row("last", Text(status.last or "-"))
    body.add_row("", Text(status.reason, "dim"))
    if status.faces_note:
        body.add_row("faces", Text(f"not looked for: {status.faces_note}", "yellow"))
    if status.error:
        body.add_row("error", Text(status.error, "bold red"))
    return _render(Group(head, Rule(style="dim"), body), columns)


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


def _bar(share: float, width: int) -> str:
    filled = round(max(0.0, min(1.0, share)) * width)
    return "█" * filled + "░" * (width - filled)


def _footer(columns: int) -> list[str]:
    text = Text()
    for key, meaning in KEYS:
        text.append(f" {key} ", "reverse").append(f" {meaning}   ")
    return _render(text, columns)[:1]


def _render(renderable: RenderableType, columns: int) -> list[str]:
    """Lines with their escape codes, for a terminal of this width."""
    buffer = io.StringIO()
    # What the terminal can do is asked of the environment, not of the buffer.
    plain = bool(os.environ.get("NO_COLOR"))
    Console(
        file=buffer, width=columns, force_terminal=True, no_color=plain, highlight=False,
        legacy_windows=False,
    ).print(renderable, end="")  # fmt: skip
    return buffer.getvalue().rstrip("\n").split("\n")

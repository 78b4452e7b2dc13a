"""Pictures in a terminal: real ones where it can show them, half blocks everywhere else.

- kitty's protocol (kitty, Ghostty, WezTerm, Konsole): through shared memory on this machine, as PNG
  from another; https://sw.kovidgoyal.net/kitty/graphics-protocol/
- iTerm2's (iTerm2, WezTerm): JPEG; https://iterm2.com/documentation-images.html

Half blocks do not show whether eyes are open; real pictures do. The terminal is asked what it can
show, and has a moment to answer: one behind a tmux does not answer.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import uuid
from base64 import b64encode
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Literal, Protocol

import cv2
import numpy as np

from livecam import memory
from livecam.ui import half_blocks

if TYPE_CHECKING:
    from multiprocessing.shared_memory import SharedMemory

    from livecam.frame import Bytes

Way = Literal["kitty-memory", "kitty", "iterm", "blocks"]
WAYS: tuple[Way, ...] = ("kitty-memory", "kitty", "iterm", "blocks")

ASK_S = 0.25
"""How long a terminal may take to answer: a local one takes 5 ms, one behind a slow line 200."""
DA1 = "\x1b[c"
"""A query that every terminal answers, and so the last one: a query that has no answer by then is
not supported."""
DA1_ANSWER = rb"\x1b\[\?[0-9;]*c"
CHUNK = 4096
"""Bytes that kitty takes in one piece."""
CELL_WH = (8, 16)
"""Pixels, where the terminal does not tell: only the aspect ratio matters."""
MOST_WIDTH = {False: 960, True: 320}
"""Pixels of a picture that is sent, here and over SSH."""
PNG_LEVEL, JPEG_QUALITY = 1, 80
FIRST_ID = 9100
"""The first number of kitty's pictures: each slot uses two in turn, so that the old picture stays
until the new one is there."""
MOST_MEMORIES = 4
"""Pictures in shared memory that may be unread: two for each of two side by side."""


class Terminal(Protocol):
    """Something that can query the terminal: the keyboard."""

    def ask(self, question: str, end: bytes, timeout_s: float) -> str:
        """Return the answer, or ""."""


def is_remote() -> bool:
    """Whether the terminal is on another machine (SSH)."""
    return "SSH_CONNECTION" in os.environ


def find_way(terminal: Terminal) -> Way:
    """Ask the terminal how it can show pictures."""
    offered = _offered_memory()
    question = f"{_kitty('a=q,t=d,f=24,s=1,v=1,i=31', b64encode(bytes(3)))}"
    if offered is not None:
        question += _kitty("a=q,t=s,f=24,s=1,v=1,i=32", b64encode(offered.name.encode()))
    try:
        answer = terminal.ask(f"{question}\x1b[>q{DA1}", DA1_ANSWER, ASK_S)
    finally:
        if offered is not None:
            _take_away(offered)
    if "i=32;OK" in answer:
        return "kitty-memory"
    if "i=31;OK" in answer:
        return "kitty"
    if re.search(r"P>\|(iTerm2|WezTerm)", answer) or os.environ.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "blocks"


def _offered_memory() -> SharedMemory | None:
    """A pixel in shared memory, or None: a terminal that can read it is on this machine."""
    if sys.platform == "win32" or is_remote():
        return None
    try:
        return memory.shared(3, _memory_name())
    except OSError:
        return None


def _memory_name() -> str:
    return f"livecam-{uuid.uuid4().hex[:12]}"


def _take_away(offered: SharedMemory) -> None:
    offered.close()
    try:
        offered.unlink()
    except FileNotFoundError:
        # Kitty unlinked it after reading it; Python would report it as leaked at exit.
        with contextlib.suppress(KeyError, AttributeError):
            resource_tracker.unregister(offered._name, "shared_memory")  # type: ignore[attr-defined]


def _kitty(control: str, payload: bytes = b"") -> str:
    """One command of kitty's protocol."""
    return f"\x1b_G{control};{payload.decode()}\x1b\\"


@dataclass(frozen=True)
class Drawn:
    """A picture, ready to be sent."""

    columns: int
    rows: int
    """Cells that it takes."""
    lines: list[str]
    """Of half blocks; [] for a real picture."""
    sequence: str = ""
    """The sequence that shows a real picture at the cursor."""

    @property
    def size(self) -> int:
        """Bytes to send, roughly."""
        return len(self.sequence) + sum(map(len, self.lines))


class Painter:
    """Draws in one way. One thread at a time."""

    def __init__(self, way: Way, cell_wh: tuple[int, int] | None = None) -> None:
        """`cell_wh` is a cell's size in pixels; None asks the terminal of standard output."""
        self.way = way
        self._cell_wh = cell_wh or _cell_wh()
        self._turns: dict[int, int] = {}
        self._memory: list[SharedMemory] = []

    @property
    def is_real(self) -> bool:
        """Whether single pixels can be seen."""
        return self.way != "blocks"

    def draw(
        self,
        image_bgr: Bytes,
        columns: int,
        rows: int,
        *,
        slot: int = 0,
    ) -> Drawn:
        """Draw a (H, W, 3) uint8 BGR picture in at most so many cells, in its aspect ratio.

        It replaces the picture drawn before it in the same `slot`.
        """
        if not self.is_real:
            lines = half_blocks.draw(image_bgr, columns, rows)
            return Drawn(min(columns, _width(image_bgr, columns, rows)), len(lines), lines)
        cell_w, cell_h = self._cell_wh
        height, width = image_bgr.shape[:2]
        scale = min(columns * cell_w / width, rows * cell_h / height)
        across = max(1, min(columns, round(width * scale / cell_w)))
        down = max(1, min(rows, round(height * scale / cell_h)))
        wide = min(MOST_WIDTH[is_remote()], round(width * scale), width)
        if wide < width:
            size = (wide, max(1, round(height * wide / width)))
            image_bgr = np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA))
        cells = f"c={across},r={down}"
        number, old = self._next_id(slot)
        match self.way:
            case "iterm":
                sequence = self._iterm(image_bgr, across, down)
            case "kitty-memory":
                sequence = self._shared(image_bgr, f"i={number},{cells}") + old
            case _:
                sequence = self._png(image_bgr, f"i={number},{cells}") + old
        return Drawn(across, down, [], sequence)

    def clear(self) -> str:
        """The sequence that removes all pictures, or ""."""
        return _kitty("a=d,d=A,q=2") if self.way.startswith("kitty") else ""

    def close(self) -> None:
        """Free shared memory that no terminal has read. May be called twice."""
        while self._memory:
            _take_away(self._memory.pop())

    def _next_id(self, slot: int) -> tuple[int, str]:
        """The next picture's number, and the sequence that removes the one before."""
        turn = 1 - self._turns.get(slot, 0)
        self._turns[slot] = turn
        first = FIRST_ID + 2 * slot
        return first + turn, _kitty(f"a=d,d=I,i={first + 1 - turn},q=2")

    def _shared(self, image_bgr: Bytes, cells: str) -> str:
        pixels = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        height, width = pixels.shape[:2]
        try:
            offered = memory.shared(pixels.nbytes, _memory_name())
        except OSError:
            return self._png(image_bgr, cells)  # /dev/shm is full, or none of ours
        np.copyto(np.ndarray(pixels.shape, np.uint8, offered.buf), pixels)
        self._memory.append(offered)
        while len(self._memory) > MOST_MEMORIES:
            _take_away(self._memory.pop(0))
        control = f"a=T,t=s,f=24,s={width},v={height},S={pixels.nbytes},p=1,C=1,q=2"
        return _kitty(f"{control},{cells}", b64encode(offered.name.encode()))

    def _png(self, image_bgr: Bytes, cells: str) -> str:
        png = cv2.imencode(".png", image_bgr, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])[1]
        payload = b64encode(png.tobytes())
        pieces = [payload[at : at + CHUNK] for at in range(0, len(payload), CHUNK)]
        control = f"a=T,t=d,f=100,p=1,C=1,q=2,{cells}"
        sent = []
        for at, piece in enumerate(pieces):
            more = f"m={int(at < len(pieces) - 1)}"
            sent.append(_kitty(f"{control},{more}" if at == 0 else more, piece))
        return "".join(sent)

    def _iterm(self, image_bgr: Bytes, columns: int, rows: int) -> str:
        jpeg = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        size = f"width={columns};height={rows};preserveAspectRatio=0"
        payload = b64encode(jpeg.tobytes()).decode()
        return f"\x1b]1337;File=inline=1;size={jpeg.size};{size};doNotMoveCursor=1:{payload}\x07"


def _width(image_bgr: Bytes, columns: int, rows: int) -> int:
    """Cells across of a picture in half blocks."""
    height, width = image_bgr.shape[:2]
    scale: float = min(columns / width, 2 * rows / height)
    return max(1, round(float(width * scale)))


def _cell_wh() -> tuple[int, int]:
    """A cell's size in pixels, where the terminal tells it."""
    if sys.platform == "win32":
        return CELL_WH
    import fcntl
    import struct
    import termios

    try:
        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return CELL_WH
    rows, columns, width, height = struct.unpack("HHHH", answer)
    if not (rows and columns and width and height):
        return CELL_WH
    return max(1, width // columns), max(1, height // rows)

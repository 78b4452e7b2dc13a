"""`livecam review FILE`: shows a moment frame by frame, to choose another key photo."""

from __future__ import annotations

import contextlib
import queue
import shutil
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from rich.text import Text

from livecam.edit.undo_stack import UndoStack
from livecam.errors import ExitCode, InputError, LivecamError, UsageError
from livecam.photos.inputs import find_inputs
from livecam.photos.judged import best_of, judge, key_of, read_record, record_of
from livecam.photos.pick import open_movie
from livecam.photos.pictures import read_picture
from livecam.quality.explain import explain, word_for
from livecam.quality.finder import FaceFinder
from livecam.text import visible
from livecam.timebase import to_s
from livecam.ui import curve, half_blocks, native_output
from livecam.ui.graphics import Painter, find_way
from livecam.ui.screen import ENTER, FRAME_END, FRAME_START, LEAVE, WORD_STYLES, line_of
from livecam.ui.streams import discard
from livecam.ui.terminal import Keyboard, enable_escapes, suspend

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from livecam.faces.model import AnyModel
    from livecam.frame import Bytes
    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick

Against = Literal["", "key", "best", "shutter"]
AGAINST: tuple[Against, ...] = ("", "key", "best", "shutter")
NAMES = {"key": "the key photo", "best": "the best frame", "shutter": "the frame at the shutter"}
KEYS = (
    ("← →", "frame"), ("ENTER", "make key photo"), ("c", "compare"), ("z", "1:1"), ("b", "best"),
    ("k", "key"), ("u", "undo"), ("q", "back"),
)  # fmt: skip
LOW_ROWS = 20
"""A terminal with fewer rows shows no small pictures in the filmstrip."""
CELL_W, CELL_H = 12, 3
"""Cells of a frame in the filmstrip."""
FACE_ROOM = 0.6
"""Margin around a face at 1:1, as a share of its box."""
MOST_BYTES = 150_000_000
"""Cache of decoded pictures, not counting those that are shown: 24 at 1080p, 6 at 4K."""
DRAW_INTERVAL_S = 0.2
SIGNALS = {
    "SIGINT": "interrupt", "SIGTERM": "terminate", "SIGHUP": "hangup", "SIGTSTP": "suspend",
}  # fmt: skip


@dataclass(frozen=True)
class _Loaded:
    pick: Pick
    best: int
    shutter: int


class MomentView:
    """One moment, looked through by keys. `draw` and `key` are for one thread; workers do the rest.

    Used by `livecam review FILE`, and by the camera's screen after a shot.
    """

    def __init__(
        self, source: Input, finder: FaceFinder, undo_stack: UndoStack, painter: Painter,
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        """`changed` is called, from any thread, when there is something new to draw."""
        self._source, self._finder, self._stack, self._painter = source, finder, undo_stack, painter
        self._changed = changed
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._at = 0
        self._against: Against = ""
        self._is_close = False
        self._pictures: dict[int, Bytes] = {}
        self._cells: dict[int, list[str]] = {}
        self._asked: set[int] = set()
        self._shown: set[int] = set()
        """Frames that are shown large just now: their pictures are kept."""
        self._is_closing = threading.Event()
        self._said = ""
        self._problem = ""
        self._layout: tuple[object, ...] = ()
        self._submit(self._load)

    def close(self) -> None:
        """Stop what is being worked on."""
        self._is_closing.set()
        self._worker.shutdown(cancel_futures=True)

    def forget_screen(self) -> None:
        """Draw the pictures again next time: something else was drawn over them."""
        self._layout = ()

    # Keys

    def key(self, name: str) -> bool:
        """Obey a key; return whether it has a meaning here."""
        loaded = self._loaded
        moves = {"left": -1, "right": 1, "h": -1, "l": 1, "up": -10, "down": 10}
        if loaded is None:
            return name in (*moves, "home", "end", "\r", "\n", "c", "z", "b", "k", "u")
        last = len(loaded.pick.score.frames) - 1
        if name in moves:
            self._at = min(last, max(0, self._at + moves[name]))
        elif name in ("home", "end"):
            self._at = 0 if name == "home" else last
        elif name == "b":
            self._at = loaded.best
        elif name == "k":
            self._at = self._key_at(loaded)
        elif name == "c":
            self._said = self._problem = ""
            self._against = AGAINST[(AGAINST.index(self._against) + 1) % len(AGAINST)]
        elif name == "z":
            self._is_close = not self._is_close
        elif name in ("\r", "\n"):
            self._submit(self._make_key, self._at)
        elif name == "u":
            self._submit(self._undo)
        else:
            return False
        return True

    def _key_at(self, loaded: _Loaded) -> int:
        at = key_of(loaded.pick)
        return loaded.best if at is None else at

    # Worker thread

    def _submit(self, work: Callable[..., None], *args: Any) -> Future[None]:
        def safely() -> None:
            try:
                work(*args)
            except LivecamError as err:
                self._problem = str(err)
            except Exception as err:  # noqa: BLE001 - the end of a thread: it must be told, not lost
                self._problem = f"livecam broke down: {err!r}"
            self._changed()

        return self._worker.submit(safely)

    def _load(self, *, at: int | None = None) -> None:
        pick = judge(self._source, self._finder, self._is_closing.is_set)
        best, times = best_of(pick), [to_s(frame.t_ns) for frame in pick.score.frames]
        shutter = -1
        path = record_of(self._source)
        pressed_s = ((read_record(path) if path is not None else None) or {}).get("shutter_s")
        if pressed_s is not None:
            shutter = min(range(len(times)), key=lambda i: abs(times[i] - pressed_s))
        with self._lock:
            self._pictures.clear()
            self._cells.clear()
            self._asked.clear()
        self._loaded = _Loaded(pick, best, shutter)
        self._at = at if at is not None else self._key_at(self._loaded)

    def _make_key(self, position: int) -> None:
        loaded = self._loaded
        assert loaded is not None
        if position == key_of(loaded.pick):
            self._said = "that is the key photo"
            return
        self._problem, self._said = "", "making it the key photo …"
        self._changed()
        self._source, self._said = self._stack.make_key(loaded.pick, position)
        self._load(at=position)

    def say(self, text: str) -> None:
        """Show a line below the moment."""
        self._problem, self._said = "", text

    def _undo(self) -> None:
        self._problem = ""
        self._said, _, source = self._stack.undo()
        self._source = source or self._source
        self._load()

    def _decode(self, wanted: list[int]) -> None:
        """Decode the pictures of frames, given by their positions."""
        loaded = self._loaded
        assert loaded is not None
        frames = loaded.pick.score.frames
        positions = {frames[at].index: at for at in wanted}
        with open_movie(self._source) as movie:
            for time, image in movie.reader.pictures(list(positions)):
                if self._is_closing.is_set():
                    return
                at = positions[time.index]
                cell = half_blocks.draw(image, CELL_W - 1, CELL_H)
                with self._lock:
                    self._pictures[at], self._cells[at] = image, cell
                    self._asked.discard(at)
                    self._let_go()
        if self._key_at(loaded) in wanted and self._source.kind == "live-photo":
            with contextlib.suppress(InputError):  # HEIC without its library: the frame will do
                image = read_picture(self._source.file)
                with self._lock:
                    self._pictures[self._key_at(loaded)] = image
                    self._let_go()

    def _let_go(self) -> None:
        """Drop cached pictures that are not shown, the farthest first, down to MOST_BYTES."""
        far = sorted(set(self._pictures) - self._shown, key=lambda at: -abs(at - self._at))
        held = sum(self._pictures[at].nbytes for at in far)
        for at in far:
            if held <= MOST_BYTES:
                return
            held -= self._pictures.pop(at).nbytes

    def _need(self, large: list[int], small: list[int]) -> None:
        """Have missing frames decoded: some to be shown large, others small."""
        with self._lock:
            self._shown = set(large)
            wanted = {at for at in large if at not in self._pictures}
            wanted |= {at for at in small if at not in self._cells}
            missing = sorted(wanted - self._asked)
            self._asked |= set(missing)
        if missing:
            self._submit(self._decode, missing)

    # Drawing

    def draw(self, columns: int, rows: int) -> str:
        """The whole screen as one piece of text for the terminal."""
        loaded = self._loaded
        if loaded is None:
            told = self._problem or "the frames are being looked at …"
            lines = [*self._head(columns, None), line_of(Text(told), columns)]
            return self._composed(lines, [], columns, rows, None)
        across = max(1, min(columns // CELL_W, len(loaded.pick.score.frames)))
        first = min(max(0, self._at - across // 2), len(loaded.pick.score.frames) - across)
        shown = list(range(first, first + across))
        other = self._other(loaded)
        self._need([self._at, *([other] if other is not None else [])], shown)
        # Where there is little room the picture comes first.
        is_low = rows < LOW_ROWS
        below = [
            *self._film(loaded, shown)[CELL_H if is_low else 0 :],
            *self._curve(loaded, columns),
            *self._why(loaded, columns),
            *_footer(columns),
        ]
        head = self._head(columns, loaded)
        room = rows - len(head) - len(below) - 1
        wanted = [self._at] if other is None else [self._at, other]
        return self._composed(head, below, columns, rows, (wanted, room) if room >= 3 else None)

    def _other(self, loaded: _Loaded) -> int | None:
        at = {
            "": -1,
            "key": self._key_at(loaded),
            "best": loaded.best,
            "shutter": loaded.shutter,
        }[self._against]
        return at if at >= 0 else None

    def _composed(
        self,
        head: list[str],
        below: list[str],
        columns: int,
        rows: int,
        wanted: tuple[list[int], int] | None,
    ) -> str:
        pictures: list[tuple[int, Bytes]] = []
        room = 0
        if wanted is not None:
            room = wanted[1]
            with self._lock:
                found = [(at, self._pictures.get(at)) for at in wanted[0]]
            pictures = [(at, image) for at, image in found if image is not None]
        lines, sent = [""] * room, ""
        layout = (columns, rows, self._is_close, *[at for at, _ in pictures])
        is_new = layout != self._layout
        if is_new and len(layout) != len(self._layout):
            sent = self._painter.clear()  # one picture in place of two, or two in place of one
        wide = columns // max(1, len(pictures)) - (1 if len(pictures) > 1 else 0)
        for number, (at, image) in enumerate(pictures):
            if self._painter.is_real and not is_new:
                break
            drawn = self._painter.draw(self._close_up(at, image), wide, room, slot=number)
            left = number * (wide + 1) + (wide - drawn.columns) // 2
            for i, line in enumerate(drawn.lines):
                lines[i] += _at_column(left, line)
            if drawn.sequence:
                sent += f"\x1b[{len(head) + 1};{left + 1}H{drawn.sequence}"
        self._layout = layout
        is_kept = self._painter.is_real and not is_new and bool(pictures)
        filler = [""] * max(0, rows - len(head) - room - len(below))
        # Each line is erased first: erasing after a full line would delete its last column.
        body = "".join(f"\x1b[K{line}\r\n" for line in head)
        if is_kept:
            body += "\r\n" * room  # the pictures stay where they are
        else:
            body += "".join(f"\x1b[K{line}\r\n" for line in lines)
        tail = "\r\n".join(f"\x1b[K{line}" for line in [*filler, *below])
        return FRAME_START + body + tail + sent + FRAME_END

    def _close_up(self, at: int, image: Bytes) -> Bytes:
        """At 1:1 the largest face, with some room around it."""
        loaded = self._loaded
        if not self._is_close or loaded is None:
            return image
        frame = loaded.pick.score.frames[at]
        height, width = image.shape[:2]
        box = max((f.box_xyxy for f in frame.faces), key=lambda b: b[2] - b[0], default=None)
        if box is None:
            box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)
        left, top, right, bottom = box
        half_w, half_h = (right - left) * (0.5 + FACE_ROOM), (bottom - top) * (0.5 + FACE_ROOM)
        x, y = (left + right) / 2, (top + bottom) / 2
        rows = slice(max(0, int(y - half_h)), min(height, int(y + half_h) + 1))
        across = slice(max(0, int(x - half_w)), min(width, int(x + half_w) + 1))
        cut = image[rows, across]
        return np.ascontiguousarray(cut) if cut.size else image

    def _head(self, columns: int, loaded: _Loaded | None) -> list[str]:
        name = visible(self._source.file.name)
        if loaded is None:
            return [line_of(Text(name, "bold"), columns)]
        frames = loaded.pick.score.frames
        text = Text()
        text.append(f"{name}  ", "bold")
        text.append(f"{to_s(frames[self._at].t_ns):.3f} s, {self._at + 1} of {len(frames)}", "dim")
        names = self._names(loaded, self._at)
        if names:
            text.append(f"  {names}", "bold green")
        return [line_of(text, columns)]

    def _names(self, loaded: _Loaded, at: int) -> str:
        found = {"key": key_of(loaded.pick), "best": loaded.best, "shutter": loaded.shutter}
        return ", ".join(NAMES[name] for name, place in found.items() if place == at)

    def _film(self, loaded: _Loaded, shown: list[int]) -> list[str]:
        frames, now = loaded.pick.score.frames, key_of(loaded.pick)
        with self._lock:
            cells = [self._cells.get(at, []) for at in shown]
        lines = []
        for row in range(CELL_H):
            parts = [cell[row] if row < len(cell) else "" for cell in cells]
            placed = (_at_column(i * CELL_W, part) for i, part in enumerate(parts))
            lines.append("".join(placed))
        scores = Text()
        for at in shown:
            mark = ">" if at == self._at else " "
            style = "reverse" if at == self._at else "bold green" if at == now else ""
            label = f"{mark}{frames[at].score:.2f}{' best' if at == loaded.best else ''}"
            scores.append(label.ljust(CELL_W - 1), style)
            scores.append(" ")
        return [*lines, line_of(scores, CELL_W * len(shown) + 1)]

    def _curve(self, loaded: _Loaded, columns: int) -> list[str]:
        frames = loaded.pick.score.frames
        points = curve.of_moment(loaded.pick.score)
        span_s = max(0.1, to_s(frames[-1].t_ns - frames[0].t_ns))
        width = max(1, columns - 2)
        drawn = curve.draw(points, span_s, width)
        place = round((frames[self._at].t_ns - frames[0].t_ns) / max(1, span_s * 1e9) * (width - 1))
        drawn.stylize("reverse", place, place + 1)
        return [line_of(drawn, columns)]

    def _why(self, loaded: _Loaded, columns: int) -> list[str]:
        score = loaded.pick.score
        frame = score.frames[self._at]
        word = word_for(frame.score)
        why = explain(frame, score.frames[loaded.best])
        text = Text()
        text.append(f"{frame.score:.2f} {word}  ", WORD_STYLES[word])
        text.append(score.reason if self._at == score.key else why)
        told = Text()
        if self._problem or self._said:
            told.append(self._problem or self._said, "bold red" if self._problem else "bold")
        elif self._against:
            other = self._other(loaded)
            what = "there is no such frame" if other is None else NAMES[self._against]
            scored = "" if other is None else f", {score.frames[other].score:.2f}"
            told.append(f"beside it: {what}{scored}", "dim")
        return [line_of(text, columns), line_of(told, columns)]


def _at_column(column: int, line: str) -> str:
    """Make a line begin at a column, whatever is to its left."""
    return f"\x1b[{column + 1}G{line}"


def _footer(columns: int) -> list[str]:
    """As many keys as fit; in a narrow terminal without their meanings."""
    keys = [*KEYS]

    def width(*, named: bool) -> int:
        return sum(len(key) + 3 + (len(meaning) + 2 if named else 0) for key, meaning in keys)

    while len(keys) > 4 and width(named=True) > columns:
        del keys[-2]  # the way back stays
    is_named = width(named=True) <= columns
    if not is_named:
        keys = [*KEYS]
    text = Text()
    for key, meaning in keys:
        text.append(f" {key} ", "reverse")
        text.append(f" {meaning}  " if is_named else " ")
    return [line_of(text, columns)]


def source_of(path: Path) -> Input:
    """The one moment that a file belongs to. Raises InputError."""
    found = find_inputs([path])
    if found.errors:
        raise found.errors[0][1]
    source = next((one for one in found.inputs if path in one.files), None)
    if source is None or source.kind == "pictures":
        raise InputError(f"{path.name} holds no moment", "name a Live Photo, Motion Photo or movie")
    return source


def run(path: Path, model: AnyModel) -> int:
    """Look through the moment of one file; the exit code. Raises LivecamError."""
    source = source_of(path)
    with open_movie(source):
        pass  # a movie that cannot be opened is reported before the screen is taken over
    inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
    keyboard = Keyboard(lambda key, _: inbox.put(key), lambda: inbox.put("hangup"))
    if not keyboard.exists or not sys.stdout.isatty():
        raise UsageError("looking through needs a terminal", "livecam pick --json tells programs")
    before = {}
    for name, message in SIGNALS.items():
        number = getattr(signal, name, None)  # Windows has not all of them
        if number is not None:
            before[number] = signal.signal(number, lambda *_, told=message: inbox.put(told))
    with native_output.redirected(None), contextlib.closing(FaceFinder(model)) as finder:
        painter = Painter(find_way(keyboard))
        undo_stack = UndoStack()
        review = MomentView(source, finder, undo_stack, painter, lambda: inbox.put("draw"))
        enable_escapes()
        try:
            keyboard.open()
            sys.stdout.write(ENTER)
            return _look(review, inbox, keyboard)
        finally:
            review.close()
            undo_stack.close()
            keyboard.close()
            with contextlib.suppress(OSError):
                sys.stdout.write(painter.clear() + LEAVE)
                sys.stdout.flush()
            painter.close()
            for number, handler in before.items():
                signal.signal(number, handler)


def _look(review: MomentView, inbox: queue.SimpleQueue[str], keyboard: Keyboard) -> int:
    endings = {
        "q": ExitCode.OK, "interrupt": ExitCode.INTERRUPTED, "hangup": ExitCode.HANGUP,
        "terminate": ExitCode.TERMINATED,
    }  # fmt: skip
    size = (0, 0)
    while True:
        try:
            message = inbox.get(timeout=DRAW_INTERVAL_S)
        except queue.Empty:
            if size == shutil.get_terminal_size():
                continue
            message = "draw"
        if message in endings:
            return int(endings[message])
        if message == "suspend":
            keyboard.release()
            sys.stdout.write(LEAVE)
            sys.stdout.flush()
            suspend()
            keyboard.grab()
            sys.stdout.write(ENTER)
            review.forget_screen()
        review.key(message)
        size = shutil.get_terminal_size()
        try:
            sys.stdout.write(review.draw(*size))
            sys.stdout.flush()
        except OSError:
            discard(sys.stdout)
            return int(ExitCode.HANGUP)

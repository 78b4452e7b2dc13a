"""The score of the last seconds as one line of blocks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from livecam.live.live_score import has_shut_eyes
from livecam.timebase import to_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.live.live_score import LiveScore
    from livecam.quality.choice import MomentScore

BLOCKS = "▁▂▃▄▅▆▇█"
NOBODY, NOT_LOOKED = "·", " "


@dataclass(frozen=True)
class Point:
    """One reading of the live score."""

    t_ns: int
    score: float
    is_judged: bool
    """False where faces were looked for, and none was there."""
    is_blink: bool = False
    """Whether somebody's eyes are shut."""


class History:
    """The live scores of the seconds that the ring holds."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=1000)

    def note(self, live: LiveScore | None) -> None:
        """Remember a reading, once."""
        if live is None or (self._points and self._points[-1].t_ns >= live.t_ns):
            return
        # Where faces cannot be looked for, the whole picture has a score.
        is_judged = live.faces > 0 or live.score > 0
        blinks = any(face.has_shut_eyes for face in live.boxes)
        self._points.append(Point(live.t_ns, live.score, is_judged, blinks))

    def last(self, span_s: float) -> tuple[Point, ...]:
        """The points of the last `span_s` seconds."""
        if not self._points:
            return ()
        first_ns = self._points[-1].t_ns - to_ns(span_s)
        return tuple(point for point in self._points if point.t_ns >= first_ns)


def of_moment(score: MomentScore) -> tuple[Point, ...]:
    """The curve of a moment that was scored."""
    return tuple(
        Point(
            frame.t_ns,
            frame.score,
            bool(frame.faces) or score.basis == "frame",
            any(has_shut_eyes(face) for face in frame.faces if face.counts),
        )
        for frame in score.frames
    )


def draw(points: Sequence[Point], span_s: float, width: int) -> Text:
    """The curve, `width` cells wide, the best of it green, blinks red; dots where nobody was."""
    text = Text()
    if not points or width < 1:
        return text
    end_ns, span_ns = points[-1].t_ns, to_ns(span_s)
    cells: list[Point | None] = [None] * width
    for point in points:
        at = width - 1 - int((end_ns - point.t_ns) / span_ns * (width - 1))
        before = cells[at] if 0 <= at < width else None
        # Of several points in one cell the lowest is shown: a blink must not be hidden.
        if 0 <= at < width and (before is None or point.score < before.score):
            cells[at] = point
    shown: Point | None = None
    best = max((p for p in cells if p is not None), key=lambda p: p.score)
    for cell in cells:
        # There are fewer readings than cells: each is shown until the next.
        shown = cell if cell is not None else shown
        if shown is None:
            text.append(NOT_LOOKED)
        elif not shown.is_judged:
            text.append(NOBODY, "dim")
        else:
            level = min(len(BLOCKS) - 1, int(shown.score * len(BLOCKS)))
            style = "bold green" if cell is best else "red" if shown.is_blink else ""
            text.append(BLOCKS[level], style)
    return text

"""When a camera has found its exposure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livecam.frame import Frame

MIN_FRAMES = 10
MAX_FRAMES = 45
"""Some webcams are reported to need 25 frames; one that never settles must not block the start."""
WINDOW = 6
STEADY = 0.02
"""Largest change of mean luminance, 0..1, over the window that counts as steady."""
DARK = 0.04
"""Mean luminance, 0..1, up to which a picture may come from a camera that is not ready yet."""
MAX_BLACK = 150
"""So many dark frames, five seconds at 30 a second, are a covered lens or a dark room."""


class WarmUp:
    """Watches the brightness of the first frames."""

    def __init__(self, needed: bool) -> None:
        self.over = not needed
        self.is_black = False
        """Whether nothing but dark frames came."""
        self._frames = self._black = 0
        self._lumas: deque[float] = deque(maxlen=WINDOW)

    def is_cold(self, frame: Frame) -> bool:
        """Whether this frame was taken before the camera had settled."""
        if self.over:
            return False
        try:
            luma = float(frame.bgr(reduce=8).mean()) / 255
        except ValueError:
            return True
        if luma <= DARK:
            # A camera that is not ready yet: what it sends says nothing of its exposure.
            self._black += 1
            self._lumas.clear()
            self.over = self.is_black = self._black >= MAX_BLACK
            return not self.over
        self._frames += 1
        self._lumas.append(luma)
        steady = len(self._lumas) == WINDOW and max(self._lumas) - min(self._lumas) <= STEADY
        self.over = self._frames >= MAX_FRAMES or (self._frames >= MIN_FRAMES and steady)
        return not self.over

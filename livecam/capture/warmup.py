"""When a camera has found its exposure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livecam.frame import Frame

MIN_FRAMES = 10
MAX_FRAMES = 45
"""People report webcams that need up to 25 frames; one that never settles must not keep them."""
WINDOW = 6
STEADY = 0.02
"""Largest change of mean luminance, 0..1, over the window that counts as steady."""
DARK = 0.04
"""A picture as dark as this may be a camera that has not opened yet."""


class WarmUp:
    """Watches the brightness of the first frames."""

    def __init__(self, needed: bool) -> None:
        self.over = not needed
        self._frames = 0
        self._lumas: deque[float] = deque(maxlen=WINDOW)

    def is_cold(self, frame: Frame) -> bool:
        """Whether this frame was taken before the camera had settled."""
        if self.over:
            return False
        self._frames += 1
        try:
            self._lumas.append(float(frame.bgr(reduce=8).mean()) / 255)
        except ValueError:
            return True
        steady = (
            len(self._lumas) == WINDOW
            and max(self._lumas) - min(self._lumas) <= STEADY
            and self._lumas[-1] > DARK
        )
        self.over = self._frames >= MAX_FRAMES or (self._frames >= MIN_FRAMES and steady)
        return not self.over

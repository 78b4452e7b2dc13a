"""A moment looked through while the camera goes on."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from livecam.quality.finder import FaceFinder
from livecam.review.desk import Desk
from livecam.ui.review import Review, source_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livecam.quality.model import AnyModel
    from livecam.ui.graphics import Painter
    from livecam.ui.screen import Screen


class Looking:
    """The newest photo in place of the live picture, until it is closed."""

    def __init__(
        self, photo: Path, model: AnyModel, painter: Painter, changed: Callable[[], None]
    ) -> None:
        """Raises InputError where the photo is not there any more."""
        self.keys: queue.SimpleQueue[str] = queue.SimpleQueue()
        """What is typed, from any thread; obeyed with the next `draw`."""
        source = source_of(photo)
        self._finder, self._desk = FaceFinder(model), Desk()
        self._review = Review(source, self._finder, self._desk, painter, changed)

    def draw(self, screen: Screen) -> None:
        """Obey what was typed, and show the moment."""
        while not self.keys.empty():
            self._review.key(self.keys.get())
        screen.draw_review(self._review)

    def close(self) -> None:
        """What was chosen stays chosen."""
        self._review.close()
        self._finder.close()
        self._desk.close()

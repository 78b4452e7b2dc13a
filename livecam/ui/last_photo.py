"""Shows a moment frame by frame while the camera goes on."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from livecam.quality.finder import FaceFinder
from livecam.ui.moment_view import MomentView, source_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livecam.edit.undo_stack import UndoStack
    from livecam.faces.model import AnyModel
    from livecam.ui.graphics import Painter
    from livecam.ui.screen import Screen


class LastPhoto:
    """The newest photo in place of the live picture, until it is closed."""

    def __init__(
        self,
        photo: Path,
        model: AnyModel,
        undo_stack: UndoStack,
        painter: Painter,
        changed: Callable[[], None],
    ) -> None:
        """`undo_stack` gets what is changed. Raises InputError if the photo is gone."""
        self.keys: queue.SimpleQueue[str] = queue.SimpleQueue()
        """Keys that were typed, from any thread; the next `draw` obeys them."""
        source = source_of(photo)
        self._finder = FaceFinder(model)
        self._view = MomentView(source, self._finder, undo_stack, painter, changed)

    def draw(self, screen: Screen) -> None:
        """Obey what was typed, and show the moment."""
        while not self.keys.empty():
            self._view.key(self.keys.get())
        screen.draw_moment(self._view.draw)

    def say(self, text: str) -> None:
        """Show a line below the moment: what the camera did meanwhile."""
        self._view.say(text)

    def close(self) -> None:
        """Stop; a new key photo that was chosen stays."""
        self._view.close()
        self._finder.close()

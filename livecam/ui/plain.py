"""Views without a screen: lines for screen readers and logs, JSON for programs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TextIO

from livecam import contract
from livecam.text import counted, visible
from livecam.ui.outbox import Outbox
from livecam.ui.status import verdict

if TYPE_CHECKING:
    from livecam.ui.status import Status


class PlainView:
    """Prints a line for each thing that happens, and never changes a line."""

    show_picture = False

    def __init__(self, out: TextIO, errors: TextIO) -> None:
        self._out, self._errors = out, errors
        self._has_said_opening = False
        self.outbox = Outbox()
        for stream in (out, errors):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")

    def open(self) -> None:
        """Nothing to take over."""

    def close(self) -> None:
        """Nothing to give back."""

    def on_event(self, event: contract.Event) -> None:
        """Print one line an event; errors go to standard error."""
        if isinstance(event, contract.Error):
            self.outbox.put(visible(describe(event)), self._errors)
        else:
            self._say(visible(describe(event)))
        if isinstance(event, contract.Ready):
            self._say("warming up...")

    def draw(self, status: Status) -> None:
        """Say once that the camera is being opened; everything else is an event.

        States are not said here: one that ends before the next `draw` would be left out.
        """
        if status.state == "opening" and not self._has_said_opening:
            self._has_said_opening = True
            self._say("opening...")

    def _say(self, line: str) -> None:
        self.outbox.put(line, self._out)


class JsonView:
    """One event a line."""

    show_picture = False

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.outbox = Outbox()
        # JSON is UTF-8 whatever the system's own encoding is (a pipe's on Windows is not).
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(encoding="utf-8")

    def open(self) -> None:
        """Nothing to take over."""

    def close(self) -> None:
        """Nothing to give back."""

    def on_event(self, event: contract.Event) -> None:
        """Print it."""
        self.outbox.put(event.to_json(), self._out)

    def draw(self, status: Status) -> None:
        """Print nothing: states are not events."""


def describe(event: contract.Event) -> str:
    """An event as a sentence."""
    match event:
        case contract.Ready():
            sound = event.microphone or f"no sound: {event.sound_note}"
            width, height = event.camera.size_wh
            mode = (
                f"{width}x{height} at {event.camera.rate_hz:g} frames/s, {event.camera.delivered}"
            )
            note = f" ({event.camera.note})" if event.camera.note else ""
            return f"camera: {event.camera.name}, {mode}{note}; microphone: {sound}"
        case contract.Armed():
            return "armed"
        case contract.CameraLost():
            return f"camera lost: {event.message}; it is tried again"
        case contract.CameraBack():
            return f"camera back: {event.camera.name}, after {event.lost_s:.0f} s"
        case contract.Recovered():
            return f"recovered: {event.photo}"
        case contract.Notice():
            return event.message
        case contract.Shot():
            return f"captured {event.id}"
        case contract.Scoring():
            return f"scoring {event.id}..."
        case contract.Saved():
            return f"saved {event.id}: {event.photo}  {verdict(event)}: {event.reason}"
        case contract.Error():
            return f"livecam: {event.message}" + (f" ({event.hint})" if event.hint else "")
        case contract.Summary():
            return (
                f"{counted(event.shots, 'shot')}, {event.saved} saved, "
                f"{counted(event.frames, 'frame')}, {event.dropped} dropped"
            )
    return event.event

"""Views without a screen: lines for screen readers and logs, JSON for programs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TextIO

from livecam import contract
from livecam.quality.people import places
from livecam.text import counted, visible
from livecam.timebase import now_ns, to_ns
from livecam.ui.outbox import Outbox
from livecam.ui.status import verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from livecam.ui.speech import Speech
    from livecam.ui.status import Status


KEYS = (
    "keys: SPACE takes a photo; t timer; a by itself when everyone looks good; b burst; "
    "m sound on or off; u undo, or trash the last photo; q saves what was shot and quits"
)
LIVE_EVERY_NS = to_ns(2.0)
"""From one line about the faces to the next: a screen reader needs that long to read it."""


class PlainView:
    """Prints a line for each thing that happens, and never changes a line.

    On a terminal it also says who is in the picture, and what each key did: with a screen reader
    that is all there is.
    """

    show_picture = False

    def __init__(
        self,
        out: TextIO,
        errors: TextIO,
        clock: Callable[[], int] = now_ns,
        speech: Speech | None = None,
    ) -> None:
        """`clock` gives monotonic nanoseconds; `speech` says aloud what is printed."""
        self._speech = speech
        self._out, self._errors, self._clock = out, errors, clock
        self._has_said_opening = False
        self._is_terminal = out.isatty()
        self._live, self._live_ns = "", -LIVE_EVERY_NS
        self._switches: dict[str, bool] = {}
        self.outbox = Outbox()
        for stream in (out, errors):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")

    def open(self) -> None:
        """Nothing to take over."""

    def close(self) -> None:
        """Finish speaking."""
        if self._speech is not None:
            self._speech.close()

    def on_event(self, event: contract.Event) -> None:
        """Print one line an event; errors go to standard error."""
        if isinstance(event, contract.Error):
            line = visible(describe(event))
            self.outbox.put(line, self._errors)
            if self._speech is not None:
                self._speech.say(line)
        else:
            self._say(visible(describe(event)))
        if isinstance(event, contract.Ready):
            self._say("warming up...")
            if self._is_terminal:
                self._say(KEYS)

    def draw(self, status: Status) -> None:
        """Say once that the camera is being opened; everything else is an event.

        States are not said here: one that ends before the next `draw` would be left out.
        """
        if status.state == "opening" and not self._has_said_opening:
            self._has_said_opening = True
            self._say("opening...")
        if self._is_terminal:
            self._say_switches(status)
            self._say_live(status)

    def _say_switches(self, status: Status) -> None:
        """Say what a key has switched on or off."""
        now = {
            "timer": status.countdown_s is not None,
            "taking photos by itself": status.is_automatic,
            "burst": status.is_burst,
            "photos without sound": status.is_muted,
        }
        for name, is_on in now.items():
            if is_on != self._switches.get(name, False):
                self._say(f"{name}: {'on' if is_on else 'off'}")
        self._switches = now

    def _say_live(self, status: Status) -> None:
        """Say who is in the picture, where that has changed, and not too often."""
        if status.state != "armed" or status.score is None or status.is_stale:
            return
        line, t_ns = people(status), self._clock()
        if line != self._live and t_ns - self._live_ns >= LIVE_EVERY_NS:
            self._live, self._live_ns = line, t_ns
            self._say(line)

    def _say(self, line: str) -> None:
        self.outbox.put(line, self._out)
        if self._speech is not None:
            self._speech.say(line)


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


def people(status: Status) -> str:
    """Who is in the live picture, what is wrong with whom, and how good it is: in one line."""
    if not status.boxes:
        return ", ".join(status.complaints[:1]) or f"no face, {status.word}"
    named = places({i: [face.box_xyxy] for i, face in enumerate(status.boxes)})
    wrong = [
        f"{named[i]}: {face.fault}" if named[i] else face.fault
        for i, face in enumerate(status.boxes)
        if face.fault
    ]
    return "; ".join([counted(len(status.boxes), "face"), *wrong, status.word])


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
        case contract.MicrophoneLost():
            return f"microphone lost: {event.message}; it is tried again"
        case contract.MicrophoneBack():
            return f"microphone back: {event.microphone}, after {event.lost_s:.0f} s"
        case contract.Preview():
            return f"the live picture is at {event.picture}, the score at {event.score}"
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

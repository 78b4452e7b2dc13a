"""What a microphone is to livecam: something that pushes blocks of samples into a sound ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from livecam.capture.sound_ring import SoundRing


class Microphone(Protocol):
    """A source of sound. It appends to the ring from a thread of its own."""

    name: str
    """For people: the device's name."""
    rate_hz: int
    channels: int

    def start(self, ring: SoundRing) -> None:
        """Begin to append. Raises MicrophoneError."""
        ...

    def problem(self) -> str:
        """Why no sound comes just now, or "" while it does."""
        ...

    def close(self) -> None:
        """Stop. May be called twice."""
        ...


@runtime_checkable
class MicrophoneDevice(Microphone, Protocol):
    """A microphone that may be pulled out and come back."""

    def reopen(self) -> None:
        """Begin to append again, after it was lost; it may be another device by now.

        Raises MicrophoneError while it cannot be opened, and may then be tried again.
        """
        ...

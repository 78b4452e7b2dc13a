"""Everything livecam raises on purpose, and the exit codes it ends with.

LivecamError                 1  something failed
├── UsageError               2  an option or an argument makes no sense
├── CameraError              3  no camera, no permission, camera lost
├── InputError               4  nothing usable in the input
├── MicrophoneError          1  no sound can be recorded; livecam goes on without
├── ModelError               1  the face model is missing or altered
└── OutputError              1  a file could not be written, removed or brought back
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Exit codes of every livecam command. A contract: extend it, never change a meaning."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NO_CAMERA = 3
    NO_INPUT = 4
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class LivecamError(Exception):
    """One line that says what went wrong, and a hint that says what to do about it."""

    exit_code: ExitCode = ExitCode.FAILURE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(LivecamError):
    """An option or an argument makes no sense."""

    exit_code = ExitCode.USAGE


class CameraError(LivecamError):
    """There is no such camera, it may not be used, or it went away."""

    exit_code = ExitCode.NO_CAMERA


class InputError(LivecamError):
    """Nothing usable in the input."""

    exit_code = ExitCode.NO_INPUT


class MicrophoneError(LivecamError):
    """No sound can be recorded. Capture goes on without it."""


class ModelError(LivecamError):
    """The face model or the library that runs it is missing, altered or unusable."""


class OutputError(LivecamError):
    """A file could not be written, removed or brought back."""

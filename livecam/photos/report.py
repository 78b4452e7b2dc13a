"""What `livecam check` finds out about files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What one program does with the pair, and why not."""

    program: str
    takes: Answer
    why: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that is to be said of a pair, or of a Motion Photo."""

    kind: Literal["Live Photo", "Motion Photo"]
    name: str
    identifier: str | None
    """Of the pair, where both halves have the same."""
    still_s: float | None
    duration_s: float | None
    defects: tuple[str, ...]
    """Where it differs from what Apple, or the specification of Motion Photo, writes."""
    verdicts: tuple[Verdict, ...]
    is_candidate: bool
    """False for a lone picture or video that never was half of a pair."""

    @property
    def is_true(self) -> bool:
        """Whether it is a true one."""
        return not self.defects


def verdict(program: str, *reasons: str) -> Verdict:
    """Yes, or no for these reasons; "" is none."""
    why = ", ".join(filter(None, reasons))
    return Verdict(program, "no" if why else "yes", why)

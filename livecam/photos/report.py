"""What `livecam check` finds out about files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """Whether one program accepts the files, and if not, why."""

    program: str
    takes: Answer
    why: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that is to be said of a pair, or of a Motion Photo."""

    kind: Literal["Live Photo", "Motion Photo"]
    name: str
    identifier: str | None
    """The content identifier, if both halves have the same one."""
    still_s: float | None
    duration_s: float | None
    defects: tuple[str, ...]
    """How it differs from what Apple writes, or from the Motion Photo specification."""
    verdicts: tuple[Verdict, ...]
    is_candidate: bool
    """False for a lone picture or video that never was half of a pair."""

    @property
    def is_true(self) -> bool:
        """Whether it has no defects."""
        return not self.defects


def verdict(program: str, *reasons: str) -> Verdict:
    """The verdict "yes", or "no" if any of these reasons is not empty."""
    why = ", ".join(filter(None, reasons))
    return Verdict(program, "no" if why else "yes", why)

"""The metadata that all files of one moment carry."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Composite:
    """Metadata of a picture that was composed of several frames."""

    frames: int
    """How many frames were available."""
    used: int
    """How many frames were used, the base frame included."""
    text: str
    """Which frames were used, in a sentence."""


@dataclass(frozen=True)
class Tags:
    """Date, origin, and the identifier that makes movie and photo one Live Photo."""

    taken: datetime
    """Local time of the key frame, with its offset from UTC."""
    make: str
    model: str
    software: str
    identifier: str
    """An upper-case UUID, the same in both halves and in no other pair; "" for none."""
    composite: Composite | None = None
    """For a key photo made of several frames; None for all others."""


def new_identifier() -> str:
    """An identifier for a new pair."""
    return str(uuid.uuid4()).upper()

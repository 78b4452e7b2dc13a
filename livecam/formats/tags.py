"""What the files of one moment say of themselves, the same in all of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Composite:
    """What a picture says of itself that was composed of several frames."""

    frames: int
    """How many there were to take from."""
    used: int
    """How many were taken from, the base among them."""
    text: str
    """Which, in a sentence."""


@dataclass(frozen=True)
class Tags:
    """Date, origin, and the identifier that makes movie and photo one Live Photo."""

    taken: datetime
    """Local time of the key frame, with its offset from UTC."""
    make: str
    model: str
    software: str
    identifier: str
    """An upper-case UUID, in both halves of the pair and in no other; "" in a file without one."""
    composite: Composite | None = None
    """Of a key photo that is no single frame; None for all others."""


def new_identifier() -> str:
    """An identifier for a new pair."""
    return str(uuid.uuid4()).upper()

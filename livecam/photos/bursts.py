"""Which loose pictures were taken in one burst: by one camera, seconds apart.

Pictures that merely lie in the same folder are judged one by one: a person in one is not missing
from the next, and what is usual for a face in one says nothing about a face in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats.exif import origin
from livecam.formats.files import read_file
from livecam.formats.still import exif_of
from livecam.photos.pairs import STILLS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GAP_S = 3.0
"""Longest pause within a burst, in seconds: as long as a phone's Live Photo."""


@dataclass(frozen=True)
class Taken:
    """When, and with which camera, a picture was taken."""

    camera: str
    time: datetime
    """As its clock showed it, without a zone."""


@dataclass(frozen=True)
class InBurst:
    """Where a picture stands among the others of its set."""

    burst: int
    """Pictures of the same number belong to one burst."""
    time_s: float
    """Seconds since the first picture of the burst."""


def taken(path: Path) -> Taken | None:
    """Camera and time from a picture's EXIF; None if one of them is missing."""
    if path.suffix.lower() not in STILLS:
        return None
    try:
        block = read_file(path, exif_of)
    except (InputError, OSError):
        return None
    facts = origin(block) if block else None
    if facts is None or not facts.camera:
        return None
    try:
        time = datetime.strptime(facts.taken, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = facts.subsecond.strip()
    if digits.isdecimal() and digits.isascii():
        time = time.replace(microsecond=int(digits[:6].ljust(6, "0")))
    return Taken(facts.camera, time)


def bursts_of(pictures: Sequence[Taken | None]) -> list[InBurst]:
    """Sort pictures into bursts; a picture that belongs to none is a burst by itself."""
    order = sorted(
        (i for i, shot in enumerate(pictures) if shot is not None),
        key=lambda i: _key(pictures[i]),
    )
    found = {i: InBurst(i, 0.0) for i, shot in enumerate(pictures) if shot is None}
    first: int | None = None
    before: Taken | None = None
    for i in order:
        shot = pictures[i]
        assert shot is not None
        near = (
            before is not None
            and before.camera == shot.camera
            and (shot.time - before.time).total_seconds() <= GAP_S
        )
        if first is None or not near:
            first = i
        start = pictures[first]
        assert start is not None
        found[i] = InBurst(first, (shot.time - start.time).total_seconds())
        before = shot
    return [found[i] for i in range(len(pictures))]


def _key(shot: Taken | None) -> tuple[str, datetime]:
    assert shot is not None
    return shot.camera, shot.time

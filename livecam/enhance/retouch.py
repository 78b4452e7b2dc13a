"""What may be done to the chosen frame before it becomes a photo, wherever its frames come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.errors import LivecamError
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livecam.enhance.best_take import BestTake
    from livecam.enhance.merge import Merged
    from livecam.formats.tags import Composite
    from livecam.frame import Bytes
    from livecam.quality.choice import MomentScore
    from livecam.quality.finder import Finder


@dataclass(frozen=True)
class Retouch:
    """What is wanted."""

    enhance: bool = False
    """Whether the frames around it are merged into it."""
    finder: Finder | None = None
    """Judges a best take; None if none is asked for."""


REACH = 8
"""Frames to each side that are merged. More are further away in time, agree less, and cost as
much."""

AS_IT_IS = Retouch()


@dataclass(frozen=True)
class Retouched:
    """What became of the chosen frame."""

    image_bgr: Bytes | None = None
    """(H, W, 3) uint8; None where it stays as it is."""
    merged: Merged | None = None
    """None where nothing was to be merged."""
    take: BestTake | None = None
    """None where no best take was asked for."""
    note: str = ""
    """What was done, and what was asked for and could not be done."""
    composite: Composite | None = None
    """What the picture's tags say of it; None if nothing was composed."""

    @property
    def is_composed(self) -> bool:
        """Whether there are faces of other frames in it."""
        return self.take is not None and self.take.is_composed


def retouch(
    score: MomentScore,
    picture: Callable[[int], Bytes],
    around: Callable[[], Iterable[Bytes]],
    wanted: Retouch,
    origin_ns: int = 0,
) -> Retouched:
    """Merge and compose the key frame, as far as that is wanted and possible.

    `picture` gives a frame of the score by its position, (H, W, 3) uint8 BGR; `around` gives those
    around the key frame, without it. Times in notes count from `origin_ns`. A retouch that fails is
    left out, and the note says why. Raises what `picture` raises for the key frame.
    """
    if not wanted.enhance and wanted.finder is None:
        return Retouched()
    base = picture(score.key)
    merged = _merged(base, around) if wanted.enhance else None
    notes = [] if merged is None else [merged.note]
    made = None
    if merged is not None and merged.is_enhanced:
        made = merged.image_bgr
    elif merged is not None:
        notes = [f"not enhanced: {merged.note}"]
    take = composite = None
    if wanted.finder is not None:

        def time_s(position: int) -> float:
            return to_s(score.frames[position].t_ns - origin_ns)

        start = base if made is None else made
        take = _best_take(score, lambda i: start if i == score.key else picture(i), wanted.finder)
        notes.append(take.note(time_s))
        composite = take.composite(len(score.frames), time_s)
        made = made if take.image_bgr is None else take.image_bgr
    return Retouched(made, merged, take, "; ".join(notes), composite)


def _merged(base: Bytes, around: Callable[[], Iterable[Bytes]]) -> Merged:
    from livecam.enhance.merge import Merged, merge

    try:
        return merge([base, *around()], 0)
    except Exception as err:  # noqa: BLE001 - no embellishment is worth a moment
        return Merged(base, 0.0, 1.0, f"it broke down: {err!r}")


def _best_take(score: MomentScore, picture: Callable[[int], Bytes], finder: Finder) -> BestTake:
    from livecam.enhance.best_take import BestTake, Stay, compose

    if score.basis != "faces":
        return BestTake(None, (), (Stay(0, "everybody", "there are no faces"),))
    try:
        return compose(score.frames, score.key, picture, finder)
    except Exception as err:  # noqa: BLE001 - no embellishment is worth a moment
        why = err.message if isinstance(err, LivecamError) else repr(err)
        return BestTake(None, (), (Stay(0, "everybody", why),))

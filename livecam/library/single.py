"""One Live Photo, Motion Photo, movie or set of pictures, for programs: `livecam.pick`, `rekey`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.publish import check_folder
from livecam.errors import InputError
from livecam.library.picking import Finders, Made, PickOptions, outcome_of
from livecam.photos.inputs import find_inputs
from livecam.photos.pick import Wanted

if TYPE_CHECKING:
    import os

    from livecam.library.picking import Outcome
    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick

    AnyPath = str | os.PathLike[str]


def pick(*paths: AnyPath, at_s: float | None = None) -> Pick:
    """Choose the best frame of one moment, as `livecam pick` does; nothing is written.

    `paths` are one half or both of a Live Photo, a Motion Photo, a movie, or the pictures of one
    set. `at_s` names the frame instead, by its time in the movie in seconds. Of the result,
    `key_s` is the chosen frame's time, `key.score` its score (0..1), `score.reason` why in a
    sentence, and `keeps_present` says that the present key photo is the best. Raises InputError for
    what cannot be read or is more than one moment, and ModelError.
    """
    chosen = _outcome(_the_input(paths), PickOptions(Wanted(at_s=at_s))).pick
    assert chosen is not None
    return chosen


def rekey(path: AnyPath, out: AnyPath, *, at_s: float | None = None) -> tuple[Path, ...]:
    """Write a Live Photo or Motion Photo with a better key photo into a folder; returns its files.

    The movie's pictures and sound stay byte for byte, and the old files are not touched. Without
    `at_s`, () if the present photo is the best. A second call with the same file writes nothing new
    and returns what the first has written. Raises InputError, OutputError and ModelError.
    """
    ask = PickOptions(Wanted(at_s=at_s), out=Path(out), rekey=True)
    check_folder(Path(out))
    return _outcome(_the_input((path,)), ask).outputs


def _the_input(paths: tuple[AnyPath, ...]) -> Input:
    """The one thing that these files are. Raises InputError."""
    found = find_inputs(map(Path, paths))
    for _, error in found.errors:
        raise error
    if len(found.inputs) != 1:
        named = ", ".join(map(str, paths)) or "no file"
        raise InputError(f"{named}: {len(found.inputs)} moments, not one")
    return found.inputs[0]


def _outcome(source: Input, ask: PickOptions) -> Outcome:
    with closing(Finders(None)) as finders:
        outcome = outcome_of(source, ask, finders, Made())
    if outcome.error is not None:
        raise outcome.error
    return outcome

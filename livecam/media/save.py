"""Saves a moment: movie, scores and key photo, together or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.media.live_photo import pair_movie
from livecam.media.movie import write_movie
from livecam.media.photo import encode_photo
from livecam.media.publish import Bundle, check_folder, write_error
from livecam.media.record import moment_record
from livecam.media.tags import Tags, new_identifier
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from livecam.clip.moment import Moment
    from livecam.quality.choice import MomentScore

MAKE = "livecam"
"""Where a camera's maker is not known, the maker of the file."""


@dataclass(frozen=True)
class SavedFiles:
    """The three files of a moment, as absolute paths."""

    movie: Path
    photo: Path
    scores: Path


def save(moment: Moment, score: MomentScore, folder: Path | str = "recordings") -> SavedFiles:
    """Write a scored moment into a folder, under a new name. Raises OutputError."""
    check_folder(Path(folder))
    return save_when_scored(moment, lambda: score, Path(folder))


def save_when_scored(moment: Moment, scored: Callable[[], MomentScore], folder: Path) -> SavedFiles:
    """The same for a moment that is still being scored: the movie is encoded meanwhile.

    `scored` waits for the score; what it raises is passed on, and nothing stays behind.
    """
    with Bundle.at(folder.resolve(), moment.shutter_time) as bundle:
        movie = bundle.hidden(".MOV")
        write_movie(movie, moment)
        score = scored()
        key = moment.frames[score.key]
        tags = Tags(
            taken=moment.clock.at(key.t_ns),
            make=moment.make or MAKE,
            model=moment.camera,
            software=f"livecam {metadata.version('livecam')}",
            identifier=new_identifier(),
        )
        pair_movie(movie, tags, to_s(key.t_ns - moment.start_ns))
        files = SavedFiles(bundle.path(".MOV"), bundle.path(".JPG"), bundle.path(".json"))
        record = moment_record(moment, score, files.movie.name, files.photo.name, tags)
        try:
            bundle.hidden(".json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
            bundle.hidden(".JPG").write_bytes(encode_photo(key, tags))
        except OSError as err:
            raise write_error(folder, err) from err
        bundle.publish()
    return files

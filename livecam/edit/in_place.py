"""Makes another frame the key photo of a moment in place, in a way that can be undone.

The new files are written first, and whole; then the old ones go into the system's trash, and the
new ones take their names (`livecam.disk.changes`).
"""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livecam.disk.changes import Change
from livecam.edit.rekey import rekeyed_motion_photo, rekeyed_pair
from livecam.errors import InputError
from livecam.formats.tags import new_identifier
from livecam.media.record import DECIMALS
from livecam.photos.judged import read_record, record_of, record_path
from livecam.photos.pick import open_movie
from livecam.quality.explain import explain, word_for
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from livecam.disk.new_files import NewFiles
    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick

BY_HAND = "chosen by hand"


@dataclass(frozen=True)
class KeyChange:
    """A moment whose key photo is another frame now."""

    source: Input
    """The moment with the names that its files have now."""
    note: str
    _change: Change
    _before: Input

    @property
    def removed(self) -> tuple[Path, ...]:
        """What went into the trash."""
        return self._change.removed

    @property
    def added(self) -> tuple[Path, ...]:
        """The new files."""
        return self._change.added

    def undo(self) -> Input:
        """Bring the old files back, and put the new ones into the trash. Raises OutputError.

        Returns the moment as it was before.
        """
        self._change.undo()
        return self._before

    def forget(self) -> None:
        """Make the change final: it can no longer be undone."""
        self._change.forget()


def make_key(pick: Pick, position: int) -> KeyChange:
    """Make a frame, given by its position among the judged frames, the key photo.

    Raises InputError if there is no key photo to change, and OutputError; nothing is changed then.
    """
    source = pick.input
    if source.kind not in ("live-photo", "motion-photo"):
        raise InputError(f"{source.file.name} has no key photo to change")
    score = replace(pick.score, key=position, reason=BY_HAND)
    if pick.present is not None and pick.present.index == score.frames[position].index:
        raise InputError("that is the key photo already")
    chosen = replace(pick, score=score, by_hand=True)
    identifier = new_identifier()
    with open_movie(source) as movie:
        remake = rekeyed_pair if source.kind == "live-photo" else rekeyed_motion_photo
        files = remake(chosen, movie, identifier)
    path = record_of(source)

    def record(photo: str, movie: str) -> bytes:
        assert path is not None
        return _record(path, pick, position, identifier, photo, movie)

    return put_in_place(source, files, None if path is None else record)


def put_in_place(
    source: Input, files: NewFiles, record: Callable[[str, str], bytes] | None = None
) -> KeyChange:
    """Give new files the names of the old ones, which go into the trash.

    `record` makes livecam's record from the new names of photo and movie (for a Motion Photo the
    same name), where there is one. Raises OutputError; then all is as it was.
    """
    stem = source.file.stem.removesuffix(".MP")
    names = {suffix: _name(source, stem, suffix) for suffix in files.content}
    photo = next(name for suffix, name in names.items() if suffix != ".MOV")
    content = {names[suffix]: one for suffix, one in files.content.items()}
    old = list(source.files)
    if record is not None:
        path = record_path(source)
        old.append(path)
        content[path.name] = record(photo, names.get(".MOV", photo))
    # Who may read it stays as it was.
    mode = stat.S_IMODE(source.file.stat().st_mode)
    change = Change.make(old, content, mode)
    folder = source.file.parent
    named = [photo, *([names[".MOV"]] if ".MOV" in names else [])]
    new = replace(source, files=tuple(folder / name for name in named))
    return KeyChange(new, files.note, change, source)


def _name(source: Input, stem: str, suffix: str) -> str:
    """The name of a new file: that of the old file of the same kind, if there is one."""
    kind = suffix.rpartition(".")[2].lower()
    same = {"jpg": ("jpg", "jpeg"), "heic": ("heic", "heif", "hif")}.get(kind, (kind,))
    for path in source.files:
        if path.suffix[1:].lower() in same:
            return path.name
    return f"{stem}{suffix}"


def _record(
    path: Path, pick: Pick, position: int, identifier: str, photo: str, movie: str
) -> bytes:
    """`NAME.json` for the new choice."""
    record: dict[str, Any] | None = read_record(path)
    assert record is not None
    frames, before = pick.score.frames, pick.score.key
    key = frames[position]
    offered = [before, *(at for at in pick.score.alternatives if at != before)]
    record |= {
        "photo": photo,
        "movie": movie,
        "content_identifier": identifier,
        "key": {
            "index": position,
            "time_s": round(to_s(key.t_ns), DECIMALS),
            "score": round(key.score, DECIMALS),
            "word": word_for(key.score),
            "reason": BY_HAND,
        },
        "alternatives": [
            {
                "index": at,
                "time_s": round(to_s(frames[at].t_ns), DECIMALS),
                "score": round(frames[at].score, DECIMALS),
                "reason": explain(frames[at], key),
            }
            for at in offered
            if at != position
        ],
        "enhanced": None,
        "composed": None,
    }
    return (json.dumps(record, indent=1) + "\n").encode()

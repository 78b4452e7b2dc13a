"""Makes another frame the key photo of a moment where it lies, so that it can be undone.

The new files are written first, and whole; then the old ones go into the system's trash, and the
new ones take their names. Whatever happens in between, one of the two is there.
"""

from __future__ import annotations

import contextlib
import json
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livecam.disk.new_files import NewFiles, write_new
from livecam.disk.publish import rename_new
from livecam.disk.trash import Removed, put_away
from livecam.edit.rekey import rekeyed_motion_photo, rekeyed_pair
from livecam.errors import InputError, OutputError
from livecam.formats.tags import new_identifier
from livecam.media.record import DECIMALS
from livecam.photos.judged import read_record, record_of, record_path
from livecam.photos.pick import open_movie
from livecam.quality.explain import explain, word_for
from livecam.timebase import to_s

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick

BY_HAND = "chosen by hand"


@dataclass(frozen=True)
class KeyChange:
    """A moment whose key photo is another frame now."""

    source: Input
    """With its files as they are called now."""
    note: str
    _removed: Removed

    def undo(self) -> Input:
        """Bring the old files back, and put the new ones into the trash. Raises OutputError."""
        record = record_path(self.source)
        files = [*self.source.files, *([record] if record in self._removed.files else [])]
        # Somebody may have moved one of them; and an undo that failed may be tried again.
        there = [path for path in files if path.exists()]
        if there:
            put_away(there).forget()
        self._removed.bring_back()
        kept = [path for path in self._removed.files if path != record]
        return replace(self.source, files=tuple(kept))

    def forget(self) -> None:
        """Let it be so."""
        self._removed.forget()


def make_key(pick: Pick, position: int) -> KeyChange:
    """Make a frame, by its position among the judged ones, the key photo.

    Raises InputError for what has no key photo, and OutputError; then all is as it was.
    """
    source = pick.input
    if source.kind not in ("live-photo", "motion-photo"):
        raise InputError(f"{source.file.name} has no key photo to change")
    score = replace(pick.score, key=position, reason=BY_HAND)
    # The frame that the camera's own photo shows keeps that photo, at its full size.
    is_present = pick.present is not None and pick.present.index == score.frames[position].index
    chosen = replace(pick, score=score, by_hand=not is_present)
    identifier = new_identifier()
    with open_movie(source) as movie:
        remake = rekeyed_pair if source.kind == "live-photo" else rekeyed_motion_photo
        files = remake(chosen, movie, identifier)
    record = record_of(source)
    stem = source.file.stem.removesuffix(".MP")
    if record is not None:
        names = {suffix: _name(source, stem, suffix) for suffix in files.content}
        photo = next(name for suffix, name in names.items() if suffix != ".MOV")
        # A Motion Photo is both in one.
        text = _record(record, pick, position, identifier, photo, names.get(".MOV", photo))
        files = NewFiles({".json": text, **files.content}, files.note)
    return _replaced(source, files, stem, record)


def _replaced(source: Input, files: NewFiles, stem: str, record: Path | None) -> KeyChange:
    folder = source.file.parent
    mode = stat.S_IMODE(source.file.stat().st_mode)
    written = write_new(files, folder, f"{stem}_key")
    try:
        removed = put_away([*source.files, *([record] if record is not None else [])])
    except OutputError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    named = {}
    try:
        for path, suffix in zip(written, files.content, strict=True):
            final = folder / _name(source, stem, suffix)
            rename_new(path, final)
            named[suffix] = final
            with contextlib.suppress(OSError):  # who may read it stays as it was
                final.chmod(mode)
    except OSError as err:
        for path in (*written, *named.values()):
            path.unlink(missing_ok=True)
        removed.bring_back()
        raise OutputError(f"{source.file.name} cannot be replaced: {err.strerror}") from err
    photo = next(path for suffix, path in named.items() if suffix not in (".MOV", ".json"))
    new = (photo, named[".MOV"]) if ".MOV" in named else (photo,)
    return KeyChange(replace(source, files=new), files.note, removed)


def _name(source: Input, stem: str, suffix: str) -> str:
    """What a new file is called: as the one whose place it takes, where it is of the same kind."""
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

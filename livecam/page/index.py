"""The moments in a folder: loaded at once from a stored index, then updated from the files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

from livecam.disk.changes import finish_abandoned
from livecam.library.ratings import rating_of
from livecam.photos.archives import is_archive
from livecam.photos.bursts import taken
from livecam.photos.folders import walk
from livecam.photos.inputs import KNOWN, Input, inputs_among
from livecam.photos.judged import read_record, record_of, record_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from livecam.photos.inputs import Kind

VERSION = 2
"""Version of the stored index; an index of another version is made again."""
WATCHED = (*KNOWN, ".json", ".xmp")
"""What a moment may consist of: its files, its record and its rating."""
KINDS = ("live-photo", "motion-photo", "video")
"""Inputs with a movie; loose pictures have no other frame to choose."""


@dataclass(frozen=True)
class Entry:
    """One moment."""

    id: str
    """Made from the path of its photo or movie; the same as long as that path is."""
    kind: Kind
    files: tuple[Path, ...]
    taken_s: float
    """When it was taken, in seconds since 1970, from its record, its EXIF or the file system."""
    stamp: str
    """Differs once its files have changed."""
    score: float | None = None
    """Score of its key photo; None unless livecam's record says it."""
    duration_s: float | None = None
    stars: int = 0
    """Of the XMP file beside its photo."""

    @property
    def source(self) -> Input:
        """The moment as an input for `livecam.photos.pick`."""
        return Input(self.kind, self.files)


class Index:
    """The moments of a folder and those below it, the newest first. Safe from any thread."""

    def __init__(self, folder: Path, index: Path) -> None:
        """`index` is the file that stores the index; its folder must exist.

        Raises OSError or sqlite3.Error if it cannot be opened or made.
        """
        self.folder = folder.resolve()
        self._index = index
        self._lock = threading.Lock()
        self.at_rest = threading.RLock()
        """Held while files are changed: a folder that is looked into meanwhile would seem to have
        lost a moment."""
        self._entries: dict[str, Entry] = {}
        self._sorted: list[Entry] = []
        self._marks: dict[str, str] = {}
        self.is_looking = True
        """Whether the first search for changes is still running."""
        self.problems: list[str] = []
        """What the user should know about the folder, one sentence each."""
        self.version = 0
        """Grows with every change."""
        try:
            self._load()
        except (sqlite3.DatabaseError, LookupError, TypeError, ValueError):  # damaged: made anew
            index.unlink(missing_ok=True)
            self._entries, self._marks = {}, {}
            self._load()

    @property
    def entries(self) -> list[Entry]:
        """All, the newest first."""
        with self._lock:
            return self._sorted

    def entry(self, name: str) -> Entry | None:
        """The moment with this id; None if there is none."""
        with self._lock:
            return self._entries.get(name)

    def learn(self, entry: Entry, score: float, duration_s: float) -> None:
        """Keep what a look at a moment has found, as long as its files stay as they are."""
        with self._lock:
            if self._entries.get(entry.id) != entry or entry.score is not None:
                return
            known = replace(entry, score=score, duration_s=duration_s)
            self._entries[entry.id] = known
            self._sorted = [known if one.id == entry.id else one for one in self._sorted]
            self.version += 1
            with (
                contextlib.suppress(sqlite3.Error),  # then it is looked at once more next time
                closing(sqlite3.connect(self._index)) as base,
                base,
            ):
                place = json.dumps(self._below(entry.files[0].parent))
                base.execute(
                    "UPDATE entry SET facts = ? WHERE folder = ? AND facts = ?",
                    (self._row(known), place, self._row(entry)),
                )

    def refresh(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Look for what is new, changed or gone, folder by folder."""
        seen: set[str] = set()
        folders = walk(self.folder, WATCHED)
        try:
            while True:
                with self.at_rest:  # from the list of its files on
                    parent, content = next(folders, (None, []))
                    if parent is None:
                        break
                    if given_up():
                        return
                    seen.add(self._below(parent))
                    self.problems += finish_abandoned(parent)
                    self._look_into(parent, content, given_up)
            with self._lock:
                gone = set(self._marks) - seen
            for below in gone:
                self._keep(below, "", [])
        finally:
            self.is_looking = False

    def refresh_folder(self, folder: Path) -> None:
        """Update one folder, after something was changed in it."""
        # `walk` yields the folder itself first, unless it is empty; folders below are ignored.
        parent, content = next(walk(folder, WATCHED), (folder, []))
        self._look_into(folder, content if parent == folder else [])

    def _look_into(
        self, folder: Path, content: Iterable[Path], given_up: Callable[[], bool] = lambda: False
    ) -> None:
        below, files, mark = self._below(folder), [], hashlib.blake2b(digest_size=16)
        for path in content:
            try:
                stat = path.stat()
                if path.is_symlink() and not path.resolve().is_relative_to(self.folder):
                    continue  # nothing outside of the folder is shown
            except OSError:
                continue
            mark.update(repr((path.name, stat.st_size, stat.st_mtime_ns)).encode())
            if path.suffix.lower() in KNOWN:
                files.append(path)
        if self._marks.get(below) == mark.hexdigest():
            return
        found: list[Input] = []
        for one in inputs_among(files):
            if given_up():
                return
            if isinstance(one, Input):
                found.append(one)
        with self._lock:
            known = {entry.stamp: entry for entry in self._entries.values()}
        entries = []
        for source in found:
            if source.kind in KINDS and not is_archive(source):
                stamp = stamp_of(source)
                entry = known.get(stamp) or self._entry(source, stamp)
                entries.append(replace(entry, stars=rating_of(source.file)))
        self._keep(below, mark.hexdigest(), entries)

    def _entry(self, source: Input, stamp: str) -> Entry:
        name = source.file.relative_to(self.folder).as_posix()
        path = record_of(source)
        record = read_record(path) if path is not None else None
        score = duration_s = None
        taken_s = _taken_s(source.file)
        if record is not None:
            try:
                values = float(record["key"]["score"]), float(record["duration_s"])
                if all(map(math.isfinite, values)):
                    score, duration_s = values
                taken_s = datetime.fromisoformat(record["shutter_time"]).timestamp()
            except (LookupError, TypeError, ValueError, OverflowError, OSError):
                pass  # the files say enough
        return Entry(
            hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest(),
            source.kind,
            source.files,
            taken_s,
            stamp,
            score,
            duration_s,
        )

    def _keep(self, below: str, mark: str, entries: list[Entry]) -> None:
        """Replace the stored moments of one folder; with `mark` "", forget the folder."""
        folder = self.folder / below
        with self._lock:
            gone = [one.id for one in self._entries.values() if one.files[0].parent == folder]
            for name in gone:
                del self._entries[name]
            self._entries |= {entry.id: entry for entry in entries}
            self._sorted = sorted(self._entries.values(), key=lambda one: (-one.taken_s, one.id))
            self._marks[below] = mark
            if not mark:
                del self._marks[below]
            self.version += 1
            # If this fails, only the next start takes longer.
            with (
                contextlib.suppress(sqlite3.Error),
                closing(sqlite3.connect(self._index)) as base,
                base,
            ):
                place = json.dumps(below)  # JSON can carry names that are not valid UTF-8
                base.execute("DELETE FROM entry WHERE folder = ?", (place,))
                base.execute("DELETE FROM folder WHERE path = ?", (place,))
                if mark:
                    base.execute("INSERT INTO folder VALUES (?, ?)", (place, mark))
                rows = ((place, self._row(entry)) for entry in entries)
                base.executemany("INSERT INTO entry VALUES (?, ?)", rows)

    def _below(self, folder: Path) -> str:
        return folder.relative_to(self.folder).as_posix()

    def _row(self, entry: Entry) -> str:
        names = [path.relative_to(self.folder).as_posix() for path in entry.files]
        facts = [entry.id, entry.kind, names, entry.taken_s, entry.stamp]
        return json.dumps([*facts, entry.score, entry.duration_s, entry.stars])

    def _load(self) -> None:
        with closing(sqlite3.connect(self._index)) as base, base:
            if base.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                base.executescript(
                    "DROP TABLE IF EXISTS folder; DROP TABLE IF EXISTS entry;"
                    "CREATE TABLE folder (path TEXT PRIMARY KEY, mark TEXT);"
                    "CREATE TABLE entry (folder TEXT, facts TEXT);"
                    "CREATE INDEX by_folder ON entry (folder);"
                    f"PRAGMA user_version = {VERSION}"
                )
            rows = base.execute("SELECT path, mark FROM folder")
            self._marks = {json.loads(place): mark for place, mark in rows}
            for (facts,) in base.execute("SELECT facts FROM entry"):
                name, kind, files, *rest = json.loads(facts)
                paths = tuple(self.folder / file for file in files)
                self._entries[name] = Entry(name, cast("Kind", kind), paths, *rest)
        self._sorted = sorted(self._entries.values(), key=lambda one: (-one.taken_s, one.id))


def stamp_of(source: Input) -> str:
    """A text that differs once a moment's files, or its record, have changed. Never raises."""
    mark = hashlib.blake2b(digest_size=16)
    for path in (*source.files, record_path(source)):
        try:
            stat = path.stat()
            mark.update(repr((str(path), stat.st_size, stat.st_mtime_ns)).encode())
        except OSError:
            mark.update(b"gone")
    return mark.hexdigest()


def _taken_s(path: Path) -> float:
    shot = taken(path)
    if shot is not None:
        # A clock that was never set may show a time that some systems cannot convert.
        with contextlib.suppress(ValueError, OverflowError, OSError):
            return shot.time.timestamp()
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

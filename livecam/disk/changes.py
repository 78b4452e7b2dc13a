"""Changes of files in place, which can be undone, and which a kill never leaves half done.

What is removed goes into the system's trash, and a second link to it (or a copy, on disks without
links) stays in a hidden folder, `.livecam-undo-TOKEN`, until the change is final. New files are
first written completely into that folder. Before anything else is touched, a journal says what is
to be done: the run that finds it after a kill does the rest.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import json
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from livecam.disk import own
from livecam.disk.claim import Claim, hold
from livecam.disk.publish import flush_folder, rename_new
from livecam.disk.trash import put_into_trash
from livecam.errors import LivecamError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from livecam.disk.new_files import Content

PREFIX = ".livecam-undo-"
STORES = re.compile(rf"{re.escape(PREFIX)}[0-9a-f]{{16}}")
JOURNAL = "journal.json"
OLD: Literal["old"] = "old"
NEW: Literal["new"] = "new"
MOST_JOURNAL = 1_000_000
SAME_TIME_NS = 2_000_000_000
"""FAT keeps modification times in steps of two seconds."""

Mark = tuple[int, int]
"""Size in bytes and modification time in ns of a file, to recognise it."""


@dataclass(frozen=True)
class _Step:
    """The journal: what is to be done in a folder. Doing it twice does no harm."""

    remove: dict[str, Mark]
    add: tuple[str, ...]
    origin: Literal["old", "new"]
    """The part of the hidden folder that has the files to add."""

    def write(self, store: Path) -> None:
        """Write the journal: from now on it will be done, even after a kill. Raises OSError."""
        text = {"remove": self.remove, "place": self.add, "origin": self.origin}
        hidden = store / f"{JOURNAL}.part"
        own.remove(hidden)
        with own.make_file(hidden) as file:
            file.write(json.dumps(text).encode())
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(store / JOURNAL)
        flush_folder(store)

    @classmethod
    def read(cls, store: Path) -> Self | None:
        """Read a killed run's journal; None if there is none. Raises ValueError for a bad one."""
        try:
            with own.open_file(store / JOURNAL) as file:
                text = json.loads(file.read(MOST_JOURNAL))
            remove = {name: (int(size), int(t_ns)) for name, (size, t_ns) in text["remove"].items()}
            add, origin = tuple(map(str, text["place"])), text["origin"]
        except FileNotFoundError:
            return None
        except (OSError, LookupError, TypeError, AttributeError, RecursionError) as err:
            raise ValueError("its journal is damaged") from err
        names = [*remove, *add]
        if origin not in (OLD, NEW) or any(
            set(name) & set("/\\\0") or name in ("", ".", "..") for name in names
        ):
            raise ValueError("its journal is none of ours")
        return cls(remove, add, origin)

    def do(self, store: Path) -> None:
        """Do the step, or the rest of it. Raises OutputError, and may then be tried again."""
        folder = store.parent
        for name, mark in self.remove.items():
            is_added = name in self.add and not os.path.lexists(store / self.origin / name)
            if not is_added and _is_marked(folder / name, mark):
                put_into_trash(folder / name)
        for name in self.add:
            waiting, final = store / self.origin / name, folder / name
            try:
                if not os.path.lexists(waiting):
                    continue
                if not os.path.lexists(final):
                    rename_new(waiting, final)
                elif _is_same(waiting, final):
                    waiting.unlink()
                else:
                    raise FileExistsError(errno.EEXIST, "another file has its name")
            except OSError as err:
                raise OutputError(f"{name} cannot be put there: {err.strerror}") from err
        with contextlib.suppress(OSError):
            (store / JOURNAL).unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class Change:
    """Files of one folder that were removed, and those that came in their place."""

    removed: tuple[Path, ...]
    added: tuple[Path, ...]
    _store: Path
    _claim: Claim

    @classmethod
    def make(
        cls, remove: Iterable[Path], add: Mapping[str, Content] | None = None, mode: int = 0o600
    ) -> Self:
        """Remove files of one folder, and write others into it, by their names: all or nothing.

        `mode` is the permissions of the new ones. Raises OutputError, and what writing them raises.
        """
        removed, add = tuple(dict.fromkeys(remove)), add or {}
        folder, name = removed[0].parent, removed[0].name
        store = folder / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            claim = Claim.take(store.with_suffix(".lock"))
        except OSError as err:
            raise OutputError(f"{name} cannot be changed: {err.strerror}") from err
        change = cls(removed, tuple(folder / new for new in add), store, claim)
        step = None
        try:
            for path in (store, store / OLD, store / NEW):
                path.mkdir(mode=0o700)
            for file in removed:
                _second(file, store / OLD / file.name)
            for new, content in add.items():
                _write(store / NEW / new, content, mode)
            step = _Step({file.name: _mark(file) for file in removed}, tuple(add), NEW)
            step.write(store)
            step.do(store)
        except BaseException as err:
            with contextlib.suppress(OutputError):
                if step is not None:
                    change._take_back()
                change.forget()
            if isinstance(err, OSError):
                raise OutputError(f"{name} cannot be changed: {err.strerror}") from err
            raise
        return change

    def undo(self) -> None:
        """Bring the old files back, and put the new ones into the trash.

        Raises OutputError, and may then be tried again.
        """
        self._take_back()
        self.forget()

    def forget(self) -> None:
        """Make the change final: what was removed stays in the trash."""
        if not os.path.lexists(self._store / JOURNAL):
            _clear(self._store)
        # Otherwise something is still to be done, and the next run tries that again.
        with contextlib.suppress(OSError):
            self._claim.release()

    def _take_back(self) -> None:
        try:
            # An old file that was never removed equals its waiting copy, so `do` leaves it alone.
            old = tuple(file.name for file in self.removed)
            is_new = (path for path in self.added if _is_added(path, self._store))
            step = _Step({path.name: _mark(path) for path in is_new}, old, OLD)
            step.write(self._store)
            step.do(self._store)
        except OSError as err:
            name = self.removed[0].name
            raise OutputError(f"{name} cannot be brought back: {err.strerror}") from err


def finish_abandoned(folder: Path) -> list[str]:
    """Finish what killed runs had begun, and delete the old files that they had kept.

    Returns a sentence for each change that cannot be finished; such a change is left as it is.
    """
    problems = []
    found = {path.stem for path in folder.glob(f"{PREFIX}*") if STORES.fullmatch(path.stem)}
    for name in sorted(found):
        store = folder / name
        with contextlib.ExitStack() as held:
            if os.path.lexists(store) and not own.is_folder(store):
                continue  # a link, or somebody else's
            if not hold(store.with_suffix(".lock"), held):
                continue
            try:
                step = _Step.read(store)
                if step is not None:
                    step.do(store)
                _clear(store)
            except (ValueError, LivecamError) as err:
                problems.append(f"a change that was interrupted is left as it is: {store}: {err}")
    return problems


def _clear(store: Path) -> None:
    """Delete a hidden folder, with what is ours in it."""
    for path in _content(store):
        with contextlib.suppress(OSError):
            own.remove(path)
    for folder in (store / OLD, store / NEW, store):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _content(store: Path) -> Iterator[Path]:
    yield from (store / name for name in (JOURNAL, f"{JOURNAL}.part"))
    for folder in (store / OLD, store / NEW):
        if own.is_folder(folder):
            yield from list(folder.iterdir())


def _mark(path: Path) -> Mark:
    found = path.lstat()
    return found.st_size, found.st_mtime_ns


def _is_marked(path: Path, mark: Mark) -> bool:
    try:
        size, t_ns = _mark(path)
    except OSError:
        return False  # it is gone already
    return size == mark[0] and abs(t_ns - mark[1]) <= SAME_TIME_NS


def _is_added(path: Path, store: Path) -> bool:
    """Whether a new file is in place already, rather than waiting in the hidden folder."""
    return os.path.lexists(path) and not os.path.lexists(store / NEW / path.name)


def _is_same(waiting: Path, file: Path) -> bool:
    if os.path.samestat(waiting.lstat(), file.lstat()):
        return True
    return own.is_file(file) and filecmp.cmp(waiting, file, shallow=False)


def _second(file: Path, other: Path) -> None:
    """Link a file to another name, or copy it. Raises OSError."""
    try:
        os.link(file, other, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # a disk without links
        with file.open("rb") as source, own.make_file(other) as target:
            shutil.copyfileobj(source, target)
        shutil.copystat(file, other)


def _write(path: Path, content: Content, mode: int) -> None:
    with own.make_file(path) as file:
        if callable(content):
            content(file)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(OSError, AttributeError):  # FAT and Windows keep no such rights
            os.fchmod(file.fileno(), mode)

"""Files that appear whole or not at all, under names that are free.

A file that is being written is hidden in the same folder, as `.livecam-KEY-TOKEN.SUFFIX.part`;
nobody can guess the token and put something in its place. A claim, `.livecam-KEY.lock`, reserves a
name for one process; KEY is a hash of the name. Once everything is written, the claim says which
hidden file gets which name: of a run killed before that, nothing stays; after a later kill, all
files appear.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import hashlib
import itertools
import json
import os
import re
import secrets
import stat
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, BinaryIO, Self

from livecam.disk import own
from livecam.disk.claim import Claim, taken_over
from livecam.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

MAX_TRIES = 10_000
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""Errors of file systems that have no hard links (exFAT, some network folders)."""
LOCK = re.compile(r"\.livecam-([0-9a-f]{16})\.lock")
MOST_TOLD = 100_000
"""The most bytes to read from a claim."""
_AT_FDCWD, _RENAME_NOREPLACE, _RENAME_EXCL = -100, 1, 4
"""Constants of Linux's renameat2 (linux/fs.h) and macOS's renamex_np (sys/stdio.h)."""


def check_folder(folder: Path) -> None:
    """Make the folder, and make sure that it can be written. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise OutputError(
            f"cannot write to {folder}: {err.strerror}", "choose another folder with --out DIR"
        ) from err


def name_at(when: datetime) -> str:
    """The name of files that belong to an instant, to the millisecond, in UTC."""
    at = when.astimezone(UTC)
    return f"livecam-{at:%Y%m%d-%H%M%S}-{at.microsecond // 1000:03}Z"


def complete_or_withdraw(folder: Path) -> None:
    """Finish what killed runs left half published: all files of a bundle, or none."""
    for claim in sorted(folder.glob(f"{own.PREFIX}*.lock")):
        if LOCK.fullmatch(claim.name):
            _settle(claim)


def _settle(claim: Path) -> bool:
    """Finish one abandoned claim; False if a process is at work on it, or it is not ours."""
    with taken_over(claim) as told, contextlib.suppress(OSError):
        if told is None:
            return False
        key, folder = claim.stem, claim.parent
        for hidden, final in _told(told.read(MOST_TOLD), key, folder).items():
            if own.is_file(hidden):
                with contextlib.suppress(FileExistsError):
                    rename_new(hidden, final)
        for part in folder.glob(f"{glob.escape(key)}-*.part"):
            own.remove(part)
    return True


def _told(content: bytes, key: str, folder: Path) -> dict[Path, Path]:
    """Final paths by hidden ones; empty if the maker was killed before it had written them."""
    try:
        names: dict[str, str] = json.loads(content)
        pairs = {folder / hidden: folder / final for hidden, final in names.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
    is_ours = all(
        hidden.name.startswith(f"{key}-") and path.parent == folder and path.name
        for hidden, final in pairs.items()
        for path in (hidden, final)
    )
    return pairs if is_ours else {}


@dataclass
class Bundle:
    """A set of files that appear together.

    Each is first written under a hidden name in the same folder. `publish` then gives them their
    names. Without `publish`, or if it fails, nothing stays behind.
    """

    folder: Path
    name: str
    """The files' common name, to which each adds its suffix."""
    _claim: Claim
    _hidden: dict[str, tuple[Path, BinaryIO]] = field(default_factory=dict)
    """By suffix. Kept open, to notice if somebody puts another file in the place of one."""
    _token: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def at(cls, folder: Path, when: datetime) -> Bundle:
        """Reserve a name made of the time in UTC, to the millisecond. Raises OutputError.

        UTC, because local time runs twice through an hour in autumn, and names must sort by time.
        If a millisecond is taken, the next one is tried.
        """
        times = (when + timedelta(milliseconds=number) for number in range(MAX_TRIES))
        return cls._reserve(folder, (name_at(at) for at in times))

    @classmethod
    def named(cls, folder: Path, name: str) -> Bundle:
        """Reserve a name, with a number added if it is taken. Raises OutputError."""
        numbered = (f"{name}-{number}" for number in range(2, MAX_TRIES))
        return cls._reserve(folder, itertools.chain([name], numbered))

    @classmethod
    def _reserve(cls, folder: Path, names: Iterable[str]) -> Bundle:
        """Reserve the first of these names that no file has and no other process claims."""
        for name in names:
            try:
                claim = _claim(folder, name)
            except FileExistsError:
                continue
            except OSError as err:
                raise write_error(folder, err) from err
            if not any(folder.glob(f"{glob.escape(name)}.*")):
                return cls(folder, name, claim)
            claim.release()
        raise OutputError(f"there is no free name in {folder}")

    def path(self, suffix: str) -> Path:
        """The final path of one of the files."""
        return self.folder / f"{self.name}{suffix}"

    def open(self, suffix: str) -> BinaryIO:
        """Open the file that gets `suffix`, to write it; do not close it. Raises OutputError."""
        hidden = _hidden_beside(self._claim, f"{self._token}{suffix}")
        try:
            file = own.make_file(hidden)
        except OSError as err:
            raise write_error(self.folder, err) from err
        self._hidden[suffix] = hidden, file
        return file

    def write(self, suffix: str, content: bytes) -> None:
        """Write the file that gets `suffix`. Raises OutputError."""
        file = self.open(suffix)
        try:
            file.write(content)
            file.flush()
        except OSError as err:
            raise write_error(self.folder, err) from err

    def publish(self, order: Sequence[str]) -> None:
        """Give the files their names, in the order of these suffixes.

        Raises OutputError, and then none of them is there.
        """
        suffixes = sorted(self._hidden, key=order.index)
        # The claim was made with the user's usual permissions: the files get the same.
        mode = stat.S_IMODE(os.fstat(self._claim.file.fileno()).st_mode)
        born: list[Path] = []
        try:
            for suffix in suffixes:
                hidden, file = self._hidden[suffix]
                if not own.is_same(hidden, file):
                    raise PermissionError(errno.EPERM, "somebody else took a file away", hidden)
                _let_be_read(file, mode)
                _flush(file)
            told = {self._hidden[suffix][0].name: self.path(suffix).name for suffix in suffixes}
            self._claim.file.write(json.dumps(told).encode())
            _flush(self._claim.file)
            for suffix in suffixes:
                hidden, file = self._hidden[suffix]
                if os.name == "nt":  # where an open file cannot be renamed
                    file.close()
                rename_new(hidden, self.path(suffix))
                born.append(self.path(suffix))
        except OSError as err:
            with contextlib.suppress(OSError):  # a kill from here on must publish none
                self._claim.file.truncate(0)
            for path in born:
                path.unlink(missing_ok=True)
            raise write_error(self.folder, err) from err
        flush_folder(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A disk that cannot be written any more keeps them; its error has been raised already.
        for hidden, file in self._hidden.values():
            with contextlib.suppress(OSError):
                file.close()
            with contextlib.suppress(OSError):
                own.remove(hidden)
        with contextlib.suppress(OSError):
            self._claim.release()


def _claim(folder: Path, name: str) -> Claim:
    """Claim a name, after finishing what a killed run left under it.

    Raises FileExistsError if another process is at work on it, and OSError.
    """
    # For some disks, names that differ only in their case are the same.
    key = hashlib.blake2b(os.fsencode(name.casefold()), digest_size=8).hexdigest()
    path = folder / f"{own.PREFIX}{key}.lock"
    try:
        return Claim.take(path, 0o666)
    except FileExistsError:
        if not _settle(path):
            raise
    return Claim.take(path, 0o666)


def _hidden_beside(claim: Claim, rest: str) -> Path:
    return claim.path.with_name(f"{claim.path.stem}-{rest}.part")


def write_file(path: Path, data: bytes) -> None:
    """Write a single file, whole or not at all, and never over another. Raises OutputError."""
    try:
        claim = _claim(path.parent, path.name)
        hidden = _hidden_beside(claim, secrets.token_hex(8))
        try:
            with own.make_file(hidden, 0o666) as file:
                file.write(data)
                _flush(file)
            rename_new(hidden, path)
        finally:
            own.remove(hidden)
            claim.release()
    except OSError as err:
        raise OutputError(f"cannot write {path}: {err.strerror}", "name another file") from err


def rename_new(hidden: Path, final: Path) -> None:
    """Rename without ever replacing a file. Raises FileExistsError, OSError."""
    if os.name == "nt":
        hidden.rename(final)  # fails there if the target exists
        return
    try:
        os.link(hidden, final, follow_symlinks=False)  # fails if the target exists
    except OSError as err:
        if err.errno not in NO_LINKS:
            raise
        _rename_without_links(hidden, final)
    else:
        hidden.unlink()


def _rename_without_links(hidden: Path, final: Path) -> None:
    """`rename_new` without hard links. Python's own rename would replace a file."""
    system = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(hidden), os.fsencode(final)
    if sys.platform == "linux" and hasattr(system, "renameat2"):
        failed = system.renameat2(_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE)
    elif sys.platform == "darwin" and hasattr(system, "renamex_np"):
        failed = system.renamex_np(old, new, _RENAME_EXCL)
    else:
        failed = -1
        ctypes.set_errno(errno.ENOSYS)
    code = ctypes.get_errno()
    if not failed:
        return
    if code not in (*NO_LINKS, errno.EINVAL):
        raise OSError(code, os.strerror(code), str(final))
    # Neither call works here. The claim keeps other processes of livecam off the name.
    if os.path.lexists(final):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final))
    hidden.rename(final)


def _let_be_read(file: BinaryIO, mode: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # FAT and Windows keep no such rights
        os.fchmod(file.fileno(), mode)


def _flush(file: BinaryIO) -> None:
    """Make a file survive a power cut. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make new names themselves survive a power cut, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_error(folder: Path, err: OSError) -> OutputError:
    """The error for a folder that cannot be written, in a user's words."""
    hint = (
        "free some space" if err.errno == errno.ENOSPC else "choose another folder with --out DIR"
    )
    return OutputError(f"cannot write to {folder}: {err.strerror or err}", hint)

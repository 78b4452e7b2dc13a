"""Puts a file into the system's trash.

Windows and macOS have a call for it. Elsewhere it is a folder and a convention (freedesktop.org's
Trash specification 1.0), which is implemented here: the common library looks for a free name and
then renames, so if two programs remove files of the same name at once, one overwrites the other.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from livecam.disk import own
from livecam.disk.publish import rename_new
from livecam.errors import OutputError

MOST_INFO = 1 << 16
"""The most bytes to read of a `.trashinfo` file, which says where a file came from."""
MOST_NAME = 255 - len(".trashinfo")
"""Bytes of a name in the trash: file systems take 255."""


def put_into_trash(path: Path) -> None:
    """Put a file, or a link itself, into the trash. On OutputError it is where it was."""
    try:
        if sys.platform in ("win32", "darwin"):
            _put_by_library(path)
        else:
            _put(path)
    except OSError as err:
        why = err.strerror or err
        raise OutputError(f"{path.name} cannot be put into the trash: {why}") from err


def can_bring_back() -> bool:
    """Whether files can be taken out of the trash again: only where this module puts them in."""
    return sys.platform not in ("win32", "darwin")


def find_in_trash(path: Path) -> Path:
    """The `.trashinfo` of the file that came from this path last; for `bring_back`.

    Raises OutputError if there is none.
    """
    try:
        trash, top = _trash_for(path.parent)
        found = _info_of(path, trash, top)
        if found is None and top is not None:
            found = _info_of(path, _home_trash(), None)
    except OSError as err:
        raise OutputError(f"{path.name} cannot be brought back: {err.strerror}") from err
    if found is None:
        raise OutputError(f"{path.name} is not in the trash any more")
    return found


def bring_back(path: Path, info: Path) -> None:
    """Take a file out of the trash again. Raises OutputError, also where its name is taken."""
    try:
        rename_new(info.parent.parent / "files" / info.stem, path)
        info.unlink()
    except OSError as err:
        raise OutputError(f"{path.name} cannot be brought back: {err.strerror}") from err


def _info_of(path: Path, trash: Path, top: Path | None) -> Path | None:
    """The newest `.trashinfo` of a file of this path that is still in the trash."""
    where = path.absolute() if top is None else (path.parent.resolve() / path.name).relative_to(top)
    wanted = f"Path={quote(os.fsencode(where))}"
    found = []
    for info in (trash / "info").glob("*.trashinfo"):
        try:
            with own.open_file(info) as file:
                lines = file.read(MOST_INFO).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        if wanted in lines and os.path.lexists(trash / "files" / info.stem):
            found.append((info.lstat().st_mtime_ns, info))
    return max(found)[1] if found else None


def problem(folder: Path) -> str:
    """Why files of this folder cannot be put into the trash; "" where they can. Changes nothing."""
    try:
        if sys.platform == "win32":
            return "" if _has_bin(folder) else "this drive has no recycle bin"
        if sys.platform != "darwin":
            trash, _ = _trash_for(folder)
            there = next(path for path in (trash, *trash.parents) if path.exists())
            if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
                return f"{there} cannot be written"
    except OSError as err:
        return err.strerror or str(err)
    return ""


def _put_by_library(path: Path) -> None:
    from send2trash import send2trash

    if sys.platform == "win32" and not _has_bin(path.parent):
        raise OSError(errno.ENODEV, "this drive has no recycle bin")
    send2trash(path)


def _put(path: Path) -> None:
    trash, top = _trash_for(path.parent)
    try:
        _move(path, trash, top)
    except OSError as err:
        # Parts of one disk that are mounted separately: files must be copied between them.
        if err.errno != errno.EXDEV:
            raise
        _move(path, _home_trash(), None, copies=True)


def _trash_for(folder: Path) -> tuple[Path, Path | None]:
    """The trash for a folder's files, and the top of their disk; None for the home's disk."""
    home = _home_trash()
    device = folder.stat().st_dev
    nearest = next(path for path in home.parents if path.exists())
    if nearest.stat().st_dev == device:
        return home, None
    top = folder.resolve()
    while not top.is_mount() and top.parent != top:
        top = top.parent
    shared = top / ".Trash"
    # A trash for all users must be sticky and no link, or others could tamper with it.
    if shared.is_dir() and not shared.is_symlink() and shared.stat().st_mode & stat.S_ISVTX:
        return shared / str(os.getuid()), top
    return top / f".Trash-{os.getuid()}", top


def _home_trash() -> Path:
    data = os.environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):
        return Path(data) / "Trash"
    try:
        return Path.home() / ".local" / "share" / "Trash"
    except RuntimeError as err:
        raise OSError(errno.ENOENT, "there is no home folder") from err


def _move(path: Path, trash: Path, top: Path | None, *, copies: bool = False) -> None:
    for folder in (trash, trash / "files", trash / "info"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if top is not None and not own.is_folder(folder):
            raise PermissionError(errno.EPERM, f"{folder} is not ours")
    where = path.absolute() if top is None else (path.parent.resolve() / path.name).relative_to(top)
    for number in itertools.count(1):
        name = _name_in_trash(path, number)
        info = trash / "info" / f"{name}.trashinfo"
        try:
            # Making this file reserves the name, as the specification says.
            with own.make_file(info) as file:
                file.write(
                    f"[Trash Info]\nPath={quote(os.fsencode(where))}\n"
                    f"DeletionDate={datetime.now():%Y-%m-%dT%H:%M:%S}\n".encode()
                )
        except FileExistsError:
            continue
        try:
            (_copy if copies else rename_new)(path, trash / "files" / name)
        except FileExistsError:
            info.unlink()
            continue
        except OSError:
            info.unlink()
            raise
        return


def _name_in_trash(path: Path, number: int) -> str:
    """The file's own name, or with a number; cut where `.trashinfo` would make it too long.

    The `.trashinfo` file keeps its whole path.
    """
    ending = path.suffix if number == 1 else f" {number}{path.suffix}"
    stem = os.fsencode(path.stem)[: MOST_NAME - len(os.fsencode(ending))]
    is_cut = len(stem) < len(os.fsencode(path.stem))
    # A character that was cut in two is dropped.
    return (stem.decode("utf-8", "ignore") if is_cut else path.stem) + ending


def _copy(path: Path, target: Path) -> None:
    try:
        with path.open("rb") as source, own.make_file(target) as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(path, target)
    except FileExistsError:
        raise
    except OSError:
        target.unlink(missing_ok=True)
        raise
    path.unlink()


def _has_bin(folder: Path) -> bool:
    """Whether Windows keeps what is deleted here; if not, it deletes for good, silently."""
    import ctypes

    fixed = 3
    drive = os.path.splitdrive(folder.resolve())[0] + "\\"
    return bool(ctypes.windll.kernel32.GetDriveTypeW(drive) == fixed)  # type: ignore[attr-defined,unused-ignore]

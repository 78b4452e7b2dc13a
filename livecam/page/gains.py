"""What a report of `livecam pick` would change, on the page: shown, applied, taken back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from livecam.disk.trash import can_bring_back
from livecam.errors import InputError, LivecamError
from livecam.library.apply_log import ApplyLog
from livecam.library.applying import applied_files, apply_all, undo_all, wishes
from livecam.text import counted, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from livecam.library.applying import Applied, Wish
    from livecam.page.index import Entry, Index

MOST_PROBLEMS = 5


class Gains:
    """The inputs of one report that would gain. Safe from any thread.

    Applying and undoing take seconds for each photo, and are done in a thread of their own, one of
    them at a time.
    """

    def __init__(self, report: Path, index: Index) -> None:
        """Read the report. Raises InputError, UsageError."""
        self._report, self._index = report, index
        self._wishes = {tuple(p.resolve() for p in w.source.files): w for w in wishes(report)}
        self._lock = threading.Lock()
        self._work: threading.Thread | None = None
        self._is_working = False
        self._is_ending = threading.Event()
        self._said = ""
        self._problems: list[str] = []
        self.version = 0
        """Counts what changed."""

    def listed(self) -> dict[str, Any]:
        """What the page says of it."""
        done = self._applied()
        rows = [
            [entry.id, wish.gain]
            for entry in self._index.entries
            if (wish := self._wish(entry)) is not None and entry.files not in done
        ]
        with self._lock:
            return {
                "rows": sorted(rows, key=lambda row: -row[1]),
                "applied": len(done),
                "is_working": self._is_working,
                "said": self._said,
                "problems": self._problems[-MOST_PROBLEMS:],
                "in_place": can_bring_back(),
            }

    def wish(self, entry: Entry) -> Wish:
        """What the report says of a moment. Raises InputError where it says nothing."""
        wish = self._wish(entry)
        if wish is None:
            raise InputError("the report wants nothing changed of it")
        return wish

    def apply(self, entries: Sequence[Entry]) -> str:
        """Begin to give these their better photos; what is done, in a sentence.

        The old files go into the trash, or where livecam cannot bring back what lies there, stay
        beside the new ones. Raises InputError.
        """
        wanted = [self.wish(entry) for entry in entries]
        if not wanted:
            raise InputError("nothing is ticked")

        def work() -> Iterator[Applied]:
            return apply_all(
                wanted, self._report, in_place=can_bring_back(), given_up=self._is_ending.is_set
            )

        self._begin(work, len(wanted), "with a better photo")
        return f"{counted(len(wanted), 'photo')} being made"

    def undo(self) -> str:
        """Begin to take back everything that was applied. Raises InputError."""
        count = len(ApplyLog(self._report).read())
        if not count:
            raise InputError("nothing of this report was applied")
        self._begin(lambda: undo_all(self._report), count, "as before")
        return "being taken back"

    def close(self) -> None:
        """Finish the photo that is being worked on, and no other."""
        self._is_ending.set()
        if self._work is not None:
            self._work.join()

    def _wish(self, entry: Entry) -> Wish | None:
        return self._wishes.get(entry.files)

    def _applied(self) -> set[tuple[Path, ...]]:
        try:
            done = applied_files(self._report)
        except LivecamError:
            return set()  # reported when something is to be applied or undone
        return {files for files, wish in self._wishes.items() if wish.source.files in done}

    def _begin(self, work: Callable[[], Iterator[Applied]], count: int, what: str) -> None:
        def run() -> None:
            done = 0
            try:
                results = work()
                while True:
                    with self._index.at_rest:
                        one = next(results, None)
                    if one is None:
                        break
                    if one.error is not None:
                        self._problems.append(visible(f"{one.source.file.name}: {one.error}"))
                    else:
                        done += 1
                    self._say(f"{done} of {count} {what}")
                    self._index.refresh_folder(one.source.file.parent)
            except LivecamError as err:
                self._problems.append(visible(str(err)))
            except Exception as err:  # noqa: BLE001 - the end of a thread: it must be told
                self._problems.append(f"livecam broke down: {err!r}")
            self._is_working = False
            self._say(f"{done} of {count} {what}")

        with self._lock:
            if self._is_working:
                raise InputError("the photos before these are still being made")
            self._is_working, self._problems = True, []
            self._work = threading.Thread(target=run, name="apply")
            self._work.start()

    def _say(self, text: str) -> None:
        self._said = text
        self.version += 1

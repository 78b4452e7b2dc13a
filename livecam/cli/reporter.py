"""What `pick` and `export` share: they go through many inputs and report on each."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from livecam import contract
from livecam.errors import ExitCode, InputError, LivecamError
from livecam.photos.folders import walk
from livecam.photos.inputs import KNOWN, Input, Problem, Remark
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from rich.progress import Task


PIPED_WIDTH = 160


class _Rate(ProgressColumn):
    """Files a second."""

    def render(self, task: Task) -> Text:
        return Text("" if not task.speed else f"{task.speed:.1f}/s")


class Reporter:
    """Prints results, errors and progress, and keeps count. Use as a context manager."""

    def __init__(
        self,
        verb: str,
        errors: TextIO,
        paths: Iterable[Path],
        *,
        is_many: bool,
        as_json: bool,
    ) -> None:
        """`errors` takes what is no result; progress is shown only for many inputs (`is_many`)."""
        self._paths, self.as_json = list(paths), as_json
        is_terminal = errors.isatty() and not as_json
        # In a file or a pipe nothing needs to be shortened.
        width = None if sys.stdout.isatty() else PIPED_WIDTH
        self.console = Console(highlight=False, soft_wrap=True, width=width)
        # On one terminal one console writes everything: two would mix their lines.
        self._errors = (
            self.console
            if is_terminal and sys.stdout.isatty()
            else Console(file=errors, highlight=False, soft_wrap=True)
        )
        columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TextColumn("files"),
                   _Rate(), TimeRemainingColumn())  # fmt: skip
        self._progress = Progress(
            *columns, console=self._errors, transient=True, disable=not (is_terminal and is_many)
        )
        self._task = self._progress.add_task("", total=None, start=True)
        self._is_over = False
        self.done = self.skipped = self.failed = 0
        self._code = ExitCode.OK

    def __enter__(self) -> Self:
        self._progress.start()
        threading.Thread(target=self._count_files, name="count-files", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._progress.stop()

    def _count_files(self) -> None:
        """Count files by their names alone: quick enough for a background thread."""
        total = 0
        for path in self._paths:
            if not path.is_dir():
                total += 1
                continue
            for _, files in walk(path, KNOWN):
                total += len(files)
                if self._is_over:
                    return
        # If one half of a pair is named, the other is done too.
        self._progress.update(self._task, total=max(total, self.done + 1))

    def advance(self, files: int) -> None:
        """Count more files as done."""
        self._progress.advance(self._task, files)

    def print(self, text: str) -> None:
        """Print a line for people."""
        self.console.print(text, markup=False)

    def found(self, one: Problem | Remark) -> None:
        """Report what was found besides the inputs."""
        if isinstance(one, Problem):
            self.advance(1)
            self.fail(str(one.path), one.error)
        else:
            self._remark(one)

    def _remark(self, remark: Remark) -> None:
        if self.as_json:
            print(contract.Notice(remark.text).to_json(), flush=True)
        else:
            self._errors.print(f"livecam: {visible(remark.text)}", markup=False)

    def fail(self, file: str, error: LivecamError) -> None:
        """Report an input that cannot be used, and count it."""
        self.failed += 1
        # If all inputs are unusable, the exit code is 4, but a full disk has its own.
        if not isinstance(error, InputError):
            self._code = error.exit_code
        if self.as_json:
            event = contract.PickError(file, error.message, int(error.exit_code), error.hint)
            print(event.to_json(), flush=True)
        else:
            self._errors.print(f"livecam: {visible(str(error))}", markup=False)

    def summary(self, verb: str) -> str:
        """How many were worked on: `3 picked, 1 done before, 1 failed`."""
        counts = ((self.done, verb), (self.skipped, "done before"), (self.failed, "failed"))
        return ", ".join(f"{n} {what}" for n, what in counts if n or what == verb)

    @property
    def count(self) -> int:
        """Inputs reported so far."""
        return self.done + self.skipped + self.failed

    def exit_code(self) -> ExitCode:
        """The exit code of the whole run."""
        if self.done + self.skipped == 0:
            return self._code or ExitCode.NO_INPUT
        return ExitCode.FAILURE if self.failed else ExitCode.OK


def peeked(
    found: Iterable[Input | Problem | Remark],
) -> tuple[list[Input], Iterator[Input | Problem | Remark]]:
    """The first two inputs, and all that was found: the output depends on whether it is one."""
    seen: list[Input | Problem | Remark] = []
    inputs: list[Input] = []
    rest = iter(found)
    for one in rest:
        seen.append(one)
        if isinstance(one, Input):
            inputs.append(one)
        if len(inputs) == 2:
            break
    return inputs, itertools.chain(seen, rest)


def jobs_for(wanted: int | None, inputs: list[Input]) -> int:
    """Inputs at a time: one a core, or as many as were asked for; so too for a set's pictures."""
    is_one = len(inputs) < 2 and all(len(one.files) < 3 for one in inputs)
    return 1 if is_one else (wanted or os.cpu_count() or 1)

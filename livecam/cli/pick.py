"""`livecam pick`: the best frame of files that already exist."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from livecam import contract
from livecam.errors import ExitCode, InputError, LivecamError, UsageError
from livecam.media.publish import write_file
from livecam.media.record import DECIMALS, judged_record
from livecam.photos.inputs import Found, Input, find_inputs
from livecam.photos.pick import OpenMovie, Pick, Wanted
from livecam.picking import MARK, Ask, Outcome, pick_all
from livecam.quality.explain import explain
from livecam.quality.model import find_model, mediapipe_is_installed
from livecam.text import visible
from livecam.timebase import to_s
from livecam.ui import native_output, picks
from livecam.ui.sheet import Cell, sheet

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from livecam.capture.frame import Bytes
    from livecam.quality.score import FrameScore

PIPED_WIDTH = 160
SHOWN_W, SHOWN_H = 24, 14
"""Cells of a frame in the terminal."""
OWN = re.compile(rf"{MARK}(-\d+)?$")
"""How the names of files end that were written by `--out`."""
CODES = re.compile(r"\x1b\[[0-9;]*m")


def run(args: argparse.Namespace) -> int:
    """Pick from everything that was named; the exit code."""
    if mediapipe_is_installed():
        find_model(args.model)  # a missing model is said at once, not once an input
    found = find_inputs(args.paths)
    if args.rekey:
        found = _with_key_photos(found, args.paths)
    if args.out is not None:
        found = _without_own_output(found, args.out, args.paths)
    if not found.inputs and not found.errors:
        raise InputError("there is nothing to pick from here", "name photos, movies or folders")
    if len(found.inputs) > 1:
        for option, value in (("--at", args.at), ("--sheet", args.sheet)):
            if value is not None:
                raise UsageError(f"{option} is for one input; there are {len(found.inputs)}")
    with native_output.redirected(None) as errors:
        return _Report(args, found, errors).run()


def _with_key_photos(found: Found, named: list[Path]) -> Found:
    """What can be re-keyed; in a folder all else is passed over, named it is an error."""
    kept = [
        source
        for source in found.inputs
        if source.kind in ("live-photo", "motion-photo") or set(source.files) & set(named)
    ]
    return Found(kept, found.errors, found.remarks)


def _without_own_output(found: Found, out: Path, named: list[Path]) -> Found:
    """Without what earlier runs wrote into a folder that is looked through too."""
    folder = out.resolve()
    kept = [
        source
        for source in found.inputs
        if set(source.files) & set(named)
        or folder not in source.file.resolve().parents
        or not OWN.search(source.file.stem.removesuffix(".MP"))
    ]
    return Found(kept, found.errors, found.remarks)


class _Report:
    """Runs the work and tells of it."""

    def __init__(self, args: argparse.Namespace, found: Found, errors: TextIO) -> None:
        self._args, self._found = args, found
        # Into a file or a pipe nothing need be shortened.
        width = None if sys.stdout.isatty() else PIPED_WIDTH
        self._console = Console(highlight=False, soft_wrap=True, width=width)
        self._errors = Console(file=errors, highlight=False, soft_wrap=True)
        self._done = self._skipped = self._failed = 0
        self._code = ExitCode.OK

    def run(self) -> int:
        for path, error in self._found.errors:
            self._fail(str(path), error)
        inputs, args = self._found.inputs, self._args
        wanted = Wanted(
            frames=None if args.frames in (None, "all") else args.frames,
            is_default=args.frames is None,
            at_s=args.at,
        )
        look = self._look if args.show or args.sheet else None
        ask = Ask(wanted, args.out, args.rekey, args.enhance, args.model, look)
        jobs = min(args.jobs or os.cpu_count() or 1, max(1, len(inputs)))
        is_long = len(inputs) > 1 and self._errors.is_terminal and not args.json
        columns = (TextColumn("picking"), BarColumn(), MofNCompleteColumn())
        with Progress(
            *columns, console=self._errors, transient=True, disable=not is_long
        ) as progress:
            task = progress.add_task("", total=len(inputs))
            for outcome in pick_all(inputs, ask, jobs, lambda: progress.advance(task)):
                self._tell(outcome)
        if len(inputs) + len(self._found.errors) > 1 and not args.json:
            self._summary()
        return int(self._exit_code())

    def _exit_code(self) -> ExitCode:
        if self._done + self._skipped == 0:
            return self._code or ExitCode.NO_INPUT
        return ExitCode.FAILURE if self._failed else ExitCode.OK

    def _summary(self) -> None:
        parts = [f"{self._done} picked"]
        if self._skipped:
            parts.append(f"{self._skipped} done before")
        if self._failed:
            parts.append(f"{self._failed} failed")
        self._console.print(", ".join(parts))

    def _fail(self, file: str, error: LivecamError) -> None:
        self._failed += 1
        # Every input is unusable in its own way: 4. A full disk is another matter.
        if not isinstance(error, InputError):
            self._code = error.exit_code
        if self._args.json:
            event = contract.PickError(file, error.message, int(error.exit_code), error.hint)
            print(event.to_json(), flush=True)
        else:
            self._errors.print(f"livecam: {visible(str(error))}", markup=False)

    def _tell(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            self._fail(str(outcome.source.file), outcome.error)
            return
        self._skipped += outcome.is_skipped
        self._done += not outcome.is_skipped
        for path, error in outcome.pick.broken if outcome.pick is not None else ():
            self._fail(str(path), error)
        if self._args.json:
            print(event_of(outcome, explained=self._args.explain).to_json(), flush=True)
            return
        if outcome.pick is not None and len(self._found.inputs) == 1:
            self._console.print(picks.headline(outcome.pick), markup=False)
            self._console.print(picks.table(outcome.pick))
            self._console.print(picks.verdict(outcome.pick), markup=False)
            if self._args.explain:
                for sentence in picks.explanations(outcome.pick):
                    self._console.print(f"  {sentence}", markup=False)
        else:
            self._console.print(picks.line(outcome), markup=False)
        if outcome.note:
            self._console.print(f"  {visible(outcome.note)}", markup=False)
        for path in () if outcome.is_skipped else outcome.outputs:
            self._console.print(f"  saved {visible(str(path))}", markup=False)

    def _look(self, chosen: Pick, movie: OpenMovie | None) -> None:
        """Show frames in the terminal, or draw them as one picture."""
        frames = picks.shown(chosen)
        cells = [
            Cell(
                image,
                f"{_place(chosen, frame)}  {frame.score:.3f}",
                frame is chosen.key,
                chosen.present is not None and chosen.present.index == frame.index,
            )
            for frame, image in zip(frames, _pictures(chosen, movie, frames), strict=True)
        ]
        if self._args.show:
            _show(cells)
        if self._args.sheet:
            target = self._args.sheet
            if target.exists():
                raise UsageError(f"{target} exists already", "livecam overwrites nothing")
            page = io.BytesIO()
            try:
                kind = Image.registered_extensions()[target.suffix.lower()]
                sheet(cells, picks.headline(chosen)).save(page, kind)
            except (KeyError, OSError, ValueError) as err:
                raise UsageError(f"{target.name} is no kind of picture", "try .png") from err
            write_file(target, page.getvalue())


def _pictures(chosen: Pick, movie: OpenMovie | None, frames: list[FrameScore]) -> list[Bytes]:
    if movie is not None:
        return [image for _, image in movie.reader.pictures([frame.index for frame in frames])]
    from livecam.photos.pictures import read_picture

    return [read_picture(chosen.input.files[frame.index]) for frame in frames]


def _place(chosen: Pick, frame: FrameScore) -> str:
    if chosen.input.kind == "pictures":
        return visible(chosen.input.files[frame.index].stem)[:16]
    return f"{to_s(frame.t_ns):.3f} s"


def _show(cells: list[Cell]) -> None:
    """Draw small frames in rows, as many as the terminal is wide."""
    from livecam.ui.half_blocks import draw

    a_row = max(1, shutil.get_terminal_size().columns // (SHOWN_W + 2))
    for start in range(0, len(cells), a_row):
        row = cells[start : start + a_row]
        drawn = [draw(cell.image, SHOWN_W, SHOWN_H) for cell in row]
        for y in range(max(map(len, drawn))):
            print("  ".join(_padded(lines[y] if y < len(lines) else "") for lines in drawn))
        marks = [("> " if cell.is_best else "") + cell.caption for cell in row]
        print("  ".join(_padded(mark[:SHOWN_W]) for mark in marks))


def _padded(line: str) -> str:
    """Filled up to the width of a frame; colour codes take no room."""
    return line + " " * (SHOWN_W - len(CODES.sub("", line)))


def event_of(outcome: Outcome, *, explained: bool) -> contract.Event:
    """What happened to an input, as programs read it."""
    outputs = tuple(map(str, outcome.outputs))
    file = str(outcome.source.file.resolve())
    chosen = outcome.pick
    if chosen is None:
        return contract.Skipped(file, outcome.source.kind, outputs)
    now = chosen.present
    return contract.Picked(
        file=file,
        files=tuple(str(path.resolve()) for path in outcome.source.files),
        kind=outcome.source.kind,
        duration_s=round(chosen.duration_s, DECIMALS),
        basis=chosen.score.basis,
        basis_note=chosen.score.note,
        reason=chosen.score.reason,
        frames=tuple(
            _frame(chosen.input, frame, chosen.key if explained else None)
            for frame in chosen.score.frames
        ),
        key=contract.Key(
            chosen.key.index, round(chosen.key_s, DECIMALS), round(chosen.key.score, DECIMALS)
        ),
        present_key=None
        if now is None
        else contract.PresentKey(round(now.time_s, DECIMALS), round(now.score, DECIMALS)),
        outputs=outputs,
        note=outcome.note,
    )


def _frame(source: Input, frame: FrameScore, key: FrameScore | None) -> dict[str, object]:
    judged: dict[str, object] = {
        "index": frame.index,
        "time_s": round(to_s(frame.t_ns), DECIMALS),
        **judged_record(frame),
    }
    if key is not None:
        judged["why"] = explain(frame, key)
    if source.kind == "pictures":
        judged["file"] = str(source.files[frame.index].resolve())
    return judged

"""Runs `livecam pick` and reports what was picked: tables, events, sheets."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from PIL import Image

from livecam import contract
from livecam.cli.reporter import Reporter, jobs_for, peeked
from livecam.disk.publish import write_file
from livecam.errors import InputError, UsageError
from livecam.faces.model import FaceModel, find_model, mediapipe_is_installed
from livecam.library.batch import Gain, ResultFile, Summary
from livecam.library.picking import MARK, Outcome, PickOptions, pick_all
from livecam.media.record import DECIMALS, judged_record
from livecam.photos.inputs import Input, Problem, Remark, discover
from livecam.photos.pick import OpenMovie, Pick, Wanted, open_movie
from livecam.photos.pictures import picture_frame
from livecam.photos.present import MIN_GAIN, PresentPhoto
from livecam.quality.explain import explain
from livecam.text import visible
from livecam.timebase import to_s
from livecam.ui import native_output, picks
from livecam.ui.sheet import Cell, sheet

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from livecam.frame import Bytes
    from livecam.photos.inputs import Kind
    from livecam.quality.score import FrameScore

SHOWN_W, SHOWN_H = 24, 14
"""Cells of a frame in the terminal."""
OWN = re.compile(rf"{MARK}(-\d+)?$")
"""The end of the names of files that were written by `--out`."""
CODES = re.compile(r"\x1b\[[0-9;]*m")


def run_picking(args: argparse.Namespace) -> int:
    """Pick from everything that was named; the exit code."""
    if mediapipe_is_installed():
        find_model(args.model)  # a missing model is reported once now, not for each input
    found = discover(args.paths)
    if args.rekey:
        found = _with_key_photos(found, args.paths)
    if args.out is not None:
        found = _without_own_output(found, args.out, args.paths)
    first, found = peeked(found)
    if len(first) > 1 and args.at is not None:
        raise UsageError("--at is for one input; there are more")
    if len(first) > 1 and args.sheet is not None and args.report is None:
        raise UsageError("--sheet is for one input; there are more", "or add --report FILE")
    if args.sheet is not None and args.sheet.exists():
        raise UsageError(f"{args.sheet} exists already", "livecam overwrites nothing")
    results = ResultFile(args.report) if args.report is not None else None
    try:
        with native_output.redirected(None) as errors:
            return _Report(args, first, results, errors).run(found)
    finally:
        if results is not None:
            results.close()


def _with_key_photos(
    found: Iterable[Input | Problem | Remark], named: list[Path]
) -> Iterator[Input | Problem | Remark]:
    """Inputs that can be re-keyed; others only if they were named, to be reported as errors."""
    for one in found:
        is_other = isinstance(one, Input) and one.kind not in ("live-photo", "motion-photo")
        if not is_other or set(_files(one)) & set(named):
            yield one


def _without_own_output(
    found: Iterable[Input | Problem | Remark], out: Path, named: list[Path]
) -> Iterator[Input | Problem | Remark]:
    """Leave out what earlier runs wrote to `out`, unless it was named."""
    folder = out.resolve()
    for one in found:
        is_ours = (
            isinstance(one, Input)
            and OWN.search(one.file.stem.removesuffix(".MP")) is not None
            and folder in one.file.resolve().parents
        )
        if not is_ours or set(_files(one)) & set(named):
            yield one


def _files(one: Input | Problem | Remark) -> tuple[Path, ...]:
    return one.files if isinstance(one, Input) else ()


class _Report:
    """Runs the work and reports it."""

    def __init__(
        self,
        args: argparse.Namespace,
        first: list[Input],
        results: ResultFile | None,
        errors: TextIO,
    ) -> None:
        self._args, self._first, self._results = args, first, results
        self._is_one = len(first) == 1
        self._told = Reporter(
            "picking", errors, args.paths, is_many=not self._is_one, as_json=args.json
        )

    def run(self, found: Iterable[Input | Problem | Remark]) -> int:
        args, told = self._args, self._told
        wanted = Wanted(
            frames=None if args.frames in (None, "all") else args.frames,
            is_default=args.frames is None,
            at_s=args.at,
            min_gain=MIN_GAIN if args.min_gain is None else args.min_gain,
        )
        look = self._look if args.show or (args.sheet and self._is_one) else None
        model = FaceModel(args.model, args.face_runtime)
        done = self._results.done if self._results is not None else frozenset()
        ask = PickOptions(
            wanted, None if args.dry_run else args.out, args.rekey, args.enhance, model, look, done,
            args.best_take, reports=self._results is not None,
        )  # fmt: skip
        is_empty = True
        with told:
            for one in self._outcomes(found, ask):
                is_empty = False
                if isinstance(one, Outcome):
                    self._tell(one)
                else:
                    told.found(one)
        if is_empty:
            raise InputError("there is nothing to pick from here", "name photos, movies or folders")
        if told.count > 1 or self._results is not None:
            self._summary()
        return int(told.exit_code())

    def _outcomes(
        self, found: Iterable[Input | Problem | Remark], ask: PickOptions
    ) -> Iterator[Outcome | Problem | Remark]:
        if self._args.dask is None:
            return pick_all(found, ask, jobs_for(self._args.jobs, self._first))
        from livecam.library.cluster import pick_on_cluster

        return pick_on_cluster(found, ask, self._args.dask)

    def _summary(self) -> None:
        told, results = self._told, self._results
        found = results.summary() if results is not None else Summary(0, 0, ())
        if self._args.json:
            if results is not None:
                items = tuple(contract.Gain(files=g.files, gain=g.gain) for g in found.largest)
                summary = contract.LibrarySummary(found.judged, found.better, items)
                print(summary.to_json(), flush=True)
        else:
            told.print(told.summary("picked"))
            if found.judged:
                told.print(picks.gains(found.judged, found.better, found.largest))
        cells = _compared(found.largest) if self._args.sheet and not self._is_one else []
        if cells:
            _save_sheet(cells, picks.GAINS_TITLE, self._args.sheet, is_compared=True)

    def _tell(self, outcome: Outcome) -> None:
        told = self._told
        told.advance(len(outcome.source.files))
        if self._results is not None and not outcome.is_skipped:
            self._results.add(result_of(outcome))
        if outcome.error is not None:
            told.fail(str(outcome.source.file), outcome.error)
            return
        told.skipped += outcome.is_skipped
        told.done += not outcome.is_skipped
        for path, error in outcome.pick.broken if outcome.pick is not None else ():
            told.fail(str(path), error)
        if self._args.json:
            print(event_of(outcome, explained=self._args.explain).to_json(), flush=True)
            return
        if outcome.pick is not None and self._is_one:
            told.print(picks.headline(outcome.pick))
            told.console.print(picks.table(outcome.pick, told.console.width))
            told.print(picks.verdict(outcome.pick))
            if self._args.explain:
                for sentence in picks.explanations(outcome.pick):
                    told.print(f"  {sentence}")
        else:
            told.print(picks.line(outcome))
        if outcome.note:
            told.print(f"  {visible(outcome.note)}")
        for path in () if outcome.is_skipped else outcome.outputs:
            told.print(f"  saved {visible(str(path))}")

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
            _save_sheet(cells, picks.headline(chosen), self._args.sheet)


def _save_sheet(cells: list[Cell], title: str, target: Path, *, is_compared: bool = False) -> None:
    """Draw frames as one picture file. Raises UsageError, OutputError."""
    page = io.BytesIO()
    try:
        kind = Image.registered_extensions()[target.suffix.lower()]
        sheet(cells, title, is_compared=is_compared).save(page, kind)
    except (KeyError, OSError, ValueError) as err:
        raise UsageError(f"{target.name} is no kind of picture", "try .png") from err
    write_file(target, page.getvalue())


def _compared(gains: Iterable[Gain]) -> list[Cell]:
    """The present photo and the better frame of each input, side by side, with their sizes."""
    cells = []
    for gain in gains:
        source = Input(cast("Kind", gain.kind), tuple(map(Path, gain.files)))
        try:
            frame, photo_wh = picture_frame(source.file, 0)
            with open_movie(source) as movie:
                better = movie.reader.picture(movie.reader.nearest(gain.key_s).index)
        except InputError:
            continue  # it has been deleted or changed since, or its photo cannot be read here
        name = visible(source.file.stem)[:20]
        sizes = [f"{w}x{h}" for w, h in (photo_wh, (better.shape[1], better.shape[0]))]
        cells.append(Cell(frame.bgr(), f"{name}  {sizes[0]}", False, True))
        caption = f"{gain.key_s:.3f} s  {sizes[1]}  +{gain.gain:.2f}"
        cells.append(Cell(better, caption, True, False))
    return cells


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
    """Draw small frames in rows, as many in a row as the terminal has room for."""
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
    """A line padded to the width of a frame; colour codes count as nothing."""
    return line + " " * (SHOWN_W - len(CODES.sub("", line)))


def event_of(outcome: Outcome, *, explained: bool) -> contract.Event:
    """What happened to an input, as programs read it."""
    outputs = tuple(map(str, outcome.outputs))
    file = str(outcome.source.file.resolve())
    chosen = outcome.pick
    if chosen is None:
        return contract.Skipped(file, outcome.source.kind, outputs)
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
        key=_key(chosen),
        present_key=_present_key(chosen),
        outputs=outputs,
        note=outcome.note,
        size_wh=chosen.size_wh,
        photo=None if chosen.photo is None else _photo(chosen.photo),
    )


def _photo(photo: PresentPhoto) -> contract.Photo:
    return {**judged_record(photo.score), "size_wh": photo.size_wh, "stays": photo.stays}


def result_of(outcome: Outcome) -> contract.Result:
    """`event_of` for `--report`: without the frames, which would make it 100 times as long."""
    chosen = outcome.pick
    gain: float | None = None
    if chosen is not None and chosen.present is not None:
        now = chosen.present if chosen.photo is None else chosen.photo.score
        better = chosen.key.score - now.score
        gain = 0.0 if chosen.keeps_present else round(max(0.0, better), DECIMALS)
    return contract.Result(
        id=outcome.id,
        files=tuple(str(path.resolve()) for path in outcome.source.files),
        kind=outcome.source.kind,
        key=None if chosen is None else _key(chosen),
        present_key=None if chosen is None else _present_key(chosen),
        gain=gain,
        outputs=tuple(map(str, outcome.outputs)),
        note=outcome.note,
        error="" if outcome.error is None else str(outcome.error),
        size_wh=None if chosen is None else chosen.size_wh,
        photo_wh=None if chosen is None or chosen.photo is None else chosen.photo.size_wh,
    )


def _key(chosen: Pick) -> contract.Key:
    key = chosen.key
    return contract.Key(key.index, round(chosen.key_s, DECIMALS), round(key.score, DECIMALS))


def _present_key(chosen: Pick) -> contract.PresentKey | None:
    now = chosen.present
    if now is None:
        return None
    return contract.PresentKey(round(now.time_s, DECIMALS), round(now.score, DECIMALS))


def _frame(source: Input, frame: FrameScore, key: FrameScore | None) -> contract.PickedFrame:
    at = {"index": frame.index, "time_s": round(to_s(frame.t_ns), DECIMALS)}
    judged = cast("contract.PickedFrame", {**at, **judged_record(frame)})
    if key is not None:
        judged["why"] = explain(frame, key)
    if source.kind == "pictures":
        judged["file"] = str(source.files[frame.index].resolve())
    return judged

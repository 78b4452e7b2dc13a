"""One run of `livecam pick`: many inputs, each scored, chosen from and, if asked for, stored.

A pool of threads works on the inputs (decoding and the landmarker release the GIL); each thread has
its own landmarker. Results come in the order of the inputs.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

from livecam.disk.new_files import NewFiles, write_new
from livecam.disk.publish import check_folder, complete_or_withdraw
from livecam.edit.faces_in_photo import with_better_faces
from livecam.edit.rekey import best_picture, rekeyed_motion_photo, rekeyed_pair
from livecam.enhance.retouch import Retouch
from livecam.errors import InputError, LivecamError
from livecam.formats.exif import image_id
from livecam.formats.files import read_file
from livecam.formats.still import exif_of, read_still
from livecam.library.batch import in_order
from livecam.photos.archives import unpacked
from livecam.photos.inputs import PICTURES, Input, Problem, Remark
from livecam.photos.pick import OpenMovie, Pick, Wanted, open_movie, pick
from livecam.photos.present import MIN_GAIN
from livecam.quality.finder import FaceFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set
    from pathlib import Path

    from livecam.faces.model import AnyModel

KEPT = "nothing is written"
MARK = "_key"
"""Added to the name of a file that is made from another."""

_NUMBER = re.compile(r"-\d+$")
_NAMESPACE = uuid.UUID("8a3f2c54-6f0e-4d57-9d3b-6a1d0c9b7e21")


@dataclass(frozen=True)
class PickOptions:
    """What is to be done with every input."""

    wanted: Wanted
    out: Path | None = None
    rekey: bool = False
    enhance: bool = False
    model: AnyModel = None
    on_pick: Callable[[Pick, OpenMovie | None], None] | None = None
    """Gets every choice while its movie is still open, in one of several threads."""
    done: Set[bytes] = frozenset()
    """Identifiers of inputs that an earlier run has done, as bytes."""
    best_take: bool = False
    reports: bool = False
    """Whether every input needs a line in a result file. If a killed run has written an input's
    files but not its line, the input is then judged again."""


@dataclass(frozen=True)
class Outcome:
    """The result for one input: a choice, an error, or nothing to do."""

    source: Input
    id: str = ""
    """An upper-case UUID, the same for the same files and options."""
    pick: Pick | None = None
    outputs: tuple[Path, ...] = ()
    note: str = ""
    error: LivecamError | None = None

    @property
    def is_skipped(self) -> bool:
        """Whether an earlier run has done it."""
        return self.pick is None and self.error is None


def pick_all(
    found: Iterable[Input | Problem | Remark], ask: PickOptions, jobs: int
) -> Iterator[Outcome | Problem | Remark]:
    """Work on all inputs; yield outcomes in order, with problems and remarks in their places.

    Raises OutputError if `out` cannot be written at all; all other errors are in the outcomes.
    """
    if ask.out is not None:
        check_folder(ask.out)
    finders, made = Finders(ask.model, helps=jobs > 1), Made()

    def work(one: Input | Problem | Remark) -> Outcome | Problem | Remark:
        return outcome_of(one, ask, finders, made) if isinstance(one, Input) else one

    try:
        yield from in_order(found, work, jobs)
    finally:
        finders.close()


class Finders:
    """A face finder for each thread, and with `helps` one more for sets of pictures."""

    def __init__(self, model: AnyModel, *, helps: bool = False) -> None:
        self._model = model
        self._helper = FaceFinder(model) if helps else None
        self._helping = threading.Lock()
        self._local = threading.local()
        self._all: list[FaceFinder] = []

    def mine(self) -> FaceFinder:
        """The calling thread's finder."""
        finder: FaceFinder | None = getattr(self._local, "finder", None)
        if finder is None:
            finder = self._local.finder = FaceFinder(self._model)
            self._all.append(finder)
        return finder

    @contextmanager
    def several(self) -> Iterator[Sequence[FaceFinder]]:
        """The calling thread's finder, and the additional one unless another thread uses it."""
        if self._helper is None or not self._helping.acquire(blocking=False):
            yield [self.mine()]
            return
        try:
            yield [self.mine(), self._helper]
        finally:
            self._helping.release()

    def close(self) -> None:
        """Free all of them."""
        for finder in (*self._all, self._helper):
            if finder is not None:
                finder.close()


def outcome_of(source: Input, ask: PickOptions, finders: Finders, made: Made) -> Outcome:
    """Work on one input; whatever happens is in the outcome."""
    identifier = ""
    try:
        if ask.rekey and source.kind not in ("live-photo", "motion-photo"):
            what = "a movie" if source.kind == "video" else "a picture"
            raise InputError(f"{source.file.name}: {what} has no key photo to change")
        identifier = identifier_of(source, ask)
        if uuid.UUID(identifier).bytes in ask.done:
            return Outcome(source, identifier)
        before = _done_before(source, ask, identifier, made)
        if before and not ask.reports:
            return Outcome(source, identifier, outputs=before)
        if before:
            ask = replace(ask, out=None)
        if source.kind == "pictures":
            with finders.several() as some:
                outcome = _pick(source, ask, some, identifier, None)
        else:
            with unpacked(source) as files, open_movie(files) as movie:
                outcome = _pick(source, ask, [finders.mine()], identifier, movie, files)
        return replace(outcome, outputs=before or outcome.outputs)
    except InputError as err:
        name = source.file.name
        message = err.message if name in err.message else f"{name}: {err.message}"
        return Outcome(source, identifier, error=InputError(message, err.hint))
    except LivecamError as err:
        return Outcome(source, identifier, error=err)
    except Exception as err:  # noqa: BLE001 - one file's fault must not stop the others
        name = source.file.name
        broken = LivecamError(f"{name}: livecam broke down: {err!r}")
        return Outcome(source, identifier, error=broken)


def _pick(
    source: Input,
    ask: PickOptions,
    finders: Sequence[FaceFinder],
    identifier: str,
    movie: OpenMovie | None,
    unpacked_source: Input | None = None,
) -> Outcome:
    """Choose, and write what is asked for; the files of an archive lie in `unpacked_source`."""
    finder = finders[0]
    found = pick(unpacked_source or source, finder, ask.wanted, movie, finders[1:])
    chosen = replace(found, input=source)
    if ask.on_pick is not None:
        ask.on_pick(chosen, movie)
    if ask.out is None:
        return Outcome(source, identifier, chosen)
    try:
        files, why = _files(found, movie, ask, identifier, finder)
    except OSError as err:
        raise InputError(f"cannot be read: {err.strerror}") from err
    if files is None:
        return Outcome(source, identifier, chosen, note=_joined(why, KEPT))
    # For a set, the chosen picture gives the name.
    name = source.files[chosen.key.index].stem if source.kind == "pictures" else _stem(source)
    outputs = write_new(files, ask.out / source.below, name + MARK)
    return Outcome(source, identifier, chosen, outputs, _joined(why, files.note))


def _files(
    chosen: Pick, movie: OpenMovie | None, ask: PickOptions, identifier: str, finder: FaceFinder
) -> tuple[NewFiles | None, str]:
    """The new files for a choice, and a note; None if the photo stays as it is."""
    retouch = Retouch(ask.enhance, finder if ask.best_take else None)
    if movie is None or chosen.by_hand:
        why = ""
    else:
        stays = chosen.keeps_present
        why = ""
        if ask.best_take or (ask.rekey and not stays):
            # The photo itself, with its pixels, and better faces in it: better than any frame.
            files, why = with_better_faces(chosen, movie, identifier, finder, rekeys=ask.rekey)
            if files is not None:
                return files, ""
        if ask.rekey and stays:
            return None, why  # a copy would be a second photo to whatever imports it
    if not ask.rekey or movie is None:
        return best_picture(chosen, movie, identifier, retouch), why
    remake = rekeyed_pair if chosen.input.kind == "live-photo" else rekeyed_motion_photo
    return remake(chosen, movie, identifier, retouch), why


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _stem(source: Input) -> str:
    stem = source.file.stem
    # The "MP" of a Motion Photo's name must come last in the new name too.
    return stem.removesuffix(".MP") if source.kind == "motion-photo" else stem


def identifier_of(source: Input, ask: PickOptions) -> str:
    """The identifier of this input with these options, the same in every run. Raises InputError.

    An upper-case UUID: the content identifier of a new pair, and EXIF's ImageUniqueID of a new
    picture. A later run recognises by it what was done already.
    """
    asked: list[object]
    try:
        stats = [(path.name, path.stat()) for path in source.files]
    except OSError as err:
        raise InputError(f"cannot be read: {err.strerror}") from err
    asked = [ask.rekey, ask.enhance, ask.wanted.frames, ask.wanted.is_default, ask.wanted.at_s]
    if ask.best_take:
        asked.append("best take")
    if ask.wanted.min_gain != MIN_GAIN:
        asked.append(ask.wanted.min_gain)
    files = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    # Another version of livecam may choose differently.
    text = json.dumps([metadata.version("livecam"), asked, files])
    return str(uuid.uuid5(_NAMESPACE, text)).upper()


class Made:
    """The files in the output folders, listed once per folder and not once per input."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def named(self, folder: Path, stem: str) -> list[Path]:
        """Files with this stem, with or without a number added, in the order of their names."""
        with self._lock:
            stems = self._folders.get(folder)
            if stems is None:
                complete_or_withdraw(folder)  # what a run that was killed has left half done
                stems = self._folders[folder] = {}
                for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                    if not path.name.startswith("."):
                        # "clip-2" is a second "clip", or a first "clip-2".
                        for name in {_bare(path), _NUMBER.sub("", _bare(path))}:
                            stems.setdefault(name, []).append(path)
        return stems.get(stem, [])


def _bare(path: Path) -> str:
    return path.stem.removesuffix(".MP")


def _done_before(source: Input, ask: PickOptions, identifier: str, made: Made) -> tuple[Path, ...]:
    """The files that an earlier run has made from this input with these options."""
    if ask.out is None:
        return ()
    folder = (ask.out / source.below).resolve()
    stems = {path.stem for path in source.files} if source.kind == "pictures" else {_stem(source)}
    for path in (path for stem in sorted(stems) for path in made.named(folder, stem + MARK)):
        if path.suffix.lower() not in PICTURES or not _is_made_from(path, source, identifier):
            continue
        if not ask.rekey or source.kind != "live-photo":
            return (path,)
        movie = path.with_suffix(".MOV")
        if movie.is_file():
            return (movie, path)
    return ()


def _is_made_from(path: Path, source: Input, identifier: str) -> bool:
    try:
        if any(_same(path, file) for file in source.files):
            return True
        if source.kind == "pictures":
            return False  # its best picture is copied, never made
        note = read_file(path, read_still).note
        if note is not None and note.identifier == identifier:
            return True
        block = read_file(path, exif_of)
        return block is not None and image_id(block) == identifier.replace("-", "").lower()
    except (InputError, OSError):
        return False


def _same(a: Path, b: Path) -> bool:
    return a.stat().st_size == b.stat().st_size and a.read_bytes() == b.read_bytes()

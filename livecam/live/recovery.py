"""Finishes what a run that was killed left unfinished in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam import contract
from livecam.disk.changes import finish_abandoned
from livecam.disk.publish import complete_or_withdraw, name_at
from livecam.errors import LivecamError, OutputError
from livecam.live.spool import Spool, abandoned, folder_for, read_moment, strange
from livecam.media.save import save
from livecam.media.save_options import SaveOptions
from livecam.photos.judged import read_record
from livecam.quality.choice import unscored
from livecam.quality.scoring import score
from livecam.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livecam.faces.model import AnyModel
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore

DEFAULT_OPTIONS = SaveOptions()


def recover(
    folder: Path,
    tell: Callable[[contract.Event], None],
    *,
    save_options: SaveOptions = DEFAULT_OPTIONS,
    model: AnyModel = None,
    given_up: Callable[[], bool] = lambda: False,
) -> bool:
    """Complete or withdraw half-published files, and save moments that are still unfinished.

    `tell` gets events about what is found and done. False if something could not be finished, and
    stays where it is, or if `given_up` came true.
    """
    good = True

    def fail(error: LivecamError) -> None:
        nonlocal good
        good = False
        tell(contract.Error(error.message, error.hint, int(error.exit_code)))

    complete_or_withdraw(folder)
    for problem in finish_abandoned(folder):
        fail(OutputError(problem))
    for path in strange(folder):
        used = folder_for(folder).name
        tell(contract.Notice(f"{path} is not ours: it is left alone, and {used} used in its place"))
    with abandoned(folder) as found:
        if found.moments:
            text = (
                f"{counted(len(found.moments), 'moment')} of an earlier run unfinished in {folder}"
            )
            tell(contract.Notice(text))
        if found.torn:
            text = f"{found.torn} more cannot be recovered: too little was on disk"
            tell(contract.Notice(text))
        for path in found.moments:
            if given_up():
                return False
            try:
                moment = read_moment(path)
                if not _is_saved(folder, moment):
                    files = save(moment, _score(moment, model), folder, save_options)
                    tell(contract.Recovered(str(files.movie), str(files.photo), str(files.scores)))
                Spool(folder).drop(path)
            except LivecamError as err:
                fail(err)
            except Exception as err:  # noqa: BLE001 - one moment's fault must not lose the next
                fail(LivecamError(f"{path} cannot be finished: {err!r}", "it is left where it is"))
    return good


def _score(moment: Moment, model: AnyModel) -> MomentScore:
    try:
        return score(moment, model)
    except (LivecamError, ValueError) as err:
        return unscored(moment.frames, moment.shutter_ns, str(err))


def _is_saved(folder: Path, moment: Moment) -> bool:
    """Whether this moment has its files: the run was killed before dropping it from the spool."""
    when = moment.shutter_time
    for path in folder.glob(f"{name_at(when)[:-4]}*.json"):
        record = read_record(path) or {}
        same_time = record.get("shutter_time") == when.isoformat(timespec="milliseconds")
        if same_time and record.get("id") == moment.id:
            return True
    return False

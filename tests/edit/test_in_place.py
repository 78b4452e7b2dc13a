"""Another key photo for a moment where it lies, and back again."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing

import jsonschema
import pytest

from livecam import contract_schema
from livecam.edit.in_place import make_key
from livecam.errors import InputError, OutputError
from livecam.formats.files import read_file
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.movie_facts import read_movie
from livecam.media.save_options import SaveOptions
from livecam.photos.check import check
from livecam.photos.inputs import Input, find_inputs
from livecam.photos.judged import judge, read_record
from livecam.photos.pairs import Halves
from livecam.quality.finder import FaceFinder
from tests.support.files import FRAMES, numbered_movie, saved
from tests.support.promise import check_record

pytestmark = pytest.mark.usefixtures("own_trash")


def judged(source):
    with closing(FaceFinder()) as finder:
        return judge(source, finder)


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


@pytest.fixture
def moment(tmp_path):
    folder = tmp_path / "photos"
    files = saved(folder, is_scored=True)
    return Input("live-photo", (files.photo, files.movie))


def other_frame(pick):
    return (pick.score.key + 7) % len(pick.score.frames)


def test_the_record_says_how_frames_were_judged(moment, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    files = tuple(shutil.copy2(path, bare) for path in moment.files)
    from_record = judged(moment)
    looked_at = judged(Input("live-photo", tuple(map(bare.joinpath, map(str, files)))))
    assert len(from_record.score.frames) == len(looked_at.score.frames)
    assert from_record.score.basis == looked_at.score.basis
    differences = [
        abs(a.score - b.score)
        for a, b in zip(from_record.score.frames, looked_at.score.frames, strict=True)
    ]
    assert sorted(differences)[len(differences) // 2] < 0.05, "the movie is compressed; no more"


def test_a_new_key_photo_takes_the_old_ones_place(moment):
    folder = moment.file.parent
    before, pick = content(folder), judged(moment)
    position = other_frame(pick)
    change = make_key(pick, position)
    assert content(folder).keys() == before.keys(), "under the same names"
    photo, movie = change.source.files
    found = check(Halves(photo, movie))
    assert found.defects == ()
    still_s = read_file(movie, read_movie).still.time_s
    assert still_s == pytest.approx(pick.score.frames[position].t_ns / 1e9, abs=1 / 600)
    record = read_record(photo.with_suffix(".json"))
    schema = contract_schema.schema()
    jsonschema.validate(record, schema)
    assert record["key"]["index"] == position
    assert record["key"]["reason"] == "chosen by hand"
    assert pick.score.key in {other["index"] for other in record["alternatives"]}
    assert judged(change.source).score.key == position
    back = change.undo()
    assert back == moment
    assert content(folder) == before
    assert not list(folder.glob(".*"))


def test_two_steps_are_undone_one_after_the_other(moment):
    folder = moment.file.parent
    before = content(folder)
    pick = judged(moment)
    first = make_key(pick, other_frame(pick))
    between = content(folder)
    second = make_key(judged(first.source), pick.score.key)
    second.undo()
    assert content(folder) == between
    first.undo()
    assert content(folder) == before


def test_a_motion_photo_is_changed_in_place_too(tmp_path):
    folder = tmp_path / "photos"
    saved(folder, SaveOptions(motion="only"))
    (source,) = find_inputs([folder]).inputs
    before, pick = content(folder), judged(source)
    change = make_key(pick, other_frame(pick))
    (file,) = change.source.files
    assert file.name == source.file.name
    still_s = read_file(file, find_motion_movie).still_s
    assert still_s == pytest.approx(pick.score.frames[other_frame(pick)].t_ns / 1e9, abs=1e-3)
    change.undo()
    assert content(folder) == before


def test_a_motion_photo_alone_has_its_record_changed_too(tmp_path):
    folder = tmp_path / "photos"
    saved(folder, SaveOptions(motion="only"), is_scored=True)
    (source,) = find_inputs([folder]).inputs
    before, pick = content(folder), judged(source)
    record = json.loads(next(folder.glob("*.json")).read_text())
    assert len(pick.score.frames) == len(record["frames"])
    assert pick.score.reason == record["key"]["reason"], "it is the record's word, not a new look"
    change = make_key(pick, other_frame(pick))
    assert content(folder).keys() == before.keys()
    record = json.loads(next(folder.glob("*.json")).read_text())
    check_record(record)
    assert record["key"]["index"] == other_frame(pick)
    assert record["photo"] == record["movie"] == source.file.name
    assert change.undo() == source
    assert content(folder) == before


def test_a_movie_has_no_key_photo(tmp_path):
    path = numbered_movie(tmp_path / "a.mp4", [i / 30 for i in range(10)])
    with pytest.raises(InputError, match="no key photo"):
        make_key(judged(Input("video", (path,))), 3)


def test_where_there_is_no_trash_all_stays_as_it_was(moment, own_trash):
    folder = moment.file.parent
    before, pick = content(folder), judged(moment)
    own_trash.write_text("no folder can be made here")
    with pytest.raises(OutputError, match="trash"):
        make_key(pick, other_frame(pick))
    assert content(folder) == before
    assert not list(folder.glob(".*"))


def test_an_undo_goes_on_though_somebody_has_taken_a_file(moment):
    folder = moment.file.parent
    before, pick = content(folder), judged(moment)
    change = make_key(pick, other_frame(pick))
    change.source.files[1].unlink()
    change.undo()
    assert content(folder) == before


@pytest.mark.skipif(os.name == "nt", reason="no such rights there")
def test_who_may_read_a_photo_stays_as_it_was(moment):
    for path in moment.files:
        path.chmod(0o600)
    pick = judged(moment)
    change = make_key(pick, other_frame(pick))
    for path in change.source.files:
        assert path.stat().st_mode & 0o777 == 0o600
    change.forget()


def test_a_motion_photo_keeps_its_own_name(tmp_path):
    folder = tmp_path / "photos"
    file = saved(folder, SaveOptions(motion="only")).photo
    own = file.rename(folder / "MVIMG_20260517.jpg")
    (source,) = find_inputs([folder]).inputs
    pick = judged(source)
    change = make_key(pick, other_frame(pick))
    assert change.source.files == (own,)
    assert change.undo() == source


def test_a_record_that_no_longer_fits_its_movie_is_not_believed(moment):
    record = json.loads(moment.file.with_suffix(".json").read_text())
    record["frames"] = record["frames"][:-1]
    moment.file.with_suffix(".json").write_text(json.dumps(record))
    assert len(judged(moment).score.frames) == FRAMES

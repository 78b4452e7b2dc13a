from __future__ import annotations

import json
from fractions import Fraction

import av
import pytest

import livecam
from livecam.errors import OutputError
from livecam.media.save import save_when_scored
from livecam.quality.parts import PARTS
from tests.support.frames import moment, tone
from tests.support.promise import check_record


@pytest.fixture
def saved(out):
    it = moment([i / 30 for i in range(20)], sound=tone(0.7), size_wh=(640, 360), first=40)
    return it, livecam.save(it, livecam.score(it), out)


def test_three_files_appear_and_nothing_else(saved, out):
    _, files = saved
    assert sorted(out.iterdir()) == sorted([files.movie, files.photo, files.scores])
    assert files.movie.suffix == ".MOV"
    assert files.photo.suffix == ".JPG"
    assert files.movie.is_absolute()


def test_the_record_keeps_the_contract(saved):
    check_record(json.loads(saved[1].scores.read_text()))


def test_the_record_tells_every_frame_and_the_choice(saved):
    _it, files = saved
    record = json.loads(files.scores.read_text())
    assert [frame["source_index"] for frame in record["frames"]] == list(range(40, 60))
    assert record["frames"][0]["time_s"] == 0
    assert record["frames"][10]["arrived_s"] - record["frames"][10]["time_s"] == pytest.approx(
        0.002
    )
    key = record["key"]
    assert record["frames"][key["index"]]["score"] == key["score"]
    assert record["frames"][key["index"]]["time_s"] == key["time_s"]
    assert key["reason"]
    assert record["movie"] == files.movie.name
    face = record["frames"][key["index"]]["faces"][0]
    assert tuple(face["parts"]) == (*PARTS, "composure")
    assert 0 <= face["box_xyxy"][0] < face["box_xyxy"][2] <= 640
    assert record["versions"]["mediapipe"] == "0.10.31"
    assert record["shutter_s"] == pytest.approx(19 / 60, abs=0.001)


def test_gaps_are_told(out):
    times = [0, 1 / 30, 2 / 30, 6 / 30, 7 / 30, 8 / 30]
    it = moment(times)
    files = livecam.save(it, livecam.score(it), out)
    (gap,) = json.loads(files.scores.read_text())["gaps"]
    assert gap == {"after_index": 2, "duration_s": pytest.approx(4 / 30, abs=1e-6), "lost": 0}


def test_scores_have_at_least_four_decimals(saved):
    text = saved[1].scores.read_text()
    scores = [frame["score"] for frame in json.loads(text)["frames"]]
    assert any(len(str(Fraction(str(score))).split("/")[-1]) >= 4 for score in scores)


def test_what_fails_while_scoring_leaves_nothing(out):
    from livecam.media.save import save_when_scored

    def fails():
        raise livecam.ModelError("the model is gone")

    with pytest.raises(livecam.ModelError):
        save_when_scored(moment(), fails, out)
    assert list(out.iterdir()) == []


def test_an_encoder_that_gave_up_does_not_lose_the_moment(out):
    it = moment([i / 30 for i in range(20)])

    def encoded():
        raise OutputError("the movie cannot be encoded: no")

    files = save_when_scored(it, lambda: livecam.score(it), out, encoded=encoded)
    assert files.encoded_again == "the movie cannot be encoded: no"
    with av.open(str(files.movie)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20

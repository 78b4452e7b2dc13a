"""Whole moments of the drawn person, scored for real."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import livecam
from livecam.capture.source import CameraMode
from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.frame import PixelFormat
from livecam.live.live_score import LiveScorer
from livecam.moment import Moment
from livecam.quality.finder import FaceFinder, reduce_for
from livecam.quality.scoring import score_with
from livecam.timebase import NS_PER_S, WallClock
from tests.support.frames import drawn, flat

SIZE, RATE = (640, 360), Fraction(30)


def film(seed: int, first: int, count: int, pixel_format=PixelFormat.I420) -> Moment:
    studio = Studio(Script(seed), SIZE, RATE)
    frames = tuple(
        drawn(i, int(i * NS_PER_S / RATE), studio, pixel_format)
        for i in range(first, first + count)
    )
    middle = frames[count // 2].t_ns
    mode = CameraMode(SIZE, RATE, pixel_format, "drawn", "demo")
    return Moment(
        1, middle, frames, None, "", "drawn", "", mode, True, WallClock(0), frames[-1].t_ns
    )  # fmt: skip


def is_good(truth) -> bool:
    """A picture nobody would delete."""
    return (
        truth.eyes_open > 0.9
        and truth.defocus < 3
        and truth.light > 0.5
        and abs(truth.yaw_deg) < 15
        and truth.smile > -0.3
    )


@pytest.mark.parametrize("seed", range(5))
def test_where_there_is_a_good_frame_a_good_one_is_chosen(seed):
    moment = film(seed, 60 + 45 * seed, 75)
    truths = [Script(seed).at(float(frame.index / RATE)) for frame in moment.frames]
    score = livecam.score(moment)
    assert score.basis == "faces"
    assert is_good(truths[score.key]) or not any(map(is_good, truths))
    assert truths[score.key].eyes_open > 0.9


def test_shut_eyes_score_below_open_ones_in_every_minute():
    moment = film(0, 0, 150)
    score = livecam.score(moment)
    truths = [Script(0).at(float(f.index / RATE)) for f in moment.frames]
    shut = [s.score for s, t in zip(score.frames, truths, strict=True) if t.eyes_open < 0.1]
    open_ = [s.score for s, t in zip(score.frames, truths, strict=True) if t.eyes_open == 1]
    assert max(shut) < 0.25
    assert np.median(open_) > 0.6


def test_the_form_of_the_frames_does_not_change_the_choice_much():
    judged = [livecam.score(film(1, 30, 40, form)) for form in PixelFormat]
    scores = [score.frames[judged[0].key].score for score in judged]
    assert max(scores) - min(scores) < 0.08


def test_a_moment_without_a_face_is_scored_by_the_frame():
    moment = film(0, 0, 3)
    frames = tuple(flat(i, i * 33_000_000, 90 + i, (640, 360)) for i in range(5))
    score = livecam.score(replace(moment, frames=frames))
    assert score.basis == "frame"
    assert all(not frame.faces for frame in score.frames)


def test_broken_frames_do_not_stop_the_rest():
    moment = film(2, 30, 10, PixelFormat.JPEG)
    broken = list(moment.frames)
    broken[5] = broken[5].with_data(np.zeros(50, np.uint8), warmup=False)
    broken[6] = broken[6].with_data(broken[6].data[: len(broken[6].data) // 2], warmup=False)
    score = livecam.score(replace(moment, frames=tuple(broken), shutter_ns=broken[5].t_ns))
    assert score.key not in (5, 6)
    assert not score.frames[6].offered


def test_where_nothing_brings_the_model_the_frame_decides_and_the_reason_is_given(
    monkeypatch, tmp_path
):
    # A platform without MediaPipe, on which nobody has fetched the model yet.
    monkeypatch.setattr("livecam.quality.finder.mediapipe_is_installed", lambda: False)
    monkeypatch.setattr("livecam.faces.model.CARRIER", "no_such_package")
    monkeypatch.setattr("livecam.faces.model.fetched_path", lambda: tmp_path / "none.task")
    score = livecam.score(film(0, 30, 10))
    assert score.basis == "frame"
    assert "the face model is not installed" in score.note
    assert "livecam model" in score.note


def test_what_comes_out_is_plain_data():
    """So that it can be sent from another process or machine."""
    score = livecam.score(film(0, 30, 4))
    assert pickle.loads(pickle.dumps(score)) == score


def test_more_threads_choose_as_one_does():
    moment = film(3, 60, 48)
    finders = [FaceFinder() for _ in range(3)]
    one, three = (score_with(finders[:n], moment.frames, moment.shutter_ns) for n in (1, 3))
    for finder in finders:
        finder.close()
    for judged in (one, three):  # another frame, where it is no worse to either
        assert judged.frames[judged.key].score - judged.frames[one.key].score <= 0.05
        assert judged.frames[judged.key].score - judged.frames[three.key].score <= 0.05


def test_a_missing_model_is_raised_to_whoever_asked(tmp_path):
    with pytest.raises(livecam.ModelError):
        livecam.score(film(0, 0, 2), tmp_path / "none.task")


def test_the_live_readout_follows_the_person():
    finder = FaceFinder()
    scorer, studio, script = LiveScorer(finder), Studio(Script(0), SIZE, RATE), Script(0)
    readouts = [
        (
            script.at(i / 30),
            scorer.score(drawn(i, int(i * NS_PER_S / RATE), studio, PixelFormat.I420)),
        )
        for i in range(0, 900, 10)
    ]
    finder.close()
    shut = [live for truth, live in readouts if truth.eyes_open < 0.1 and truth.light > 0.9]
    calm = [live for truth, live in readouts if truth.act == "neutral" and truth.eyes_open == 1]
    assert shut
    assert all("eyes closed" in live.complaints and live.score < 0.3 for live in shut)
    assert np.median([live.score for live in calm]) > 0.6
    assert all(live.faces == 1 for live in calm)


def test_an_empty_room_reads_as_no_face():
    finder = FaceFinder()
    live = LiveScorer(finder).score(flat(0, 0, 120, (640, 360)))
    finder.close()
    assert (live.faces, live.score) == (0, 0.0)
    assert "no face" in live.complaints


@pytest.mark.parametrize(("width", "reduce"), [(320, 1), (1280, 2), (1920, 2), (3840, 4)])
def test_large_frames_are_measured_at_a_fraction(width, reduce):
    assert reduce_for(width) == reduce

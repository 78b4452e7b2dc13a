"""Moments of several people: which frames are looked at, told with readings made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecam.photos.inputs import Input
from livecam.photos.judged import best_of
from livecam.photos.pick import Pick
from livecam.quality.choice import choose
from livecam.quality.estimates import completed
from livecam.quality.explain import explain
from livecam.quality.finder import NO_SCENE
from livecam.quality.measures import FaceReading, FrameReading
from livecam.quality.score import NEAR_NS
from livecam.quality.search import Pace, search_moment
from tests.support.readings import FACE, frame, shutter

COUNT = 90
SHUT = replace(FACE, blink=0.7, aperture=0.05)
DULL = replace(FACE, smile=0.0, corner=-0.03, luma=0.2)


def group(*people: dict[int, FaceReading], usual: FaceReading = FACE) -> list[FrameReading]:
    """People side by side, each as usual but in the frames named."""
    frames = []
    for i in range(COUNT):
        faces = []
        for n, person in enumerate(people):
            x = 100 + 300 * n
            face = person.get(i, replace(usual, yaw_deg=((i + n) % 3 - 1) * 1.0))
            faces.append(replace(face, box_xyxy=(x, 100, x + 160, 280)))
        frames.append(frame(i, *faces))
    return frames


class Looking:
    """Gives readings as they are asked for, and remembers which."""

    def __init__(self, readings: list[FrameReading]) -> None:
        self._readings = readings
        self.looked: set[int] = set()

    def __call__(self, positions: list[int]) -> dict[int, FrameReading]:
        assert not self.looked & set(positions), "no frame is looked at twice"
        self.looked |= set(positions)
        return {i: self._readings[i] for i in positions}

    @property
    def blanks(self) -> list[FrameReading]:
        return [replace(r, decoded=False, faces=(), scene=NO_SCENE) for r in self._readings]


def closely(readings: list[FrameReading], at: int = 45) -> tuple:
    look = Looking(readings)
    return search_moment(look.blanks, {}, shutter(at), look), look.looked


def test_the_best_frame_of_a_group_is_found_without_looking_at_all():
    blinks = [dict.fromkeys(range(a, a + 6), SHUT) for a in (40, 46, 30)]
    readings = group(*blinks)
    score, looked = closely(readings)
    best = choose(readings, shutter(45))
    assert score.frames[score.key].score >= best.frames[best.key].score - 0.01
    assert len(looked) < 0.6 * COUNT
    assert [frame.estimated for frame in score.frames] == [i not in looked for i in range(COUNT)]
    assert all(i in looked for i in score.alternatives)


def test_a_short_while_in_which_all_are_good_is_found():
    # Two frames between those that are looked at first, where one is good before, the other behind.
    readings = group(
        dict.fromkeys(range(52), DULL), dict.fromkeys(range(54, 90), DULL), {}, usual=FACE
    )
    score, looked = closely(readings)
    best = choose(readings, shutter(45))
    assert score.frames[score.key].score >= best.frames[best.key].score - 0.02
    assert len(looked) < 0.6 * COUNT


@pytest.mark.parametrize("people", [1, 2])
def test_of_few_people_every_frame_is_looked_at(people):
    readings = group(*[dict.fromkeys(range(40, 46), SHUT)] * people)
    score, looked = closely(readings)
    assert looked == set(range(COUNT))
    assert score == choose(readings, shutter(45))


def test_frames_that_cannot_be_read_are_neither_chosen_nor_estimates_for_others():
    readings = group({}, {}, {})
    for i in range(0, COUNT, 2):
        readings[i] = replace(readings[i], decoded=False, whole=False, faces=(), scene=NO_SCENE)
    score, looked = closely(readings)
    assert score.key in looked
    assert readings[score.key].decoded
    assert all(len(one.faces) == 3 for one in score.frames if one.estimated)


def test_what_a_frame_shows_that_was_not_looked_at_lies_between_the_two_beside_it():
    a = frame(0, replace(FACE, smile=0.2, box_xyxy=(100, 100, 200, 200)))
    b = frame(4, replace(FACE, smile=0.6, box_xyxy=(120, 100, 220, 200)))
    blanks = [frame(i, decoded=False) for i in range(5)]
    between = completed(blanks, {0: a, 4: b})[1]
    assert between.estimated
    assert between.faces[0].smile == pytest.approx(0.3)
    assert between.faces[0].box_xyxy == (105, 100, 205, 200)


def test_it_is_said_of_a_frame_that_it_was_not_looked_at():
    score, _ = closely(group({}, {}, {}))
    unseen = next(frame for frame in score.frames if frame.estimated)
    assert "not measured" in explain(unseen, score.frames[score.key])


def test_looking_through_a_moment_calls_no_frame_the_best_that_was_not_looked_at():
    score, looked = closely(group({}, {}, {}))
    unseen = next(i for i, frame in enumerate(score.frames) if frame.estimated)
    frames = list(score.frames)
    frames[unseen] = replace(frames[unseen], score=1.0)  # an estimate that is too good
    by_hand = replace(score, frames=tuple(frames), key=max(looked - {score.key}))
    assert best_of(Pick(Input("video", (Path("a.mov"),)), 3.0, by_hand, None)) in looked


def test_frames_of_a_camera_that_warms_up_are_not_worth_a_look():
    readings = [replace(r, warmup=i < 60) for i, r in enumerate(group({}, {}, {}))]
    bad = {i: replace(r, faces=(SHUT, *r.faces[1:])) for i, r in enumerate(readings) if i >= 60}
    readings = [bad.get(i, reading) for i, reading in enumerate(readings)]
    score, looked = closely(readings, 70)
    assert score.key >= 60
    assert len(looked & set(range(58))) < 20
    assert "warmed up" in explain(score.frames[1], score.frames[score.key])


def test_only_of_several_people_frames_may_wait():
    few, many = Pace(), Pace()
    few.saw(frame(0, FACE, FACE))
    many.saw(frame(0, FACE, FACE, FACE))
    times = [shutter(i) for i in range(COUNT)]
    assert not any(few.may_wait(t_ns) for t_ns in times)
    passed = [t_ns for t_ns in times if not many.may_wait(t_ns)]
    assert len(passed) == pytest.approx(COUNT / 4, abs=2)
    assert max(np.diff(passed)) < 200_000_000


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 89), st.integers(1, 12)), max_size=9), st.integers(0, 89))
def test_what_is_chosen_was_looked_at_with_all_that_lies_near(blinks, at):
    people: list[dict[int, FaceReading]] = [{}, {}, {}]
    for n, (start, length) in enumerate(blinks):
        people[n % 3].update(dict.fromkeys(range(start, start + length), SHUT))
    score, looked = closely(group(*people), at)
    key = score.frames[score.key]
    near = [i for i, one in enumerate(score.frames) if abs(one.t_ns - key.t_ns) <= NEAR_NS]
    assert set(near) <= looked
    assert not key.estimated

"""Moments that are measured while they go on, and what did not come by itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from livecam.capture.ring import FrameRing
from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.errors import LivecamError, ModelError
from livecam.frame import PixelFormat
from livecam.live.finder_process import FinderProcess
from livecam.live.stream_scorer import StreamScorer
from livecam.quality.finder import MakeFinder
from livecam.quality.scoring import THREADS
from tests.support.finders import ThreeFaces
from tests.support.frames import drawn
from tests.support.readings import shutter

RATE = Fraction(30)


def film(ring: FrameRing, first: int, last: int) -> None:
    studio = Studio(Script(1), (320, 180), RATE)
    for i in range(first, last):
        ring.append(drawn(i, int(i * 1e9 / RATE), studio, PixelFormat.I420))


@contextlib.contextmanager
def scoring(
    ring: FrameRing, model: Path | None = None, make: MakeFinder | None = None
) -> Iterator[StreamScorer]:
    process = FinderProcess(THREADS, model, make)
    scorer = StreamScorer(ring, process)
    scorer.start()
    yield scorer
    scorer.close()
    process.close()


@pytest.fixture
def ring() -> FrameRing:
    return FrameRing(5.0, 200_000_000, 20_000_000)


def test_overlapping_moments_share_their_readings(ring):
    with scoring(ring) as scorer:
        film(ring, 0, 20)
        scorer.request(0, 800_000_000)
        scorer.request(400_000_000, 1_200_000_000)
        film(ring, 20, 40)
        first = scorer.score(ring.cut(0, 800_000_000), 400_000_000, lambda: False)
        second = scorer.score(ring.cut(400_000_000, 1_200_000_000), 800_000_000, lambda: False)
    assert (len(first.frames), len(second.frames)) == (24, 24)
    assert first.basis == second.basis == "faces"
    assert not scorer.is_busy


def test_a_frame_that_nobody_asked_for_in_time_is_measured_all_the_same(ring):
    # The camera fell silent before the moment began: its last frame is all there is.
    with scoring(ring) as scorer:
        film(ring, 0, 3)
        scorer.request(9_000_000_000, 12_000_000_000)
        score = scorer.score(ring.cut(0, 1 << 62)[-1:], 10_000_000_000, lambda: False)
    assert len(score.frames) == 1


def test_of_several_people_some_frames_are_looked_at_and_all_have_a_score(ring):
    unseen = []
    with scoring(ring, make=ThreeFaces) as scorer:
        for start in (0, 40):  # when the second moment begins, people are known to be several
            film(ring, start, start + 40)
            span = (shutter(start), shutter(start + 40))
            scorer.request(*span)
            score = scorer.score(ring.cut(*span), shutter(start + 20), lambda: False)
            assert [len(frame.faces) for frame in score.frames] == [3] * 40
            assert not score.frames[score.key].estimated
            unseen.append(sum(frame.estimated for frame in score.frames))
    assert unseen[1] > 5


def test_moments_of_several_people_that_overlap_are_all_scored(ring):
    with scoring(ring, make=ThreeFaces) as scorer:
        film(ring, 0, 90)
        spans = [(shutter(a), shutter(a + 45)) for a in (0, 10, 20, 44)]
        for span in spans:
            scorer.request(*span)
        for span in spans:
            score = scorer.score(ring.cut(*span), span[0], lambda: False)
            assert not score.frames[score.key].estimated


def test_a_moment_in_hand_is_scored_though_it_is_put_aside_meanwhile(ring):
    process = FinderProcess(THREADS, make=ThreeFaces)
    scorer = StreamScorer(ring, process)
    film(ring, 0, 40)
    span = (0, shutter(40))
    scorer.request(*span)
    waits = threading.Event()

    def given_up() -> bool:
        waits.set()  # it is asked while it waits
        return False

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(scorer.score, ring.cut(*span), shutter(20), given_up)
        assert waits.wait(60)
        scorer.forget(*span)
        scorer.start()
        try:
            assert len(found.result(60).frames) == 40
        finally:
            scorer.close()
            process.close()


def test_a_moment_whose_turn_comes_late_is_measured_again(ring):
    with scoring(ring, make=ThreeFaces) as scorer:
        film(ring, 0, 120)
        early, late = ring.cut(0, shutter(30)), ring.cut(shutter(90), shutter(120))
        for frames in (early, late, early):  # what was read of the first one is forgotten meanwhile
            scorer.request(frames[0].t_ns, frames[-1].t_ns + 1)
            score = scorer.score(frames, frames[10].t_ns, lambda: False)
            assert len(score.frames) == len(frames)


def test_a_missing_model_is_raised_each_time(ring, tmp_path):
    with scoring(ring, tmp_path / "none.task") as scorer:
        film(ring, 0, 3)
        for _ in range(2):
            with pytest.raises(ModelError):
                scorer.score(ring.cut(0, 1 << 62), 0, lambda: False)


def test_who_gives_up_does_not_wait(ring):
    scorer = StreamScorer(ring, FinderProcess(THREADS))
    film(ring, 0, 3)  # never started: nothing will ever be measured
    with pytest.raises(LivecamError, match="given up"):
        scorer.score(ring.cut(0, 1 << 62), 0, lambda: True)


def test_what_waits_on_disk_alone_is_measured_again(ring, monkeypatch):
    """Readings of moments that wait in a row are not all kept; those that are needed are."""
    monkeypatch.setattr("livecam.live.stream_scorer.MOST_READINGS", 10)
    with scoring(ring) as scorer:
        film(ring, 0, 40)
        scorer.request(0, 1_200_000_000)
        frames = ring.cut(0, 1_200_000_000)
        before = scorer.score(frames[:20], 300_000_000, lambda: False)
        scorer.score(frames[20:], 900_000_000, lambda: False)
        scorer.forget(0, 600_000_000)
        assert scorer.score(frames[20:], 900_000_000, lambda: False).frames
        again = scorer.score(frames[:20], 300_000_000, lambda: False)
    assert [frame.t_ns for frame in again.frames] == [frame.t_ns for frame in before.frames]
    for a, b in zip(again.frames, before.frames, strict=True):
        assert a.score == pytest.approx(b.score, abs=0.05)

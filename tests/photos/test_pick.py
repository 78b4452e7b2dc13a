"""What a frame scores does not depend on which others were looked at."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from livecam.photos.inputs import Input
from livecam.photos.pick import Pick, Wanted, open_movie, pick
from livecam.quality.finder import FaceFinder

ALL, TWELVE, BY_ITSELF = Wanted(None, is_default=False), Wanted(12, is_default=False), Wanted()


def looked_at(path: Path, finder: FaceFinder, wanted: Wanted) -> Pick:
    source = Input("video", (path,))
    with open_movie(source) as movie:
        return pick(source, finder, wanted, movie)


@pytest.fixture(scope="module")
def finder():
    it = FaceFinder()
    it.load()
    yield it
    it.close()


@pytest.mark.samples
@pytest.mark.parametrize("name", ["d12.mp4", "d13.mp4"])
def test_a_frame_scores_the_same_among_twelve_and_among_all(samples, finder, name):
    path = samples / "faces" / name
    every = looked_at(path, finder, ALL)
    scores = {frame.index: frame for frame in every.score.frames}
    twelve = looked_at(path, finder, TWELVE).score.frames
    assert len(twelve) == 12
    for frame in twelve:
        assert frame.score == pytest.approx(scores[frame.index].score, abs=0.15)
        assert len(frame.faces) == len(scores[frame.index].faces)
    apart = [abs(frame.score - scores[frame.index].score) for frame in twelve]
    assert statistics.median(apart) <= 0.02, "most of them much more nearly"
    chosen = looked_at(path, finder, BY_ITSELF)
    assert len(chosen.score.frames) < len(scores) / 2
    best = max(frame.score for frame in every.score.frames if frame.offered)
    assert scores[chosen.key.index].score >= best - 0.03

"""What a frame scores does not depend on which others were looked at."""

from __future__ import annotations

import statistics
import subprocess
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
def test_a_frame_scores_the_same_among_twelve_and_among_all(samples, finder, tmp_path, name):
    path = tmp_path / name
    cut = ["ffmpeg", "-v", "error", "-i", str(samples / "faces" / name), "-t", "5", "-c", "copy"]
    subprocess.run([*cut, str(path)], check=True)
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


@pytest.mark.samples
def test_a_short_movie_of_a_crowd_is_searched_as_a_moment_of_it_is(samples, finder, tmp_path):
    """Every frame has a score, and most of those that are plainly not the best an estimate."""
    path = tmp_path / "crowd.mp4"
    clips = [samples / "faces" / name for name in ("d13.mp4", "d9.mp4", "d14.mp4")]
    sides = ";".join(
        f"[{i}]scale=300:300:force_original_aspect_ratio=increase,crop=300:300,fps=30[{i}v]"
        for i in range(3)
    )
    inputs = [part for clip in clips for part in ("-i", str(clip))]
    graph = ["-filter_complex", f"{sides};[0v][1v][2v]hstack=3[v]", "-map", "[v]", "-t", "3"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *graph, str(path)], check=True)
    by_itself, every = looked_at(path, finder, BY_ITSELF), looked_at(path, finder, ALL)
    frames = by_itself.score.frames
    assert len(frames) == len(every.score.frames) == 90
    assert not any(frame.estimated for frame in every.score.frames)
    assert 30 < sum(frame.estimated for frame in frames) < 75
    assert not by_itself.key.estimated
    best = max(frame.score for frame in every.score.frames if frame.offered)
    assert every.score.frames[by_itself.key.index].score >= best - 0.03

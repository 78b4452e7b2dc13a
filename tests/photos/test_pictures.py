"""Sets of loose pictures: looked at roughly first, and well where it matters."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import pytest

from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.photos.inputs import Input
from livecam.photos.pick import MANY_PICTURES, Wanted, pick
from livecam.quality.finder import FaceFinder

SHARP = 5
COUNT = MANY_PICTURES + 2


@pytest.fixture(scope="module")
def finders():
    some = [FaceFinder(), FaceFinder()]
    for finder in some:
        finder.load()
    yield some
    for finder in some:
        finder.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    """Pictures of the drawn person, all out of focus but one, and one that is none."""
    folder = tmp_path_factory.mktemp("set")
    studio = Studio(Script(0), (480, 360), Fraction(30))
    found = []
    for i in range(COUNT):
        image = studio.draw(10 + i)
        if i != SHARP:
            image = cv2.GaussianBlur(image, (0, 0), 4)
        path = folder / f"{i:02}.png"
        cv2.imwrite(str(path), image)
        found.append(path)
    found[-1].write_bytes(b"no picture")
    return found


def one(files: list[Path]) -> Input:
    return Input("pictures", tuple(files))


def test_the_best_of_many_is_looked_at_as_well_as_one_alone(files, finders):
    chosen = pick(one(files), finders[0], Wanted(), None)
    alone = pick(one([files[SHARP]]), finders[0], Wanted(), None)
    assert chosen.key.index == SHARP
    assert chosen.key.score == pytest.approx(alone.key.score, abs=0.02)
    assert [path.name for path, _ in chosen.broken] == [files[-1].name]
    assert len(chosen.score.frames) == COUNT - 1, "each has a score"


def test_two_threads_choose_what_one_does(files, finders):
    alone = pick(one(files), finders[0], Wanted(), None)
    both = pick(one(files), finders[0], Wanted(), None, finders[1:])
    assert both.score == alone.score
    assert both.broken[0][0] == alone.broken[0][0]


def test_only_what_is_near_the_best_is_looked_at_again(files, finders, monkeypatch):
    looked: list[int] = []
    read = FaceFinder.read

    def count(self, frame, size_wh=None):
        looked.append(frame.index)
        return read(self, frame, size_wh)

    monkeypatch.setattr(FaceFinder, "read", count)
    pick(one(files), finders[0], Wanted(), None)
    assert sorted(looked) == sorted([*range(COUNT - 1), SHARP])

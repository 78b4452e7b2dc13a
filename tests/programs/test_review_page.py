"""The page of `livecam review` in a real Chromium: clicks, keys, playing, ten times a screenful."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from livecam.media.save_options import SaveOptions
from tests.programs.test_players import CHROMIUM, needs_chromium, needs_node
from tests.support.files import PAIR_S, numbered_movie, saved
from tests.support.program import run, started
from tests.support.reports import reported_library

pytest.importorskip("uvicorn")
pytestmark = [needs_node, needs_chromium]
HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two moments, one of them with its record, and everything else of the test's own."""
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    made = tmp_path / "photos"
    saved(made, is_scored=True)
    saved(made)
    return made


def seen(address: str, scenario: str) -> dict:
    command = ["node", str(HERE / "review.mjs"), address, str(CHROMIUM), scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("problems") == []
    return found


def looked_through(folder: Path, scenario: str, *args: str) -> dict:
    with started("review", str(folder), "--no-open", *args, cwd=folder.parent) as livecam:
        address = re.search(r"http://\S+", livecam.stdout.readline())[0]
        return seen(address, scenario)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def test_with_the_mouse(folder):
    before = content(folder)
    found = looked_through(folder, "mouse")
    assert found["played"]
    assert found["to"] == pytest.approx(PAIR_S, abs=0.05)
    assert "the key photo" in found["key"]
    assert found["other"]["reason"]
    assert found["rested"] == found["key"], "a movie that is over rests on the key photo"
    assert found["made"] == f"{found['other']['caption']}, the key photo"
    after = content(folder)
    assert after.keys() == before.keys()
    assert sum(after[name] != before[name] for name in before) in (2, 3), "one moment, re-keyed"


def test_with_keys_alone(folder):
    before = content(folder)
    found = looked_through(folder, "keys")
    assert found["second"].startswith("livecam-")
    assert found["first"].startswith("0.000 s")
    assert found["next"].startswith("0.033 s")
    assert "the key photo" in found["compared"]
    assert found["zoomed"] == "true"
    # The score beside the name is the undone one's for a moment longer.
    names = [found[name].partition(", score")[0] for name in ("back", "second")]
    assert names[0] == names[1], "the focus is where it was"
    assert content(folder) == before


def test_for_everybody(folder):
    found = looked_through(folder, "access")
    assert found.pop("moves") == 0, "nothing moves by itself for those who do not want it"
    assert found == {
        f"{view}, {colours}": [] for view in ("gallery", "moment") for colours in ("light", "dark")
    }


def test_moments_are_sifted_and_put_in_order(folder):
    saved(folder, SaveOptions(motion="only"))
    numbered_movie(folder / "clip.mp4", [i / 10 for i in range(12)])
    found = looked_through(folder, "sift")
    assert found["badges"] == ["live", "live", "motion", "movie"]
    assert found["oldest"][-1] == "clip.mp4"
    assert found["newest"][0] == "clip.mp4", "made just now"
    assert found["best"][0] != "clip.mp4", "what has no score comes after what has one"
    assert (found["movies"], found["found"]) == (["clip.mp4"], "1 of 4")
    assert found["named"] == ["clip.mp4"]
    assert found["dated"] == 3
    assert found["violations"] == []


def test_what_would_gain_is_chosen_applied_and_taken_back(tmp_path, own_trash, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, report = reported_library(tmp_path)
    before = content(folder)
    found = looked_through(folder, "gains", "--report", str(report))
    assert found["would"] == "Would gain (3)"
    assert (found["ticked"], found["apply"]) == (2, "Apply 2")
    assert (found["left"], found["back"]) == ("Would gain (1)", "Take back 2")
    assert all(re.match(r"now: \d+x\d+ \| better by 0.80: \d+x\d+", c) for c in found["captions"])
    assert found["violations"] == []
    assert content(folder) == before


def test_of_many_moments_only_those_on_the_screen_are_in_the_page(folder):
    first = numbered_movie(folder / "0000.mp4", [i / 30 for i in range(3)])
    for number in range(1, 600):
        os.link(first, folder / f"{number:04}.mp4")
    found = looked_through(folder, "many")
    assert found["count"] == "602 moments"
    assert found["last"]
    assert max(found["first"], found["after"]) < 100


def test_of_a_group_the_frames_are_on_the_screen_and_the_people_in_their_order(folder):
    (path,) = folder.glob("*.json")
    record = json.loads(path.read_text())
    places = ["second from left", "right", "left", "third from left"]
    for frame in record["frames"]:
        (face,) = frame["faces"]
        frame["faces"] = [
            {**face, "person": n, "place": place, "box_xyxy": [x, 20, x + 30, 60]}
            for n, (place, x) in enumerate(zip(places, (100, 260, 20, 180), strict=True))
        ]
    path.write_text(json.dumps(record))
    for other in folder.glob("*.*"):  # the moment without a record
        if other.stem != path.stem:
            other.unlink()
    found = looked_through(folder, "group")
    in_order = ["left", "second from left", "third from left", "right"]
    assert [name.partition(":")[0] for name in found["names"]] == in_order
    assert found["rows"] == [f"Follow {place}" for place in in_order]
    assert found["bottom"] <= 900, "the frames are below the window"
    assert found["violations"] == []


def test_from_disk(folder):
    done = run("review", "photos", "--static", "page", cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = seen((folder.parent / "page" / "index.html").as_uri(), "disk")
    assert found["hidden"], "nothing can be changed there"
    assert found["caption"].startswith("0.000 s")
    assert found["size"] == [320, 240]


def test_a_whole_folder_is_looked_at_shown_downloaded_and_thrown_away(folder, own_trash):
    before = content(folder)
    found = looked_through(folder, "several")
    assert found["scores"] == [True, True]
    assert found["different"], "each moment is shown once"
    assert found["selected"] == "2 selected"
    assert found["zip"] == "livecam-2-moments.zip"
    assert found["places"] == sorted(found["places"]), "on a phone the frames are under the picture"
    assert found["violations"] == []
    assert content(folder) == before

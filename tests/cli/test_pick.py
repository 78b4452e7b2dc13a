"""`livecam pick` as people and programs use it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.media.save_options import SaveOptions
from tests.support.files import numbered_movie, saved
from tests.support.program import LIVECAM, events, run
from tests.support.promise import check_event


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """A pair, a Motion Photo, a movie and two pictures of the drawn person."""
    folder = tmp_path_factory.mktemp("library")
    files = saved(folder, SaveOptions(motion="beside"), frames=24)
    files.photo.rename(folder / "IMG_1.JPG")
    files.movie.rename(folder / "IMG_1.MOV")
    files.motion_photo.rename(folder / "PXL_2.MP.jpg")
    numbered_movie(folder / "clip.mp4", [i / 10 for i in range(60)])
    script = Script(0)
    studio = Studio(script, (640, 480), 30)
    for name, index in (("a.png", 0), ("b.png", 40)):
        Image.fromarray(np.ascontiguousarray(studio.draw(index)[:, :, ::-1])).save(folder / name)
    return folder


def picked(*args: str | Path, cwd: Path) -> list[dict]:
    done = run("pick", *map(str, args), "--json", cwd=cwd)
    found = events(done.stdout)
    for event in found:
        check_event(event)
    return found


def test_every_kind_of_input_has_one_result_that_fits_the_schema(library, tmp_path):
    found = picked(library, cwd=tmp_path)
    assert [event["kind"] for event in found] == ["live-photo", "motion-photo", "video", "pictures"]
    live, motion, movie, pictures = found
    assert live["files"] == [str(library / "IMG_1.JPG"), str(library / "IMG_1.MOV")]
    assert live["duration_s"] == pytest.approx(0.8, abs=0.05)
    assert (live["basis"], len(live["frames"])) == ("faces", 24)
    assert live["present_key"]["score"] == pytest.approx(motion["present_key"]["score"], abs=0.05)
    assert (movie["basis"], movie["present_key"]) == ("frame", None)
    assert len(movie["frames"]) > 12, "the best of twelve, and what lies around them"
    assert [Path(frame["file"]).name for frame in pictures["frames"]] == ["a.png", "b.png"]
    for event in found:
        if event["photo"] and event["photo"]["stays"]:
            assert event["key"]["time_s"] == event["present_key"]["time_s"]
        else:
            best = max(frame["score"] for frame in event["frames"])
            assert event["key"]["score"] >= best - 0.01
        assert event["key"]["index"] in [frame["index"] for frame in event["frames"]]
        assert event["outputs"] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [], "nothing is written unasked"


def test_twelve_frames_are_twelve_with_the_present_key_among_them(library, tmp_path):
    (event,) = picked(library / "IMG_1.JPG", "--frames", "12", cwd=tmp_path)
    times = [frame["time_s"] for frame in event["frames"]]
    assert len(times) == 12
    assert any(abs(t - event["present_key"]["time_s"]) < 1e-6 for t in times)
    (event,) = picked(library / "clip.mp4", "--frames", "all", cwd=tmp_path)
    assert len(event["frames"]) == 60


def test_the_choice_by_hand_is_the_nearest_frame(library, tmp_path):
    (event,) = picked(library / "IMG_1.MOV", "--at", "0.51", "--frames", "3", cwd=tmp_path)
    assert event["key"]["time_s"] == pytest.approx(0.5, abs=1e-3)
    assert len(event["frames"]) == 3


def test_the_table_marks_best_and_present(library, tmp_path):
    done = run("pick", str(library / "IMG_1.JPG"), cwd=tmp_path)
    assert done.returncode == 0
    assert "Live Photo of" in done.stdout
    assert "present key photo" in done.stdout
    assert sum(line.startswith(">") for line in done.stdout.splitlines()) == 1
    done = run("pick", str(library / "clip.mp4"), cwd=tmp_path)
    assert (done.returncode, "no face found" in done.stdout) == (0, True)


def test_out_writes_the_frame_at_full_size_with_the_cameras_tags(library, tmp_path):
    (event,) = picked(library / "IMG_1.JPG", "--at", "0.4", "--out", "best", cwd=tmp_path)
    (path,) = map(Path, event["outputs"])
    assert path == tmp_path / "best" / "IMG_1_key.JPG"
    with Image.open(path) as image:
        assert image.size == (320, 240)
        assert image.getexif()[0x0110] == "drawn camera"
    assert run("check", str(path), cwd=tmp_path).returncode == 1, "it is half of nothing"


def test_of_a_set_the_best_picture_itself_is_copied(library, tmp_path):
    (event,) = picked(library / "a.png", library / "b.png", "--out", "best", cwd=tmp_path)
    (path,) = map(Path, event["outputs"])
    chosen = event["files"][event["key"]["index"]]
    assert path.read_bytes() == Path(chosen).read_bytes()


def test_a_second_run_skips_what_is_done(library, tmp_path):
    first = picked(library, "--out", "best", "--jobs", "2", cwd=tmp_path)
    assert [event["event"] for event in first] == ["picked"] * 4, first
    names = sorted(path.name for path in (tmp_path / "best").iterdir())
    again = picked(library, "--out", "best", cwd=tmp_path)
    assert [event["event"] for event in again] == ["skipped"] * 4
    assert [event["outputs"] for event in again] == [event["outputs"] for event in first]
    (tmp_path / "best" / names[0]).unlink()
    kinds = [event["event"] for event in picked(library, "--out", "best", cwd=tmp_path)]
    assert sorted(kinds) == ["picked", "skipped", "skipped", "skipped"]
    assert names == sorted(path.name for path in (tmp_path / "best").iterdir())


def test_files_of_the_same_name_do_not_meet(library, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        shutil.copy(library / "IMG_1.JPG", tmp_path / folder)
        shutil.copy(library / "IMG_1.MOV", tmp_path / folder)
    os.utime(tmp_path / "two" / "IMG_1.MOV", (1, 1))
    named = [tmp_path / "one" / "IMG_1.JPG", tmp_path / "two" / "IMG_1.JPG"]
    found = [
        picked(path, "--rekey", "--at", "0.1", "--out", "out", cwd=tmp_path)[0] for path in named
    ]
    outputs = {Path(path).name for event in found for path in event["outputs"]}
    assert outputs == {"IMG_1_key.MOV", "IMG_1_key.JPG", "IMG_1_key-2.MOV", "IMG_1_key-2.JPG"}


def test_one_broken_file_does_not_stop_the_rest(library, tmp_path):
    broken = tmp_path / "broken.mov"
    broken.write_bytes((library / "IMG_1.MOV").read_bytes()[:-100])
    done = run("pick", str(broken), str(library / "clip.mp4"), "gone.jpg", "--json", cwd=tmp_path)
    assert done.returncode == 1
    found = events(done.stdout)
    for event in found:
        check_event(event)
    assert sorted(event["event"] for event in found) == ["error", "error", "picked"]
    assert {event["code"] for event in found if event["event"] == "error"} == {4}
    done = run("pick", str(broken), cwd=tmp_path)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "broken.mov" in done.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("pick", 2),
        ("pick a.jpg --frames 0", 2),
        ("pick a.jpg --frames some", 2),
        ("pick a.jpg --rekey", 2),
        ("pick a.jpg --at -1", 2),
        ("pick a.jpg --jobs 0", 2),
        ("pick nothing-here.jpg", 4),
        ("pick .", 4),
    ],
)
def test_wrong_usage_and_nothing_to_pick_from(tmp_path, line, code):
    done = run(*line.split(), cwd=tmp_path)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1


def test_what_has_no_key_photo_cannot_be_rekeyed(library, tmp_path):
    done = run("pick", str(library / "clip.mp4"), "--rekey", "--out", "o", cwd=tmp_path)
    assert (done.returncode, "no key photo" in done.stderr) == (4, True)
    done = run("pick", str(library), "--rekey", "--out", "o", "--json", cwd=tmp_path)
    assert done.returncode == 0, "in a folder such files are passed over"
    assert [e["kind"] for e in events(done.stdout)] == ["live-photo", "motion-photo"]


def test_the_sheet_is_one_picture_and_never_overwrites(library, tmp_path):
    args = ("pick", str(library / "IMG_1.JPG"), "--frames", "6", "--sheet", "sheet.png")
    assert run(*args, cwd=tmp_path).returncode == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1000
        assert sheet.height > 1000
    before = (tmp_path / "sheet.png").read_bytes()
    done = run(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "sheet.png").read_bytes() == before
    assert run(*args[:-1], "sheet.docx", cwd=tmp_path).returncode == 2
    assert [path.name for path in tmp_path.iterdir() if "sheet" in path.name] == ["sheet.png"]


def test_show_draws_the_frames_within_the_terminals_width(library, tmp_path):
    master, slave = pty.openpty()
    env = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    done = subprocess.run(
        [*LIVECAM, "pick", str(library / "a.png"), str(library / "b.png"), "--show"],
        stdin=slave, capture_output=True, text=True, env=env, cwd=tmp_path, check=True,
    )  # fmt: skip
    os.close(master)
    os.close(slave)
    assert "▀" in done.stdout
    import re

    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in done.stdout.splitlines()]
    assert max(len(line) for line in plain if "▀" in line) <= 80


def test_pictures_in_every_form_are_read(tmp_path):
    image = Image.new("RGB", (640, 480), (120, 130, 140))
    for name in ("a.jpg", "b.png", "c.webp", "d.tif", "e.bmp"):
        image.save(tmp_path / name)
    Image.new("L", (64, 48), 9).save(tmp_path / "f.png")
    Image.new("RGBA", (64, 48), (9, 9, 9, 9)).save(tmp_path / "g.png")
    Image.new("CMYK", (64, 48)).save(tmp_path / "h.jpg")
    (event,) = picked(tmp_path, cwd=tmp_path)
    assert len(event["frames"]) == 8
    (tmp_path / "i.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:400])
    error, event = picked(tmp_path, cwd=tmp_path)
    assert (error["event"], Path(error["file"]).name) == ("error", "i.jpg")
    assert len(event["frames"]) == 8, "the others are compared all the same"
    assert picked(tmp_path / "i.jpg", cwd=tmp_path)[0]["event"] == "error"


def test_what_was_written_into_the_same_folder_is_no_further_input(library, tmp_path):
    for name in ("IMG_1.JPG", "IMG_1.MOV"):
        shutil.copy(library / name, tmp_path)
    args = (tmp_path, "--rekey", "--at", "0.1", "--out", tmp_path)
    assert len(picked(*args, cwd=tmp_path)) == 1
    (again,) = picked(*args, cwd=tmp_path)
    assert again["event"] == "skipped"
    assert len(list(tmp_path.iterdir())) == 4


def test_a_report_grows_and_is_gone_on_with(library, tmp_path):
    """What it holds is not looked at again, whatever became of it."""
    (tmp_path / "broken.mov").write_bytes(b"\0\0\0\x08moov")
    broken = str(tmp_path / "broken.mov")
    args = ("pick", str(library), broken, "--frames", "4", "--report", "r.jsonl")
    first = run(*args, "--json", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    for line in lines:
        check_event(line)
    told = events(first.stdout)
    assert told[-1]["event"] == "library_summary"
    assert len(lines) == sum(event["event"] == "picked" for event in told)
    assert told[-1]["judged"] == sum(line["gain"] is not None for line in lines) > 0
    second = run(*args, "--json", cwd=tmp_path)
    kinds = [event["event"] for event in events(second.stdout)]
    assert "picked" not in kinds
    assert kinds.count("skipped") == len(lines)
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == len(lines)
    assert events(second.stdout)[-1] == told[-1], "the sum is that of all runs"


def test_the_sheet_of_a_library_shows_what_would_gain_most(library, tmp_path):
    done = run("pick", str(library), "--frames", "5", "--report", "r.jsonl", "--sheet", "s.png",
               cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "would get a better key photo" in done.stdout
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert (tmp_path / "s.png").exists() == any(line["gain"] for line in lines)


def test_a_set_is_called_after_the_picture_that_was_chosen(tmp_path):
    shots = tmp_path / "shots"
    shots.mkdir()
    Image.new("RGB", (320, 240), (3, 3, 3)).save(shots / "a.png")
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    Image.fromarray(noise).save(shots / "b.png")
    done = run("pick", str(shots), "--out", "best", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["b_key.png"]
    again = run("pick", str(shots), "--out", "best", cwd=tmp_path)
    assert "done before" in again.stdout
    assert len(list((tmp_path / "best").iterdir())) == 1

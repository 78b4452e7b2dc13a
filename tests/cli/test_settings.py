"""The user's own defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from livecam.cli import options
from livecam.cli.options import parse
from livecam.errors import UsageError
from tests.support.program import events, run
from tests.support.promise import check_event


@pytest.fixture
def written(tmp_path, monkeypatch):
    path = tmp_path / "livecam.toml"
    monkeypatch.setattr("livecam.cli.settings.path_of_file", lambda: path)

    def write(text: str):
        path.write_text(text)
        return path

    return write


def test_the_file_gives_defaults_and_the_command_line_counts_more(written):
    written(
        'before = 2.5\nsize = "1280x720"\nno-audio = true\nout = "~/Photos"\n[pick]\njobs = 2\n'
    )
    args = parse([])
    assert (args.before, args.size, args.no_audio) == (2.5, (1280, 720), True)
    assert "~" not in str(args.out)
    assert parse(["--before", "1"]).before == 1.0
    pick = parse(["pick", __file__])
    assert pick.jobs == 2
    assert pick.out is None, "where the camera saves says nothing of where pick does"


def test_without_a_file_nothing_changes(written):
    assert parse([]).before == 1.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("before = ", "is no TOML"),
        ("bevore = 1", "there is no setting bevore"),
        ("[pikc]\njobs = 1", "there is no command pikc"),
        ("[pick]\nbefore = 1", "there is no setting [pick] before"),
        ('before = "soon"', "before: 'soon' is no number"),
        ('codec = "av1"', "codec must be one of: h264, hevc"),
        ('enhance = "yes"', "enhance must be true or false"),
        ("camera = [1, 2]", "camera must be one value"),
        ("before = 99", "--before must lie between"),
        ('help = "x"', "there is no setting help"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(written, text, told):
    written(text)
    with pytest.raises(UsageError) as error:
        parse([])
    assert told in error.value.message


def test_config_shows_each_value_and_whose_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    done = run("config", cwd=tmp_path)
    assert done.returncode == 0
    path = done.stdout.splitlines()[0].removeprefix("# settings come from ").partition(",")[0]
    assert "which does not exist" in done.stdout
    # What is printed is such a file.
    assert tomllib.loads(done.stdout)["before"] == 1.5
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text('before = 2.5\ncamera = "demo"\n[pick]\njobs = 1\n')
    done = run("config", cwd=tmp_path)
    lines = {line.partition(" =")[0]: line for line in done.stdout.splitlines()}
    assert lines["before"].endswith("# yours")
    assert lines["after"].endswith("# default")
    found = events(run("config", "--json", cwd=tmp_path).stdout)
    for event in found:
        check_event(event)
    own = {(e["command"], e["name"]): e["value"] for e in found if e["source"] != "default"}
    assert own == {("", "before"): 2.5, ("", "camera"): "demo", ("pick", "jobs"): 1}


def test_every_option_but_those_done_once_is_a_setting(written):
    parser = options.parser_of_all()
    from livecam.cli.settings import settings

    names = {s.name for s in settings(parser, written(""))}
    assert {"camera", "before", "picture", "best-take", "click", "face-runtime", "host"} <= names
    assert not names & {"help", "version", "install-completion"}


def test_no_empty_folder_is_left_where_there_is_no_camera(tmp_path):
    done = run("--camera", "none such", "--out", "photos/of/today", cwd=tmp_path)
    assert done.returncode == 3
    assert not (tmp_path / "photos").exists()
    (tmp_path / "kept").mkdir()
    run("--camera", "none such", "--out", "kept", cwd=tmp_path)
    assert (tmp_path / "kept").is_dir(), "what was there stays"


def test_what_config_prints_can_be_the_file(written, tmp_path, monkeypatch):
    path = written("")
    printed = run("config", cwd=tmp_path).stdout
    path.write_bytes(b"\xef\xbb\xbf" + printed.encode())  # as some editors save it
    assert parse([]).motion_photo == "none"
    assert parse(["pick", __file__]).jobs is None

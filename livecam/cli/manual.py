"""The man page and the completions, made from the options.

The wheel gets them when it is built (`.github/build_hook.py`); `--install-completion` makes them
where livecam is run from a checkout too.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

import shtab

from livecam.cli.settings import commands_of
from livecam.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

SHARED = {
    "bash": "bash-completion/completions/livecam",
    "zsh": "zsh/site-functions/_livecam",
    "fish": "fish/vendor_completions.d/livecam.fish",
}
"""Shells with completions, and where below `share` a package puts them."""
MAN_PAGE = "man/man1/livecam.1"


def man_page(parser: argparse.ArgumentParser) -> str:
    """The page of all options, in man(7) macros."""
    lines = ['.TH LIVECAM 1 "" "livecam" "User Commands"', ".SH NAME",
             r"livecam \- Live Photos from any webcam", ".SH SYNOPSIS", ".B livecam",
             "[options]", ".br", ".B livecam", r"\fICOMMAND\fR [options]", ".SH DESCRIPTION",
             _plain(parser.description or "")]  # fmt: skip
    lines += [".SH OPTIONS", *_options(parser), ".SH COMMANDS"]
    for name, command in commands_of(parser).items():
        lines += [f".SS {name}", _plain(command.description or _help_of(parser, name))]
        lines += _options(command)
    lines += [".SH KEYS AND EXIT STATUS", *map(_plain, (parser.epilog or "").split("\n\n"))]
    return "\n".join(lines) + "\n"


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completions of all options for a shell."""
    script: str = shtab.complete(parser, shell)
    return "\n".join(line.rstrip() for line in script.splitlines()) + "\n"


def install_completion(parser: argparse.ArgumentParser, shell: str, home: Path) -> Path:
    """Write the completions where a shell looks for them. Raises UsageError, OutputError."""
    folders = {
        "bash": home / ".local/share/bash-completion/completions",
        "zsh": home / ".local/share/zsh/site-functions",
        "fish": home / ".config/fish/completions",
    }
    if shell not in folders:
        raise UsageError(f"there are no completions for {shell}", ", ".join(folders))
    target = folders[shell] / SHARED[shell].rpartition("/")[2]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(completion(parser, shell), "utf-8")
    except OSError as err:
        raise OutputError(f"cannot write {target}: {err.strerror}") from err
    return target


def _options(parser: argparse.ArgumentParser) -> list[str]:
    lines = []
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        if not action.option_strings:
            names = rf"\fI{_plain(str(action.metavar or action.dest))}\fR"
        else:
            value = _value_of(action)
            names = ", ".join(rf"\fB{_plain(name)}\fR{value}" for name in action.option_strings)
        text = re.sub(r"%\(\w+\)s", str(action.default), action.help or "").replace("%%", "%")
        lines += [".TP", names, _plain(text)]
    return lines


def _value_of(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    shown: Any = action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
    shown = " ".join(shown) if isinstance(shown, tuple) else shown
    return rf" \fI{_plain(str(shown))}\fR"


def _help_of(parser: argparse.ArgumentParser, name: str) -> str:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return next(a.help or "" for a in action._choices_actions if a.dest == name)
    return ""


def _plain(text: str) -> str:
    """Text in which nothing is taken for a macro or an escape."""
    text = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text

"""The user's own defaults: one TOML file, whose names are those of the options.

    before = 2.5
    camera = "http://10.0.0.7/video"

    [pick]
    jobs = 2

Settings at the top are for the camera, those in a table for the command of that name. An option on
the command line overrides the file.
"""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.directories import settings_folder
from livecam.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER = frozenset({"help", "version", "install-completion", "static", "pair", "only", "undo"})
"""Options for something that is done once, which are no settings."""


@dataclass(frozen=True)
class Setting:
    """One option, and its value where it is not given."""

    command: str
    """"" for the camera."""
    name: str
    value: object
    is_own: bool
    """Whether the user's file sets it."""


def path_of_file() -> Path | None:
    """Where the user's system keeps settings; the file need not exist. None without a home."""
    folder = settings_folder()
    return None if folder is None else folder / "livecam.toml"


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Each command's own parser, by its name."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


AS_CAPTURE = ("booth",)
"""Commands that do the main job too: its settings are theirs."""


def apply(parser: argparse.ArgumentParser, path: Path | None) -> None:
    """Make the file's values the defaults. Raises UsageError for a file that is wrong."""
    commands = commands_of(parser)
    for command, name, value in _entries(path):
        one = commands.get(command) if command else parser
        where = f"[{command}] {name}" if command else name
        if one is None:
            raise UsageError(f"{path}: there is no command {command}", "see 'livecam --help'")
        action = _settable(one).get(name)
        if action is None:
            hint = f"'livecam {command} --help' names the options".replace("  ", " ")
            raise UsageError(f"{path}: there is no setting {where}", hint)
        made = _value(action, value, f"{path}: {where}")
        one.set_defaults(**{action.dest: made})
        if not command:
            for name_as_well in AS_CAPTURE:
                commands[name_as_well].set_defaults(**{action.dest: made})


def settings(parser: argparse.ArgumentParser, path: Path | None) -> Iterator[Setting]:
    """Every setting with its value, after `apply`: the camera's, then command by command."""
    own = {(command, name) for command, name, _ in _entries(path)}
    for command, one in {"": parser, **commands_of(parser)}.items():
        capture = _settable(parser) if command in AS_CAPTURE else {}
        for name, action in _settable(one).items():
            if name in capture:
                continue
            value = one.get_default(action.dest)
            yield Setting(command, name, value, (command, name) in own)


def _entries(path: Path | None) -> Iterator[tuple[str, str, Any]]:
    """Command, name and value of each setting in the file. Raises UsageError."""
    if path is None:
        return
    try:
        # Editors on Windows may put a byte order mark first.
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return
    except OSError as err:
        raise UsageError(f"{path} cannot be read: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise UsageError(f"{path} is no TOML: {err}") from err
    for name, value in content.items():
        if isinstance(value, dict):
            for inner, one in value.items():
                yield name, inner, one
        else:
            yield "", name, value


def _settable(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """A command's long options that may be settings, by their names."""
    found = {}
    for action in parser._actions:
        names = [name[2:] for name in action.option_strings if name.startswith("--")]
        if names and names[0] not in NEVER:
            found[names[0]] = action
    return found


def _value(action: argparse.Action, value: Any, where: str) -> Any:
    """A value as the command line would have given it. Raises UsageError."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise UsageError(f"{where} must be true or false")
        return value
    if isinstance(value, bool | list):
        raise UsageError(f"{where} must be one value")
    text = str(value)
    try:
        made = action.type(text) if callable(action.type) else text
    except (argparse.ArgumentTypeError, TypeError, ValueError) as err:
        raise UsageError(f"{where}: {err}") from err
    known = action.choices
    if known is not None and made not in known and made != action.default:
        raise UsageError(f"{where} must be one of: {', '.join(map(str, known))}")
    # A shell expands "~"; nothing does so in a file.
    return made.expanduser() if isinstance(made, Path) and text.startswith("~") else made

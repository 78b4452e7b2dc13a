"""Where livecam keeps what is no result: settings, models and the cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from livecam.errors import LivecamError

if TYPE_CHECKING:
    from collections.abc import Callable


def settings_folder() -> Path | None:
    """The folder of `livecam.toml`. None for a user without a home, who has no settings."""
    return _known(lambda: platformdirs.user_config_dir("livecam", appauthor=False))


def data_folder() -> Path | None:
    """The folder of models that were fetched. None for a user without a home."""
    return _known(lambda: platformdirs.user_data_dir("livecam", appauthor=False))


def cache_folder() -> Path:
    """The folder of what can be made again. Raises LivecamError for a user without a home."""
    return required(_known(lambda: platformdirs.user_cache_dir("livecam", appauthor=False)))


def home_folder() -> Path:
    """The user's home. Raises LivecamError for a user without one."""
    try:
        return Path.home()
    except RuntimeError:
        return required(None)


def required(folder: Path | None) -> Path:
    """Return the folder. Raises LivecamError if it is None, for a user without a home."""
    if folder is None:
        raise LivecamError("this user has no home folder", "set HOME to a folder of your own")
    return folder


def _known(find: Callable[[], str]) -> Path | None:
    try:
        path = Path(find())
    except RuntimeError:  # HOME is not set, and the system knows no home of this user
        return None
    return path if path.is_absolute() else None

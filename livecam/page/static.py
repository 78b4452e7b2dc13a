"""The page as a folder that opens from disk without a server, for viewing only."""

from __future__ import annotations

import errno
import json
import shutil
from typing import TYPE_CHECKING, Any

from livecam.disk.publish import write_error
from livecam.errors import ModelError, UsageError
from livecam.page.listing import PAGES, listed, page
from livecam.quality.explain import WORDS
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livecam.page.index import Entry, Index
    from livecam.page.views import Views

NO_ROOM = (errno.ENOSPC, errno.EROFS, errno.EFBIG)
DATA = '<script src="data.js"></script>\n'
"""A page that is opened from disk may load scripts, and ask for nothing else."""


def write(index: Index, views: Views, out: Path, say: Callable[[str], None]) -> int:
    """Write the page into a new folder; return the number of moments in it.

    A moment that cannot be read is left out, and `say` is told why. Raises UsageError for a folder
    that is not empty, OutputError, ModelError.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already", "livecam overwrites nothing: name a new folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        rows: list[list[Any]] = []
        for entry in index.entries:
            try:
                _write_moment(entry, views, out / "moments" / entry.id)
            except Exception as err:  # one moment's fault must not stop the others
                is_full = isinstance(err, OSError) and err.errno in NO_ROOM
                if is_full or isinstance(err, ModelError):
                    raise
                shutil.rmtree(out / "moments" / entry.id, ignore_errors=True)
                say(f"{entry.files[0].name}: {err}")
                continue
            rows.append(listed(entry))
        data = {
            "folder": visible(index.folder.name), "moments": rows, "words": WORDS, "faces": True,
        }  # fmt: skip
        (out / "data.js").write_text(f"window.livecamStatic = {_script(data)};\n", "utf-8")
        for name in PAGES:
            (out / name).write_text(page(name), "utf-8")
        html = page("index.html").replace("{{token}}", "")
        script = '<script src="app.js">'
        (out / "index.html").write_text(html.replace(script, DATA + script), "utf-8")
    except OSError as err:
        raise write_error(out, err) from err
    return len(rows)


def _write_moment(entry: Entry, views: Views, folder: Path) -> None:
    folder.mkdir(parents=True)
    facts = views.facts(entry)
    (folder / "facts.js").write_text(f"window.livecamFacts({_script(facts)});\n", "utf-8")
    made = {"thumb": views.thumbnail, "photo": views.photo, "strip": views.strip}
    for name, make in made.items():
        shutil.copyfile(make(entry), folder / f"{name}.jpg")
    people = {f["person"] for frame in facts["frames"] for f in frame["faces"] if f["counts"]}
    cells = [facts["frames"][at] for at in facts["cells"]]
    for person in sorted(people):
        if any(face["person"] == person for frame in cells for face in frame["faces"]):
            shutil.copyfile(views.face(entry, person), folder / f"face-{person}.jpg")
    # The files themselves, for whoever wants to have the Live Photo and not only see it.
    (folder / "files").mkdir()
    for path in entry.files:
        shutil.copyfile(path, folder / "files" / visible(path.name))
    shutil.copyfile(views.movie(entry), folder / "movie.mp4")


def _script(data: object) -> str:
    """JSON for use in a script: `<` is escaped, so that nothing in it can end the script."""
    return json.dumps(data).replace("<", "\\u003c")

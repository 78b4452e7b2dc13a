"""Writes the repository's address into what is about to be published.

    python .github/addresses.py https://github.com/OWNER/NAME v0.1.0 [FOLDER]

The package index knows no paths of a repository, so the README's links and pictures get the address
of this tag, and the project its URLs. Run in the release's own checkout, and nowhere else: which
repository that is, a fork's too, is known only there.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)]+)\)")


def with_addresses(readme: str, address: str, tag: str) -> str:
    """The README with no link left that leads nowhere outside the repository."""

    def absolute(link: re.Match[str]) -> str:
        mark, text, path = link.groups()
        return f"{mark}[{text}]({address}/{'raw' if mark else 'blob'}/{tag}/{path})"

    return LINK.sub(absolute, readme)


def urls(address: str, tag: str) -> str:
    """The project's URLs, as the package index shows them beside its name."""
    return (
        "\n[project.urls]\n"
        f'Source = "{address}"\n'
        f'Issues = "{address}/issues"\n'
        f'Changelog = "{address}/blob/{tag}/CHANGELOG.md"\n'
    )


def main() -> None:
    """Rewrite the two files, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("tag")
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    args = parser.parse_args()
    readme, project = args.folder / "README.md", args.folder / "pyproject.toml"
    text = project.read_text("utf-8")
    about = tomllib.loads(text)["project"]
    if "urls" in about:
        sys.exit("the addresses are written already")
    version = about["version"]
    if args.tag != f"v{version}":
        sys.exit(f"the tag is {args.tag}, but this is version {version}")
    address = args.address.rstrip("/")
    readme.write_text(with_addresses(readme.read_text("utf-8"), address, args.tag), "utf-8")
    project.write_text(text + urls(address, args.tag), "utf-8")


if __name__ == "__main__":
    main()

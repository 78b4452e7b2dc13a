"""What an extra needs is named by its packages, from wherever livecam was installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from livecam.extras import install
from tests.conftest import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", ["heic", "blocks", "cluster", "review"])
def test_its_packages_are_in_the_command(extra):
    command = install(extra)
    assert command.startswith("pip install '")
    for requirement in EXTRAS[extra]:
        name = re.match(r"[\w.-]+", requirement)[0]
        assert f"'{name}" in command
    assert "livecam[" not in command


def test_livecam_that_is_not_installed_is_a_checkout():
    code = (
        "import importlib.metadata as m\n"
        "def none(name): raise m.PackageNotFoundError(name)\n"
        "m.requires = none\n"
        "from livecam.extras import install; print(install('heic'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "pip install '.[heic]'\n"

"""What a release does to the files that the package index shows."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import livecam
from livecam.cli import manual
from livecam.cli.options import parser_of_all
from livecam.contract_schema import schema

ROOT = Path(__file__).parents[1]
ADDRESS = "https://example.org/somebody/livecam"


def release(folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    command = [sys.executable, str(ROOT / ".github/addresses.py"), ADDRESS, tag, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def tag() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    if "urls" in project:
        pytest.skip("these are the files of a release, with its addresses in them")
    return f"v{project['version']}"


def test_links_of_a_release_lead_to_its_own_files(tmp_path, tag):
    assert release(tmp_path, tag).returncode == 0
    links = re.findall(r"\]\(([^)]+)\)", (tmp_path / "README.md").read_text("utf-8"))
    assert all(re.match(r"https?://|#", link) for link in links)
    ours = [link for link in links if link.startswith(ADDRESS)]
    assert f"{ADDRESS}/blob/{tag}/livecam/README.md" in ours
    pictures = [link for link in ours if link.startswith(f"{ADDRESS}/raw/{tag}/")]
    assert pictures
    for link in ours:
        assert (ROOT / link.split(f"/{tag}/")[1]).is_file(), link


def test_a_release_has_its_urls(tmp_path, tag):
    release(tmp_path, tag)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Source"] == ADDRESS
    assert project["name"] == "livecam"


def test_addresses_are_written_once(tmp_path, tag):
    release(tmp_path, tag)
    written = (tmp_path / "pyproject.toml").read_bytes()
    command = [sys.executable, str(ROOT / ".github/addresses.py"), ADDRESS, tag, str(tmp_path)]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode != 0
    assert (tmp_path / "pyproject.toml").read_bytes() == written


def test_a_tag_of_another_version_is_refused(tmp_path, tag):
    done = release(tmp_path, "v99.0")
    assert done.returncode != 0
    assert "v99.0" in done.stderr
    assert (tmp_path / "README.md").read_bytes() == (ROOT / "README.md").read_bytes()


def test_the_version_that_is_said_is_the_projects(tag):
    assert tag == f"v{livecam.__version__}"


def test_a_wheel_holds_what_is_made_from_options_and_contract(tmp_path):
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        shared = {
            name.partition("/data/share/")[2]: content.read(name).decode()
            for name in content.namelist()
            if "/data/share/" in name
        }
        assert json.loads(content.read("livecam/contract.json")) == schema()
        assert not any(name.startswith("tests/") for name in content.namelist())
    parser = parser_of_all()
    wanted = {manual.MAN_PAGE: manual.man_page(parser)}
    wanted |= {path: manual.completion(parser, shell) for shell, path in manual.SHARED.items()}
    assert shared == wanted

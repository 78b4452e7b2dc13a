"""What is ours in a folder that others use too."""

from __future__ import annotations

import os

import pytest

from livecam.disk import own

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, pipes and users")


def test_a_file_is_made_only_where_nothing_is(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    for target in (precious, tmp_path / "nowhere"):
        link = tmp_path / f"link-to-{target.name}"
        link.symlink_to(target)
        with pytest.raises(FileExistsError):
            own.make_file(link)
    assert precious.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_links_pipes_and_folders_are_no_files_of_ours(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link-to-folder").symlink_to(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe")
    found = {path.name for path in tmp_path.iterdir() if own.is_file(path)}
    assert found == {"file"}
    assert {path.name for path in tmp_path.iterdir() if own.is_folder(path)} == {"folder"}
    for name in ("link", "pipe", "folder"):
        with pytest.raises(OSError, match=r"."):
            own.open_file(tmp_path / name)
        assert not own.remove(tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 5
    assert own.remove(tmp_path / "file")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="needs root to make them")
def test_a_file_of_another_user_is_not_ours(tmp_path):
    path = tmp_path / "theirs"
    path.write_text("x")
    os.chown(path, 12_345, 12_345)
    assert not own.is_file(path)
    with pytest.raises(PermissionError):
        own.open_file(path)
    assert not own.remove(path)

"""Files from elsewhere: read without a map, and only where they are files."""

from __future__ import annotations

import os
import sys

import pytest

from livecam.errors import InputError
from livecam.formats.files import FileBytes, open_regular, read_file


def test_a_file_is_sliced_as_bytes_are(tmp_path):
    content = bytes(range(256)) * 300
    path = tmp_path / "file"
    path.write_bytes(content)
    with open_regular(path) as file:
        data = FileBytes(file)
        assert len(data) == len(content)
        for at in (slice(0, 10), slice(-4, None), slice(70_000, 80_000), slice(9, 3), slice(None)):
            assert data[at] == content[at]
        assert data[70_001] == content[70_001]
        assert data[-1] == content[-1]
        assert list(data[-3:]) == list(content[-3:])


def test_a_file_that_is_cut_short_while_it_is_read_is_an_error_of_ours(tmp_path):
    path = tmp_path / "IMG.MOV"
    path.write_bytes(bytes(1_000_000))

    def read(data):
        os.truncate(path, 1000)
        return bytes(data[900_000:])

    with pytest.raises(InputError, match=r"IMG\.MOV: it was cut short"):
        read_file(path, read)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe.mov"
    os.mkfifo(path)
    with pytest.raises(InputError, match="not a regular file"):
        read_file(path, len)

import importlib.util
import os
import shutil

import pytest

from livecam.errors import ExitCode, ModelError
from livecam.faces.model import CARRIER, find_model
from tests.support.program import run


def test_the_installed_model_is_the_known_one():
    assert find_model().name == "face_landmarker.task"


def test_a_copy_elsewhere_is_accepted(tmp_path):
    copy = shutil.copy(find_model(), tmp_path / "model.task")
    assert find_model(copy) == copy


def test_an_altered_model_is_refused_in_one_line(tmp_path):
    altered = tmp_path / "model.task"
    altered.write_bytes(find_model().read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="not the one livecam knows") as caught:
        find_model(altered)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == ExitCode.FAILURE


def test_a_missing_model_is_refused_with_a_way_out(tmp_path):
    with pytest.raises(ModelError, match="cannot be read") as caught:
        find_model(tmp_path / "none.task")
    assert "--model" in caught.value.hint


@pytest.mark.skipif(importlib.util.find_spec(CARRIER) is None, reason="no wheel for this machine")
def test_a_model_that_is_there_is_not_fetched_whoever_brought_it(tmp_path):
    """Nothing here could fetch: a pip without an index."""
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "PIP_NO_INDEX": "1"}
    done = run("model", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "the face model: there already, " in done.stdout
    assert list(tmp_path.iterdir()) == []

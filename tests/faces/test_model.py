import shutil

import pytest

from livecam.errors import ExitCode, ModelError
from livecam.faces.model import find_model


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

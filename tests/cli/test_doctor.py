from tests.support.program import run


def test_it_says_what_works_on_one_screen(tmp_path):
    done = run("doctor", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert len(lines) < 24
    for word in ("camera", "microphone", "model", "encoders", "opencv", "folder", "display"):
        assert any(line.split()[1] == word for line in lines[:-1]), word
    assert done.returncode == (1 if any(line.startswith("fail") for line in lines) else 0)
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"


def test_a_missing_model_fails(tmp_path):
    done = run("doctor", "--model", "none.task", cwd=tmp_path)
    assert done.returncode == 1
    assert "fail  model" in done.stdout
    assert "cannot run" in done.stdout


def test_a_folder_that_cannot_be_written_fails(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("doctor", "--out", "file/below", cwd=tmp_path)
    assert done.returncode == 1
    assert "fail  folder" in done.stdout


def test_devices_lists_cameras_and_microphones(tmp_path):
    done = run("devices", cwd=tmp_path)
    assert "cameras" in done.stdout
    assert "demo" in done.stdout
    assert "microphones" in done.stdout
    assert done.returncode in (0, 3)


def test_a_trial_says_what_was_lost_and_which_tier_fits(tmp_path):
    done = run("doctor", "--benchmark", "--camera", "demo", cwd=tmp_path)
    assert done.returncode == 0
    assert "3 of 3 moments saved" in done.stdout
    assert "tier lazy" in done.stdout
    assert list(tmp_path.iterdir()) == [], "nothing stays behind"

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from livecam.disk.publish import Bundle, check_folder, complete_or_withdraw
from livecam.errors import OutputError

posix = pytest.mark.skipif(os.name == "nt", reason="links, and files without rights of their own")


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


SUFFIXES = (".MOV", ".json", ".JPG")
WHEN = datetime(2026, 5, 17, 12, 0, 0, 5_000, UTC)


def publish(folder, when=WHEN, content=b"x") -> str:
    with Bundle.at(folder, when) as bundle:
        for suffix in (".MOV", ".json", ".JPG"):
            bundle.write(suffix, content)
        bundle.publish([".MOV", ".json", ".JPG"])
    return bundle.name


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_files_share_a_name_that_says_when(out):
    assert publish(out) == "livecam-20260517-120000-005Z"
    assert names(out) == [f"livecam-20260517-120000-005Z{s}" for s in (".JPG", ".MOV", ".json")]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_files_are_on_disk_before_they_have_names_and_the_photo_comes_last(out, tmp_path):
    trace = tmp_path / "trace.txt"
    code = (
        "import sys, livecam\n"
        "from tests.support.frames import moment\n"
        "it = moment([i / 30 for i in range(10)])\n"
        "livecam.save(it, livecam.score(it), sys.argv[1])\n"
    )
    command = ["strace", "-f", "-y", "-e", "trace=fsync,link,linkat,rename,renameat,renameat2"]
    subprocess.run([*command, "-o", trace, sys.executable, "-c", code, out], check=True)
    calls = [line for line in trace.read_text().splitlines() if str(out) in line]

    def when(pattern: str) -> int:
        found = [i for i, line in enumerate(calls) if re.search(pattern, line)]
        assert found, (pattern, calls)
        return found[-1]

    named = [when(rf"(link|rename).*{suffix}\.part.*{suffix}\"") for suffix in SUFFIXES]
    assert named == sorted(named), "movie, record, photo"
    flushed = [when(rf"fsync\(.*{suffix}\.part>\)") for suffix in SUFFIXES]
    assert max(flushed) < min(named)
    assert when(rf"fsync\(\d+<{out}>\)") > max(named), "and the names themselves"


def test_names_sort_by_time(out):
    made = [publish(out, WHEN + timedelta(seconds=s)) for s in (0, 0, 0.002, 0.9, 61, 86_400)]
    files = [f"{name}.MOV" for name in made]
    assert files == sorted(files)


def test_names_sort_by_time_when_the_clocks_go_back(out):
    summer, winter = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    before = datetime(2026, 10, 25, 2, 59, tzinfo=summer)
    after = datetime(2026, 10, 25, 2, 1, tzinfo=winter)
    assert publish(out, before) < publish(out, after)


def test_the_same_instant_gets_names_of_its_own(out):
    assert len({publish(out, content=bytes([i])) for i in range(5)}) == 5
    assert {path.read_bytes() for path in out.glob("*.MOV")} == {bytes([i]) for i in range(5)}


def test_two_at_work_at_once_do_not_share_a_name(out):
    with Bundle.at(out, WHEN) as first, Bundle.at(out, WHEN) as second:
        assert first.name != second.name


def test_nothing_is_seen_before_all_is_written(out):
    with Bundle.at(out, WHEN) as bundle:
        bundle.write(".MOV", b"x")
        bundle.write(".JPG", b"x")
        assert all(name.startswith(".") for name in names(out))
        bundle.publish([".MOV", ".JPG"])
    assert len(names(out)) == 2


def test_left_halfway_nothing_stays(out):
    with pytest.raises(RuntimeError), Bundle.at(out, WHEN) as bundle:
        bundle.write(".MOV", b"x")
        raise RuntimeError
    assert names(out) == []


def test_a_file_that_came_in_between_is_not_replaced(out):
    with pytest.raises(OutputError), Bundle.at(out, WHEN) as bundle:
        bundle.write(".MOV", b"new")
        bundle.write(".JPG", b"new")
        (out / f"{bundle.name}.JPG").write_bytes(b"someone else's")
        bundle.publish([".MOV", ".JPG"])
    assert names(out) == [f"{bundle.name}.JPG"]
    assert (out / f"{bundle.name}.JPG").read_bytes() == b"someone else's"


def test_files_that_are_there_keep_their_name_for_themselves(out):
    (out / "livecam-20260517-120000-005Z.HEIC").write_bytes(b"kept")
    assert publish(out) == "livecam-20260517-120000-006Z"


def test_a_full_disk_is_one_line_with_a_hint():
    from pathlib import Path

    from livecam.disk.publish import write_error

    error = write_error(Path("x"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert "No space left" in error.message
    assert "space" in error.hint


@pytest.fixture
def _small_files():
    """The system refuses to write more than 20 kB to a file, as a full disk does."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("_small_files")
def test_a_moment_that_does_not_fit_leaves_nothing(out):
    import livecam
    from livecam.quality.choice import MomentScore
    from livecam.quality.score import FrameScore
    from tests.support.frames import moment, tone

    it = moment(sound=tone(1.0), size_wh=(640, 360))
    frames = tuple(FrameScore(f.index, f.t_ns, 0.5, True, (), {}) for f in it.frames)
    with pytest.raises(OutputError):
        livecam.save(it, MomentScore("frame", frames, 3, "because"), out)
    assert names(out) == []


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_with_a_way_out(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError) as caught:
        check_folder(tmp_path / "new")
    assert "--out" in caught.value.hint


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write"):
        check_folder(tmp_path / "file")


def test_threads_that_look_at_one_folder_do_not_hinder_each_other(tmp_path):
    def look(_: int) -> None:
        check_folder(tmp_path)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(2000)))
    assert list(tmp_path.iterdir()) == []


def test_a_card_that_keeps_no_rights_is_written_all_the_same(tmp_path, monkeypatch):
    # What FAT says to every change of rights that it cannot keep.
    monkeypatch.setattr(os, "fchmod", refuse)
    with Bundle.named(tmp_path, "a") as bundle:
        bundle.write(".json", b"{}")
        bundle.publish([".json"])
    assert bundle.path(".json").read_text() == "{}"


@posix
def test_a_link_in_the_place_of_a_hidden_file_is_not_written_through(tmp_path, out):
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    with pytest.raises(OutputError), Bundle.at(out, WHEN) as bundle:
        file = bundle.open(".JPG")
        (hidden,) = out.glob("*.part")
        hidden.unlink()
        hidden.symlink_to(precious)
        file.write(b"picture")
        bundle.publish([".JPG"])
    assert precious.read_text() == "precious"
    assert not (out / f"{bundle.name}.JPG").exists()


@posix
@pytest.mark.parametrize("no_links", [False, True], ids=["links", "no links"])
def test_a_link_that_has_the_name_is_not_replaced(tmp_path, out, monkeypatch, no_links):
    if no_links:  # as on exFAT
        monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OutputError), Bundle.at(out, WHEN) as bundle:
        bundle.write(".JPG", b"new")
        bundle.path(".JPG").symlink_to(tmp_path / "nowhere")
        bundle.publish([".JPG"])
    assert bundle.path(".JPG").is_symlink()
    assert not (tmp_path / "nowhere").exists()


@posix
def test_without_links_a_file_gets_its_name_all_the_same(out, monkeypatch):
    monkeypatch.setattr(os, "link", refuse)
    name = publish(out)
    assert names(out) == [f"{name}{suffix}" for suffix in (".JPG", ".MOV", ".json")]


def test_locks_and_parts_of_other_programs_are_left_alone(out):
    others = (".livecam-notes.lock", ".livecam-20260517.lock", ".IMG_1.JPG.part", "poetry.lock")
    for name in others:
        (out / name).write_text("not livecam's")
    complete_or_withdraw(out)
    assert set(names(out)) == set(others)


@posix
def test_killed_at_any_instant_the_same_run_again_leaves_what_one_run_leaves(out):
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from livecam.disk.new_files import NewFiles, write_new\n"
        "from livecam.disk.publish import complete_or_withdraw\n"
        "left, folder = int(sys.argv[1]), Path(sys.argv[2])\n"
        "watched = {'open', 'os.link', 'os.rename', 'os.remove', 'os.mkdir', 'os.chmod'}\n"
        "def kill(event, args):\n"
        "    global left\n"
        "    if event in watched:\n"
        "        left -= 1\n"
        "        if left == 0:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "if left:\n"
        "    sys.addaudithook(kill)\n"
        "complete_or_withdraw(folder)\n"
        "if not (folder / 'a_key.JPG').exists():\n"
        "    files = NewFiles({'.MOV': b'movie', '.JPG': b'picture'})\n"
        "    write_new(files, folder, 'a_key')\n"
    )
    for instant in range(1, 100):
        first = subprocess.run([sys.executable, "-c", code, str(instant), str(out)], check=False)
        subprocess.run([sys.executable, "-c", code, "0", str(out)], check=True)
        assert names(out) == ["a_key.JPG", "a_key.MOV"], instant
        assert (out / "a_key.MOV").read_bytes() == b"movie"
        if first.returncode == 0:
            break
        shutil.rmtree(out)
        out.mkdir()
    assert instant > 10

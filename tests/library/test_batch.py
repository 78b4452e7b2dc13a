"""Many inputs: as a stream, in order, and resumed where a run was killed."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace

import pytest

from livecam import contract
from livecam.errors import UsageError
from livecam.library.batch import ResultFile, in_order


def result(number: int, gain: float | None = None) -> contract.Result:
    key = contract.Key(1, 0.5, 0.9)
    present = contract.PresentKey(0.2, 0.9 - gain) if gain is not None else None
    name = f"/x/{number}.JPG"
    return contract.Result(f"{number:032X}", (name,), "live-photo", key, present, gain, (), "")


def test_results_come_in_order_whatever_is_done_first():
    first = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            first.wait(10)
        elif number == 3:
            first.set()
        return number * number

    assert list(in_order(range(50), work, 2)) == [i * i for i in range(50)]


def test_items_are_taken_only_as_they_are_needed():
    taken = []

    def items():
        for i in range(1_000_000):
            taken.append(i)
            yield i

    stream = in_order(items(), lambda i: i, 2)
    assert [next(stream) for _ in range(10)] == list(range(10))
    stream.close()
    assert len(taken) < 100


def test_an_error_of_the_work_reaches_who_asks():
    with pytest.raises(ZeroDivisionError):
        list(in_order([1, 0], lambda i: 1 / i, 1))


def test_a_second_run_knows_what_the_first_has_done(tmp_path):
    path = tmp_path / "r.jsonl"
    first = ResultFile(path)
    for number, gain in ((1, 0.1), (2, None), (3, 0.0), (4, 0.7)):
        first.add(result(number, gain))
    first.close()
    second = ResultFile(path)
    assert second.done == {number.to_bytes(16) for number in (1, 2, 3, 4)}
    found = second.summary()
    assert (found.judged, found.better) == (3, 2)
    assert [gain.gain for gain in found.largest] == [0.7, 0.1]
    second.close()


def test_of_an_input_that_was_judged_twice_the_last_line_counts(tmp_path):
    file = ResultFile(tmp_path / "r.jsonl")
    file.add(result(1, 0.5))
    file.add(result(2, 0.1))
    file.add(replace(result(1, 0.0), id=f"{7:032X}"))  # the photo was touched since
    found = file.summary()
    assert (found.judged, found.better) == (2, 1)
    assert [gain.gain for gain in found.largest] == [0.1]
    file.close()


def test_two_runs_do_not_write_one_file(tmp_path):
    first = ResultFile(tmp_path / "r.jsonl")
    with pytest.raises(UsageError, match="another run writes"):
        ResultFile(tmp_path / "r.jsonl")
    first.close()
    ResultFile(tmp_path / "r.jsonl").close()


@pytest.mark.parametrize(
    "damaged",
    [
        b"\n", b'{"id": "x"}\n', bytes(600) + b"\n", b'{"id": "' + b"0" * 32 + b'", "gain": NaN}\n',
        b'{"id": "' + b"0" * 32 + b'", "files": ["x"], "kind": "video", "gain": "<b>"}\n',
        b"[" * 100_000 + b"]" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_a_damaged_line_is_named_and_nothing_is_written(tmp_path, damaged):
    path = tmp_path / "r.jsonl"
    lines = [result(number, 0.1).to_json().encode() + b"\n" for number in (1, 2)]
    path.write_bytes(lines[0] + damaged + lines[1])
    with pytest.raises(UsageError, match=f"line 2 of {path} is no result"):
        ResultFile(path)
    assert path.read_bytes() == lines[0] + damaged + lines[1]


@pytest.mark.skipif(os.name == "nt", reason="pipes")
def test_a_pipe_is_no_file_of_results(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        ResultFile(tmp_path / "pipe")


def test_half_a_line_of_a_run_that_was_killed_is_taken_away(tmp_path):
    path = tmp_path / "r.jsonl"
    first = ResultFile(path)
    first.add(result(1, 0.1))
    first.close()
    whole = path.read_bytes()
    path.write_bytes(whole + result(2, 0.2).to_json().encode()[:40])
    second = ResultFile(path)
    assert len(second.done) == 1
    second.add(result(3, 0.3))
    second.close()
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["id"][-1] for line in path.read_text().splitlines()] == ["1", "3"]


def test_a_file_of_another_kind_is_not_touched(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    with pytest.raises(UsageError, match=r"line 1 of .* is no result"):
        ResultFile(path)
    assert path.read_text() == "dear diary\n"


def test_only_the_largest_gains_are_remembered(tmp_path):
    file = ResultFile(tmp_path / "r.jsonl")
    for number in range(1, 200):
        file.add(result(number, number / 1000))
    found = file.summary()
    file.close()
    assert len(found.largest) == 50
    assert found.largest[-1].gain == 0.15
    assert found.better == 199

"""Many inputs: as a stream, in order, and resumed where a run was killed."""

from __future__ import annotations

import json
import threading

import pytest

from livecam import contract
from livecam.batch import ResultFile, in_order
from livecam.errors import UsageError


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
    assert (second.judged, second.better) == (3, 2)
    assert [gain.gain for gain in sorted(second.gains, reverse=True)] == [0.7, 0.1]
    second.close()


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
    with pytest.raises(UsageError, match="is no file of results"):
        ResultFile(path)
    assert path.read_text() == "dear diary\n"


def test_only_the_largest_gains_are_remembered(tmp_path):
    file = ResultFile(tmp_path / "r.jsonl")
    for number in range(1, 200):
        file.add(result(number, number / 1000))
    file.close()
    assert len(file.gains) == 50
    assert min(gain.gain for gain in file.gains) == 0.15
    assert file.better == 199

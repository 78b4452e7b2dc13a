from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from livecam.memory import Allowance


def test_no_more_is_held_together_than_is_allowed():
    allowed = Allowance(100)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(allowed.take, [30] * 8))
    assert sorted(got) == [False] * 5 + [True] * 3
    assert not allowed.take(11)
    assert allowed.take(10)
    allowed.give(30)
    assert allowed.take(30)

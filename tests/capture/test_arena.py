import gc
import threading

import numpy as np
import pytest

from livecam.capture.arena import Arena


def data(value: int, size: int = 1000) -> np.ndarray:
    return np.full(size, value, np.uint8)


def test_what_is_stored_can_be_read_and_not_written():
    stored = Arena(4096).store(data(7))
    assert stored.tolist() == [7] * 1000
    with pytest.raises(ValueError, match="read-only"):
        stored[0] = 1


def test_memory_comes_back_when_the_last_view_is_gone():
    arena = Arena(4096)
    stored = arena.store(data(1))
    view = stored.reshape(10, 100)[2:]
    taken = arena.size - arena.free
    del stored
    assert arena.size - arena.free == taken, "a view still looks at it"
    assert view.max() == 1
    del view
    assert arena.free == arena.size


def test_nothing_that_is_looked_at_is_overwritten():
    arena = Arena(8 * 1024)
    kept = [arena.store(data(i)) for i in range(4)]
    for i in range(200):
        arena.store(data(100 + i % 100))  # dropped at once
    assert [int(k.min()) for k in kept] == [0, 1, 2, 3] == [int(k.max()) for k in kept]


def test_it_does_not_grow_while_as_much_goes_as_comes():
    arena = Arena(16 * 1024)
    rng, held = np.random.default_rng(0), []
    for i in range(2000):
        held.append(arena.store(data(i % 256, int(rng.integers(200, 1200)))))
        if len(held) > 8:
            held.pop(0)
    assert arena.size == 16 * 1024


def test_more_than_it_holds_is_kept_all_the_same():
    arena = Arena(2048)
    kept = [arena.store(data(i)) for i in range(10)]
    assert [int(k[0]) for k in kept] == list(range(10))
    assert arena.size > 2048
    del kept
    gc.collect()
    arena.trim()
    assert arena.size == 2048


def test_reserve_makes_room_beforehand():
    arena = Arena(2048)
    kept = [arena.store(data(1)), arena.store(data(2))]
    arena.reserve(5000)
    size = arena.size
    assert arena.free >= 5000
    kept += [arena.store(data(3)) for _ in range(4)]
    assert arena.size == size


def test_two_threads_never_share_a_span():
    arena, wrong = Arena(64 * 1024), []

    def work(value: int) -> None:
        held = []
        for _ in range(500):
            held.append(arena.store(data(value, 700)))
            if len(held) > 20:
                held.pop(0)
            if any(int(h.min()) != value or int(h.max()) != value for h in held):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

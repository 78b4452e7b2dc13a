"""How long a moment is, however unevenly its frames come."""

from __future__ import annotations

import numpy as np
import pytest

from livecam.moment import as_long_as, movie_end_ns
from livecam.timebase import NS_PER_S
from tests.support.frames import flat

INTERVAL_NS = NS_PER_S // 60


@pytest.mark.parametrize("seed", range(20))
def test_a_moment_is_as_long_as_asked_within_a_frame_though_times_jitter(seed):
    rng = np.random.default_rng(seed)
    # Times of arrival over a network: late by up to a quarter of a frame.
    times = [
        round((i + rng.uniform(0, 0.25)) * INTERVAL_NS + rng.uniform(0, 1)) for i in range(300)
    ]
    frames = [flat(i, t_ns) for i, t_ns in enumerate(times)]
    start_ns = round(rng.uniform(10, 20) * INTERVAL_NS)
    end_ns = start_ns + 3 * NS_PER_S
    cut = tuple(frame for frame in frames if start_ns <= frame.t_ns < end_ns)
    rest = tuple(frame for frame in frames if frame.t_ns >= end_ns)
    found = as_long_as(cut, rest, end_ns - start_ns, start_ns + NS_PER_S)
    interval_ns = int(np.median(np.diff([frame.t_ns for frame in found])))
    length_ns = movie_end_ns(found, interval_ns) - found[0].t_ns
    assert abs(length_ns - 3 * NS_PER_S) <= 0.76 * INTERVAL_NS
    assert [f.index for f in found] == list(range(found[0].index, found[-1].index + 1))


def test_a_moment_that_begins_late_is_not_mended_at_its_end():
    frames = tuple(flat(i, i * INTERVAL_NS) for i in range(40))
    following = (flat(40, 40 * INTERVAL_NS),)
    assert as_long_as(frames, following, NS_PER_S, 5 * INTERVAL_NS) == frames

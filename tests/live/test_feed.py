"""Frames are handed out once, in order, whoever wants them and whenever they come."""

from __future__ import annotations

from livecam.capture.ring import FrameRing
from livecam.live.feed import Feed
from tests.support.frames import flat


def feed_of(frames: int = 0) -> tuple[FrameRing, Feed]:
    ring = FrameRing(1.0, 10_000_000, 1_000_000)
    film(ring, 0, frames)
    return ring, Feed(ring)


def film(ring: FrameRing, first: int, last: int) -> None:
    for i in range(first, last):
        ring.append(flat(i, i * 100, size_wh=(16, 16)))


def taken(feed: Feed) -> list[int]:
    found = []
    while (frame := feed.take()) is not None:
        found.append(frame.index)
    return found


def test_nothing_is_handed_out_unasked():
    _, feed = feed_of(5)
    assert feed.take() is None
    assert feed.is_idle


def test_what_is_there_comes_at_once_and_the_rest_when_it_comes():
    ring, feed = feed_of(5)
    feed.request(200, 700)
    assert taken(feed) == [2, 3, 4]
    assert not feed.is_idle
    film(ring, 5, 9)
    assert taken(feed) == [5, 6]
    assert feed.is_idle


def test_overlapping_spans_share_their_frames():
    ring, feed = feed_of(4)
    feed.request(0, 600)
    assert taken(feed) == [0, 1, 2, 3]
    feed.request(300, 900)
    film(ring, 4, 12)
    assert taken(feed) == [4, 5, 6, 7, 8]


def test_spans_apart_leave_out_what_lies_between():
    ring, feed = feed_of(4)
    feed.request(0, 200)
    feed.request(600, 800)
    film(ring, 4, 12)
    assert taken(feed) == [0, 1, 6, 7]


def test_frames_are_held_although_the_ring_lets_them_go():
    ring = FrameRing(0.000_000_5, 10_000_000, 1_000_000)  # a span of five frames
    feed = Feed(ring)
    feed.request(0, 2000)
    for i in range(20):
        ring.append(flat(i, i * 100, level=i, size_wh=(16, 16)))
        if i % 4 == 3:
            assert feed.backlog <= 20
            feed.take()
    rest = taken(feed)
    assert rest == sorted(rest)
    assert rest[-1] == 19


def test_a_wish_can_be_taken_back_and_others_keep_theirs():
    ring, feed = feed_of(10)
    feed.request(0, 10_000)
    feed.request(300, 500)
    feed.withdraw(0, 10_000)
    assert taken(feed) == [3, 4]
    film(ring, 10, 12)
    assert feed.take() is None


def test_what_was_let_go_with_a_wish_comes_with_the_next_one():
    ring, feed = feed_of(10)
    feed.request(0, 10_000)
    assert feed.take().index == 0
    feed.request(800, 900)
    feed.withdraw(0, 10_000)
    feed.request(400, 1200)
    film(ring, 10, 14)
    assert sorted(taken(feed)) == list(range(4, 12))


def test_what_was_passed_by_can_be_offered_and_comes_once():
    ring, feed = feed_of(10)
    feed.request(500, 800)
    assert taken(feed) == [5, 6, 7]
    frames = ring.cut(300, 800)
    assert not feed.knows(300)
    feed.offer(frames)
    assert taken(feed) == [3, 4]
    assert feed.knows(300)


def test_a_closed_feed_holds_nothing():
    ring, feed = feed_of(10)
    feed.request(0, 2000)
    feed.close()
    feed.request(0, 3000)
    film(ring, 10, 15)
    assert (taken(feed), feed.backlog, feed.is_idle) == ([], 0, True)


def test_a_span_that_is_taken_back_is_let_go_but_for_what_others_want():
    ring, feed = feed_of(10)
    feed.request(0, 600)
    feed.request(400, 900)
    feed.forget(0, 600)
    assert taken(feed) == [4, 5, 6, 7, 8]
    assert not feed.knows(100)
    feed.offer(ring.cut(0, 300))
    feed.forget(0, 600)
    assert taken(feed) == [0, 1, 2], "what is offered is wanted as much"

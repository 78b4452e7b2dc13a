from livecam.capture.warmup import MAX_BLACK, MAX_FRAMES, MIN_FRAMES, WarmUp
from tests.support.frames import flat


def cold_frames(levels: list[int]) -> int:
    warmup = WarmUp(needed=True)
    return sum(warmup.is_cold(flat(i, i, level)) for i, level in enumerate(levels))


def test_a_camera_that_opens_slowly_is_waited_for():
    rising = [min(150, i * 8) for i in range(60)]
    assert 18 <= cold_frames(rising) <= 27


def test_a_camera_that_is_steady_at_once_still_gives_its_first_frames_away():
    assert cold_frames([140] * 60) == MIN_FRAMES - 1


def test_a_flickering_or_dark_camera_is_not_waited_for_for_ever():
    assert cold_frames([100, 160] * 60) == MAX_FRAMES - 1
    assert cold_frames([0] * 200) == MAX_BLACK - 1


def test_black_frames_say_nothing_of_the_exposure():
    opening = [0] * 20 + [min(150, i * 10) for i in range(15)] + [150] * 40
    assert cold_frames(opening) >= 35, "until it has settled"
    assert cold_frames([0] * 20 + [140] * 40) == 20 + MIN_FRAMES - 1


def test_a_source_that_needs_none_has_none():
    assert not WarmUp(needed=False).is_cold(flat(0, 0, 0))

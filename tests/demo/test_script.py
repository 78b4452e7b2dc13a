import itertools

from livecam.demo.script import BLINK_S, Script

SECONDS = [i / 30 for i in range(120 * 30)]


def test_the_same_seed_gives_the_same_person():
    assert [Script(3).at(t) for t in SECONDS[:300]] == [Script(3).at(t) for t in SECONDS[:300]]
    assert [Script(3).at(t) for t in SECONDS] != [Script(4).at(t) for t in SECONDS]


def test_everything_happens_within_two_minutes():
    truths = [Script(0).at(t) for t in SECONDS]
    assert {t.act for t in truths} == {
        "neutral", "smile", "speak", "frown", "turn", "move", "defocus", "dark",
    }  # fmt: skip
    assert min(t.eyes_open for t in truths) == 0.0
    assert max(t.smile for t in truths) > 0.65
    assert min(t.smile for t in truths) < -0.65
    assert min(t.light for t in truths) < 0.45
    assert max(t.defocus for t in truths) > 6


def test_blinks_are_as_frequent_and_as_short_as_peoples():
    shut = [Script(0).at(t).eyes_open < 0.5 for t in SECONDS]
    blinks = sum(b and not a for a, b in itertools.pairwise(shut))
    assert 40 <= blinks <= 80  # in two minutes
    assert sum(shut) / 30 / blinks < BLINK_S

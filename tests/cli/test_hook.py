import pytest

from livecam.cli.hook import split_command


def test_quotes_hold_words_together():
    assert split_command("'my printer' --copies 2", windows=False) == [
        "my printer",
        "--copies",
        "2",
    ]


def test_windows_paths_keep_their_backslashes_and_lose_their_quotes():
    line = r'"C:\Program Files\Print\print.exe" /silent C:\labels'
    assert split_command(line, windows=True) == [
        r"C:\Program Files\Print\print.exe", "/silent", r"C:\labels",
    ]  # fmt: skip


@pytest.mark.parametrize("windows", [False, True])
def test_a_quote_that_is_not_closed_is_refused(windows):
    with pytest.raises(ValueError, match="quot"):
        split_command('print "half', windows=windows)

import pytest

from livecam.cli.hook import placed, split_command


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


FILES = {"movie": "a.MOV", "photo": "a.JPG", "scores": "a.json", "strip": "s.jpg"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lp", "-d", "photos"], ["lp", "-d", "photos", "a.MOV", "a.JPG", "a.json"]),
        (["lp", "{photo}"], ["lp", "a.JPG"]),
        (["mail", "--attach={movie}", "{strip}"], ["mail", "--attach=a.MOV", "s.jpg"]),
        (["echo", "{other}"], ["echo", "{other}", "a.MOV", "a.JPG", "a.json"]),
    ],
)
def test_files_go_where_they_are_named_and_else_to_the_end(words, expected):
    assert placed(words, FILES) == expected


def test_a_file_with_braces_in_its_name_is_not_filled_in():
    assert placed(["lp", "{photo}"], FILES | {"photo": "{movie}.JPG"}) == ["lp", "{movie}.JPG"]

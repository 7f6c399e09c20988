"""Names that were made to do harm, as commands say them: with and without a terminal, and on a page."""

import re
from html.parser import HTMLParser

import pytest
from conftest import write_video
from lstmzoo import lstmzoo

HOSTILE = ("x[bold]<img src=x onerror=PWNED>[|x]", "x\nPWNED\r\x1b[2J\x9b1A\u202ePWNED\u200b\x07")
PLAIN = ("walk", "run")
RICH = re.compile(r"\x1b\[([0-9;]*m|\?25[lh]|1A|2K)|\r\x1b\[2K")  # what rich itself says to a terminal


def check(root, names, terminal):
    """Return what `data check` says of clips with such names of classes and files, and its page."""
    for shade, name in enumerate(names):
        for number in range(6):
            write_video(root / name / f"{number}{name}.avi", 6, shade=40 * number + 20 * shade)
    (root / names[0] / f"{names[1]}.avi").write_bytes(b"no film")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORCE_COLOR" if terminal else "NO_COLOR", "1")
        words = ("data", "check", "--config", "smoke/video_folder.yaml", "--set", f"data.root={root}")
        said = lstmzoo(*words, "--html", root.parent / "page.html", status=2).output
    return said, (root.parent / "page.html").read_text(encoding="utf-8")


def elements(page):
    """Return the elements of a page, with their attributes but those that hold names as text."""
    found = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, [(key, value) for key, value in attrs if key not in ("src", "alt", "title", "style")]))

    Parser().feed(page)
    return found


@pytest.mark.parametrize("terminal", [False, True])
def test_no_name_moves_the_cursor_or_makes_an_element(tmp_path, terminal):
    said, page = check(tmp_path / "hostile" / "videos", HOSTILE, terminal)
    assert ("\x1b[" in said) is terminal
    plain = RICH.sub("", said)
    for text in (plain, page):
        assert all(one.isprintable() or one == "\n" for one in text)
    assert not re.search(r"^\s*PWNED", plain, re.MULTILINE)
    assert "x\\nPWNED\\r\\u001b[2J\\u009b1A\\u202ePWNED\\u200b\\u0007" in plain and "[bold]<img src=x" in plain
    assert "&lt;img src=x onerror=PWNED&gt;" in page
    if not terminal:
        assert elements(page) == elements(check(tmp_path / "plain" / "videos", PLAIN, terminal)[1])

"""What the pages of the project hold: blocks of code, commands, links and pictures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ENVIRONMENT = re.compile(r"\w+=\S*")


class Block(NamedTuple):
    """A block of code."""

    language: str
    text: str
    heading: str
    """That it stands under."""


class Link(NamedTuple):
    """A link, or a picture."""

    text: str
    target: str
    picture: bool


def pages() -> list[Path]:
    """Return all pages of the project, those that people write and those that scripts write."""
    below = (page for room in (".github", "configs", "lstm_zoo", "scripts") for page in (ROOT / room).rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *below])


def name_of(page: Path) -> str:
    """Return a page's path from the root on."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    """Return the blocks of code of a page, in order."""
    found, heading, last = [], "", 0
    for fence in _FENCE.finditer(text):
        above = re.findall(r"^#+ (.*)$", _FENCE.sub("", text[last : fence.start()]), re.MULTILINE)
        heading, last = (above[-1] if above else heading), fence.end()
        found.append(Block(fence[1], fence[2], heading))
    return found


def links(text: str) -> list[Link]:
    """Return the links and pictures of a page, but those in code."""
    prose = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))
    return [Link(said, target, bool(mark)) for mark, said, target in _LINK.findall(prose)]


def anchors(text: str) -> set[str]:
    """Return what a code host calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shown_files(text: str) -> list[tuple[str, str]]:
    """Return names and contents of the files that a page shows: blocks whose first line is `# NAME`."""
    named = re.compile(r"# (\w+\.(?:py|yaml))\n")
    return [(found[1], block.text) for block in blocks(text) if (found := named.match(block.text))]


def lines_of(block: str) -> Iterator[str]:
    """Yield the lines of a shell, without remarks; one that ends in a backslash goes on in the next."""
    for line in block.replace("\\\n", " ").splitlines():
        bare = re.sub(r"(^|\s)#\s.*$", "", line).strip()
        if bare:
            yield bare


def commands(text: str) -> list[str]:
    """Return the lines of a page for a shell, also those that stand in the text and in tables as `lstmzoo ...`."""
    in_text = re.findall(r"`((?:lstmzoo|bash scripts|python scripts)[^`\n]*)`", _FENCE.sub("", text))
    return [line for block in blocks(text) if block.language == "bash" for line in lines_of(block.text)] + in_text


def calls(line: str) -> Iterator[Sequence[str]]:
    """Yield the words behind each `lstmzoo` of a line for a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;"):
            while words and _ENVIRONMENT.fullmatch(words[0]):
                words = words[1:]
            if "lstmzoo" in words:
                yield words[words.index("lstmzoo") + 1 :]
            words = []
        else:
            words.append(word)

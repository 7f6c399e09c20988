"""What the pages of the project hold: blocks of code, commands, links and pictures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_IN_TEXT = re.compile(r"`((?:lstmzoo|bash|python|pip) [^`\n]*)`")
_SHOWN = re.compile(r"# (\w+\.(?:py|yaml))\n")
_TREE = re.compile(r"[\w-]+/\n[├└]── ")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ENVIRONMENT = re.compile(r"\w+=\S*")


class Block(NamedTuple):
    """A block of code."""

    language: str
    text: str
    heading: str
    """That it stands under."""


class Step(NamedTuple):
    """What a reader of a page does next."""

    kind: Literal["line", "tree", "file"]
    """Runs a line in a shell, has a folder as it is drawn, or writes a file as it is shown."""
    text: str
    name: str = ""
    """Of the file."""
    within_text: bool = False
    """A line that stands in a sentence or a table, which may be no more than the name of a command."""


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


def steps_of(text: str) -> list[Step]:
    """Return what a reader does from top to bottom; lines for a shell also stand in the text and in tables."""
    steps, last = [], 0
    for fence in [*_FENCE.finditer(text), None]:
        between = text[last : fence.start() if fence else len(text)]
        steps += [Step("line", line, within_text=True) for line in _IN_TEXT.findall(between)]
        if fence is None:
            return steps
        last = fence.end()
        if fence[1] == "bash":
            steps += [Step("line", line) for line in lines_of(fence[2])]
        elif _TREE.match(fence[2]):
            steps.append(Step("tree", fence[2]))
        elif shown := _SHOWN.match(fence[2]):
            steps.append(Step("file", fence[2], shown[1]))
    return steps


def lines_of(block: str) -> Iterator[str]:
    """Yield the lines of a shell, without remarks; one that ends in a backslash goes on in the next."""
    for line in block.replace("\\\n", " ").splitlines():
        bare = re.sub(r"(^|\s)#\s.*$", "", line).strip()
        if bare:
            yield bare


def commands(text: str) -> list[str]:
    """Return the lines of a page for a shell."""
    return [step.text for step in steps_of(text) if step.kind == "line"]


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

"""Words of captions as data, layers and tasks agree on them: special ones, how captions are cut, and put together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

PADDING, UNKNOWN, START, END = range(4)
SPECIAL = ("", "[UNK]", "[start]", "[end]")
"""The first words of every vocabulary; captions hold none of them."""
UNWRITTEN = (PADDING, UNKNOWN, START)
"""Words that a network never writes."""
Split = Literal["blanks", "characters"]
"""Where a caption is cut into words: at blanks alone, or also at each character of writing that puts no blanks between
its words: Chinese, Japanese, Thai, Lao, Khmer, Burmese and their like."""

_BLANKLESS = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u3005-\u3007\u3040-\u312f\u31a0-\u31ff\u3400-\u4dbf"
    "\u4e00-\ua4cf\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
_JOINERS = "\u200c\u200d"  # Persian and Indian words are spelt with them
_APOSTROPHE = "\u02bc"  # by its class a letter
_PARTING = "\u2014\u2015\u2026\u200b"  # long dashes, the ellipsis, and the blank of no width


class _Marks(dict[int, str]):
    """What stands in a word for each character, by its code; found when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        kind = unicodedata.category(letter)
        wide = unicodedata.east_asian_width(letter) in "WF"
        if letter.isspace() or letter in _PARTING or kind == "So" or (wide and kind[0] in "PS"):
            self[code] = " "
        elif kind[0] in "PS" or letter == _APOSTROPHE or "VARIATION SELECTOR" in unicodedata.name(letter, ""):
            self[code] = ""
        else:
            self[code] = "" if kind in ("Cc", "Cf") and letter not in _JOINERS else letter
        return self[code]


_MARKS = _Marks()


def words_in(caption: str, split: Split = "blanks") -> list[str]:
    """Return the words of a caption: in lower case, letters and accents composed (NFC), without punctuation.

    Unicode's own classes say what that is; symbols (currencies, emoji) count as punctuation. ASCII text is cut as by
    `keras.layers.TextVectorization`, to the letter: its marks go and leave no blank, so `it's` is `its`, with a curly
    apostrophe, too.
    """
    text = unicodedata.normalize("NFC", caption.lower().replace("i\u0307", "i"))  # what becomes of a Turkish capital
    words = [word for word in text.translate(_MARKS).split() if any(map(str.isalnum, word))]
    return [part for word in words for part in _characters(word)] if split == "characters" else words


def sentence(words: Sequence[str], split: Split = "blanks") -> str:
    """Put words together, with a blank between two that take blanks."""
    text, before = "", False
    for word in words:
        after = takes_blanks(word, split)
        text += f" {word}" if before and after else word
        before = after
    return text


def takes_blanks(word: str, split: Split) -> bool:
    """Return whether blanks part a word from others of its kind."""
    return split == "blanks" or not _BLANKLESS.match(word)


def is_blankless(text: str) -> bool:
    """Return whether some of a text is writing that puts no blanks between its words."""
    return _BLANKLESS.search(text) is not None


def words_of(numbers: Sequence[int], vocabulary: Sequence[str]) -> list[str]:
    """Return the words of one caption, without its end."""
    return [vocabulary[number] for number in numbers if number not in (PADDING, END)]


def _characters(word: str) -> list[str]:
    """Return the characters of writing without blanks, each with its marks, and what stands between them whole."""
    if not is_blankless(word):
        return [word]
    parts: list[str] = []
    for letter in word:
        mark = unicodedata.category(letter)[0] == "M" or letter in _JOINERS
        apart = not parts or _BLANKLESS.match(letter) or _BLANKLESS.match(parts[-1])
        if parts and (mark or not apart):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts

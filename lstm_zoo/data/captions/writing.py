"""Captions in writing that puts no blanks between its words: whether they are cut as their setting says."""

from __future__ import annotations

from collections.abc import Sequence

from ...contracts import InputError
from ...contracts.words import Split, is_blankless, words_in

_UNCUT = 4  # characters a word, on average, from which blanks do not part words: those of cut text have two or three


def check_split(captions: Sequence[str], split: Split | None, max_words: int) -> list[str]:
    """Return what there is to say of captions in such writing of which pieces would count as one word.

    Args:
        captions: All of a data set.
        split: The setting; None: the user has not decided.
        max_words: Longest caption, its end included.

    Raises:
        InputError: The user has not decided, and most captions were not cut into words.
    """
    such = [] if split == "characters" else list(filter(is_blankless, captions))
    characters = [len(words_in(caption, "characters")) for caption in such]
    words = [len(words_in(caption)) for caption in such]
    whole = [caption for caption, most, least in zip(such, characters, words, strict=True) if most > least]
    uncut = sum(characters) >= _UNCUT * sum(words) or sum(words) == len(such)
    if not whole or (split == "blanks" and not uncut):
        return []
    piece = next(word for word in words_in(whole[0]) if len(words_in(word, "characters")) > 1)
    if uncut and split is None and 2 * len(such) >= len(captions):
        longest = max(characters) + 1
        room = f" (and data.captions.max_words to {longest}, room for the longest)" if longest > max_words else ""
        raise InputError(
            "data.captions.split",
            f"the captions are in writing that puts no blanks between its words: '{piece}' would be one word. Set it "
            f"to characters, so that each of them is a word{room}, or to blanks if such pieces are to be words",
        )
    return [
        f"{len(whole)} of {len(captions)} captions hold writing that puts no blanks between its words, such as "
        f"'{piece}', which counts as one word; data.captions.split=characters cuts it"
    ]

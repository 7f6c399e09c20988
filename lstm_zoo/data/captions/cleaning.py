"""Captions as people mean them: without marks for their start and end, and without those that hold no word."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...console.text import listed
from ..pipeline.family import Item

_NAMED = "s|start|end|startseq|endseq|start_?of_?text|end_?of_?text|sos|eos|bos|go|cls|sep|pad"
_MARK = rf"(?:[<\[]\|?/?(?:{_NAMED})\|?[>\]]|\b(?:startseq|endseq)\b)"
_MARKS = re.compile(rf"^(?:\s*{_MARK})+\s*|\s*(?:{_MARK}\s*)+$", re.IGNORECASE)
_SIGNS = ("<", "[", "seq", "Seq", "SEQ")  # one is in each mark
_TOLD = 5  # names, at the most


def cleaned(splits: Mapping[str, Sequence[Item]]) -> tuple[dict[str, list[Item]], list[str]]:
    """Return images with their captions as they are meant, and what there is to say of it.

    A caption without a word costs itself; an image with no other keeps none, and its notes say why.
    """
    changed: dict[str, list[Item]] = {}
    marked, wordless = [], []
    for split, items in splits.items():
        changed[split] = []
        for item in items:
            bare = tuple(map(_unmarked, item.target))
            marked += [caption for caption, left in zip(item.target, bare, strict=True) if caption != left]
            kept = tuple(caption for caption in bare if caption[:1].isalnum() or any(map(str.isalnum, caption)))
            notes = item.notes
            wordless += [item.name] * (len(bare) - len(kept))
            if bare and not kept and not notes:
                notes = "its caption has no word" if len(bare) == 1 else f"none of its {len(bare)} captions has a word"
            changed[split].append(item._replace(target=kept, notes=notes))
    return changed, [*_of_marks(marked), *_of_wordless(wordless)]


def _unmarked(caption: str) -> str:
    likely = any(sign in caption for sign in _SIGNS)  # a search takes much longer
    return _MARKS.sub("", caption) if likely else caption


def _of_marks(marked: Sequence[str]) -> list[str]:
    return [f"marks at the ends of {len(marked)} captions were removed, as in '{marked[0]}'"] if marked else []


def _of_wordless(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    images = list(dict.fromkeys(names))
    told = f"{len(names)} caption{'s' * (len(names) != 1)} without a word left out"
    return [f"{told}, of {listed(images, _TOLD)}"]

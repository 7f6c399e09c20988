"""Which example belongs to which split: dealt by group, or as the user's lists say."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Self, TypeVar

from pydantic import AfterValidator, Field, NonNegativeInt, model_validator

from ...console.text import folded, is_text, listed, writable
from ...contracts import SPLITS, InputError, Section
from .family import Item

Share = Annotated[float, Field(ge=0, lt=1)]
"""Share of the examples that a split gets."""
T = TypeVar("T")


def _known_splits(by_split: dict[str, T]) -> dict[str, T]:
    if unknown := set(by_split) - set(SPLITS):
        raise ValueError(f"expected {', '.join(SPLITS)}; unknown: {', '.join(sorted(unknown))}")
    return by_split


BySplit = Annotated[dict[str, T], AfterValidator(_known_splits)]
"""A setting with something for train, val and test."""
Stratum = Callable[[Item], Any]
"""Says which examples are alike, so that each split gets its share of them."""
SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "validate", "dev"),
    "test": ("test", "testing"),
}
"""What people call each split; its own name comes first."""
_NAMED = 10  # of classes, in a remark


def split_named(name: str) -> str | None:
    """Return the split that people call so, in any case, `set` behind it or not; None: it is no usual name of one."""
    name = re.sub(r"[ _-]?(set|data|split)$", "", name.strip().lower())
    return next((split for split, names in SPLIT_NAMES.items() if name in names), None)


class Listing(NamedTuple):
    """Which examples there are."""

    splits: Mapping[str, Sequence[Item]]
    """Those of each split; of the split "", those that are to be dealt."""
    remarks: Sequence[str] = ()
    """How they were found, and what was left out."""


class DealtSplits(Section):
    """Settings of data sets whose splits may have to be made."""

    val_fraction: Share = 0.15
    """Share of the examples for validation where nothing of the user's decides."""
    test_fraction: Share = 0.15
    """Share of the examples for the test where nothing of the user's decides."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which groups go to which split."""

    @model_validator(mode="after")
    def _leaves_training(self) -> DealtSplits:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction and test_fraction leave nothing to train on; their sum must stay below 1")
        return self

    def undealt(self) -> Self:
        """Return these settings with one split for all examples for which nothing of the user's decides."""
        return self.model_copy(update={"val_fraction": 0.0, "test_fraction": 0.0})

    def deal(self, splits: Mapping[str, Sequence[Item]], stratum: Stratum = lambda item: None) -> dict[str, list[Item]]:
        """Return splits as they are, with the examples of the split "" dealt to those that are not there."""
        given = {split: list(items) for split, items in splits.items() if split}
        if "" not in splits:
            return given
        train_fraction = 1 - self.val_fraction - self.test_fraction
        fractions = {"train": train_fraction, "val": self.val_fraction, "test": self.test_fraction}
        shares = {split: share for split, share in fractions.items() if split not in given}
        if given:
            shares = {split: share / sum(shares.values()) for split, share in shares.items()}
        return split_by_group(splits[""], shares, self.split_seed, stratum) | given


def split_by_group(
    items: Sequence[Item], shares: Mapping[str, float], seed: int, stratum: Stratum = lambda item: None
) -> dict[str, list[Item]]:
    """Deal items to splits, whole groups at a time, so that sizes and strata come as near to the shares as they can.

    Args:
        items: Examples; one without a group is a group of its own.
        shares: Share of the items of each split; they add up to 1.
        seed: Decides between groups of one size.
        stratum: Says which are alike.

    Raises:
        InputError: There are fewer groups than splits to fill.
    """
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.group or f"clip:{item.name}"].append(item)
    wanted = {split: share for split, share in shares.items() if share > 0}
    if len(groups) < len(wanted):
        raise InputError(
            "data.val_fraction",
            f"{len(groups)} groups cannot fill {len(wanted)} splits untorn; set fractions to 0 or use lists",
        )
    totals = Counter(map(stratum, items))
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    names.sort(key=lambda name: -len(groups[name]))  # large ones first, while there is room (the sort keeps ties)
    counts: dict[str, Counter] = {split: Counter() for split in wanted}
    dealt: dict[str, list[str]] = {split: [] for split in wanted}
    for number, name in enumerate(names):
        added = Counter(map(stratum, groups[name]))

        def distance(split: str, added: Counter = added) -> float:
            """Return by how much the split moves away from its goals (squared, summed over strata) with this group."""
            goals = {label: totals[label] * wanted[split] for label in added}
            return sum(more * (more + 2 * (counts[split][label] - goals[label])) for label, more in added.items())

        empty = [split for split in wanted if not dealt[split]]
        split = min(empty if len(empty) >= len(names) - number else wanted, key=distance)
        counts[split].update(added)
        dealt[split].append(name)
    _share(dealt, {name: set(map(stratum, found)) for name, found in groups.items()})
    return {
        split: sorted((item for name in names for item in groups[name]), key=lambda item: item.name)
        for split, names in dealt.items()
    }


def _share(dealt: dict[str, list[str]], strata: Mapping[str, Collection[Any]]) -> None:
    """Move groups, the last dealt (and smallest) first, so that each split has of each stratum where there are enough.

    Args:
        dealt: The groups of each split; changed here.
        strata: What each group has something of.
    """
    counts = {split: Counter(one for name in names for one in strata[name]) for split, names in dealt.items()}
    for stratum in dict.fromkeys(one for name in sorted(strata) for one in sorted(strata[name], key=str)):
        for split in dealt:
            if counts[split][stratum]:
                continue
            spare = (
                (other, name)
                for other, names in dealt.items()
                for name in reversed(names)
                if stratum in strata[name] and all(counts[other][one] > 1 for one in strata[name])
            )
            if found := next(spare, None):
                other, name = found
                dealt[other].remove(name)
                dealt[split].append(name)
                counts[other].subtract(strata[name])
                counts[split].update(strata[name])


def told_few_groups(items: Sequence[Item], num_splits: int) -> list[str]:
    """Return in words which classes come from too few groups for all splits that are dealt."""
    groups: dict[str, set[str]] = defaultdict(set)
    for item in items:
        groups[item.target].add(item.group or item.name)
    few = [f"{label} from {len(found)}" for label, found in sorted(groups.items()) if len(found) < num_splits]
    return [
        f"whole groups (recordings) are dealt to {num_splits} splits, and some classes come from fewer groups: "
        f"{listed(few, _NAMED)}; add recordings, or set data.test_fraction=0"
    ] * bool(few)


def by_folder(items: Sequence[Item]) -> dict[str, list[Item]]:
    """Return items by the split that their folder is called after; as split "", where no folder is one's.

    Raises:
        InputError: Some stand beside the folders of the splits.
    """
    first = [item.name.split("/")[0] for item in items]
    called = list(map(split_named, first))
    strays = [item.name for item, split in zip(items, called, strict=True) if split is None]
    if len(strays) == len(items):
        return {"": list(items)}
    if strays:
        named = ", ".join(sorted({folder for folder, split in zip(first, called, strict=True) if split}))
        raise InputError(
            "data.root",
            f"{strays[0]} stands beside the folders {named}, which are splits ({len(strays)} such files); move it into "
            "one of them or away, or call these folders otherwise",
        )
    return {split: [item for item, of_item in zip(items, called, strict=True) if of_item == split] for split in SPLITS}


def check_splits(splits: Mapping[str, Sequence[Item]], key: str) -> None:
    """Refuse examples that would spoil a training or its figures.

    Args:
        splits: The examples of each split.
        key: The setting that decided about the splits.

    Raises:
        InputError: An example is named twice, or a group stands in two splits.
    """
    names: dict[str, tuple[str, Any]] = {}
    groups: dict[str, tuple[str, str]] = {}
    for split, items in splits.items():
        for item in items:
            if item.name in names:
                first, target = names[item.name]
                where = f"twice in {split or 'the list'}" if first == split else f"in both {first} and {split}"
                if target != item.target:
                    where += f", as '{target}' and as '{item.target}'"
                raise InputError(key, f"{item.name} stands {where}; once is right, or scores would be too good")
            names[item.name] = split, item.target
            home, first = groups.setdefault(item.group, (split, item.name)) if item.group else (split, "")
            if home != split:
                raise InputError(
                    key,
                    f"group '{item.group}' stands in both {home} ({first}) and {split} ({item.name}); scores would be "
                    "too good: keep each source in one split",
                )


def check_classes(classes: Collection[str], key: str) -> None:
    """Refuse fewer than two classes, and names of classes that cannot be written down."""
    for name in classes:
        if not is_text(name):
            raise InputError(key, f"the name of the class {writable(name)} is not UTF-8; rename its folder")
    if len(classes) < 2:
        raise InputError(key, f"one class only ({', '.join(classes)}); a classifier needs at least two")


def check_spelling(classes: Iterable[str], key: str) -> None:
    """Refuse names of classes that differ in case, in blanks or in how Unicode writes a letter only.

    Letters alone may be classes in both cases, as in sign language or handwriting.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(classes):
        alike[folded(name) if len(name) > 1 else name].append(name)
    for names in alike.values():
        if len(names) > 1:
            raise InputError(
                key,
                f"the classes {', '.join(map(repr, names))} differ in upper and lower case or in blanks only; spell a "
                "class in one way, or call them otherwise",
            )

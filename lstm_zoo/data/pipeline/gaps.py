"""Classes that splits lack, told before a network is trained or judged on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...console.text import listed
from ...contracts import InputError

_NAMED = 10


def told_gaps(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], what: str) -> list[str]:
    """Return in words which classes have nothing in which splits.

    Args:
        counts: What each split holds, by the names of the classes; of other names, too. Splits without examples are
            none of these.
        classes: The names of the classes.
        what: What is counted: `example`, or `pixel`.

    Raises:
        InputError: A split has nothing of any class.
    """
    for split, found in counts.items():
        if not any(found[name] for name in classes):
            others = ", ".join(f"{count:,} {name}" for name, count in found.items() if count) or "nothing"
            raise InputError(
                "data",
                f"no {what} of {split} has a class ({others}); label some, mend what stands for no class (data.void), "
                f"or leave {split} out",
            )
    nowhere = [name for name in classes if not any(found[name] for found in counts.values())]
    told = told_untaught(counts, classes, what)
    for split, found in counts.items():
        lacking = [name for name in classes if not found[name] and name not in nowhere]
        if lacking and split != "train":
            told.append(f"{split} has no {what} of {listed(lacking, _NAMED)}")
    if nowhere and "train" in counts:
        told.insert(0, f"no {what} in any split: {listed(nowhere, _NAMED)}")
    elif nowhere:
        told.append(f"{' and '.join(counts)} has no {what} of {listed(nowhere, _NAMED)}")
    return told


def told_untaught(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str], what: str) -> list[str]:
    """Return in words which classes only splits other than train have; arguments are those of `told_gaps`."""
    if "train" not in counts:
        return []
    elsewhere = {name for name in classes if any(found[name] for found in counts.values())}
    untaught = [name for name in classes if name in elsewhere and not counts["train"][name]]
    return [f"train has no {what} of {_elsewhere(untaught, counts)}: these cannot be learned"] if untaught else []


def _elsewhere(names: Sequence[str], counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return classes with what other splits have of them."""
    return listed(
        [
            f"{name} ({', '.join(f'{found[name]:,} in {split}' for split, found in counts.items() if found[name])})"
            for name in names
        ],
        _NAMED,
    )

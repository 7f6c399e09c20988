"""Examples dealt to splits by group, and what a split may lack."""

import pytest

from lstm_zoo.contracts import InputError
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.pipeline.gaps import told_gaps
from lstm_zoo.data.pipeline.splitting import check_splits, split_by_group, told_few_groups

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def recordings(**groups):
    """Three clips each of so many recordings of each class."""
    return [
        Item(f"{label}_{group}_{clip}", label, f"{label}_{group}")
        for label, count in groups.items()
        for group in range(count)
        for clip in range(3)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("counts", [{"fall": 4, "walk": 4}, {"fall": 3, "walk": 12, "sit": 5}])
def test_each_split_has_each_class_where_there_are_recordings_enough(counts, seed):
    items = recordings(**counts)
    splits = split_by_group(items, SHARES, seed, lambda item: item.target)
    assert all({item.target for item in found} == set(counts) for found in splits.values())
    groups = [{item.group for item in found} for found in splits.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == sum(counts.values())
    assert sum(map(len, splits.values())) == len(items)


def test_too_few_recordings_are_told():
    items = recordings(fall=2, walk=4)
    splits = split_by_group(items, SHARES, 0, lambda item: item.target)
    assert [sum(item.target == "fall" for item in splits[split]) for split in SHARES] == [3, 3, 0]
    (told,) = told_few_groups(items, 3)
    assert "dealt to 3 splits" in told and "fall from 2; add recordings" in told
    assert told_few_groups(items, 2) == []


def test_a_clip_of_two_classes_is_named():
    with pytest.raises(InputError, match="a stands twice in the list, as 'x' and as 'y'"):
        check_splits({"": [Item("a", "x"), Item("a", "y")]}, "data.table")


def test_gaps_are_told():
    counts = {
        "train": {"grass": 9, "house": 5, "pond": 0, "never": 0, "void": 3},
        "val": {"grass": 1, "house": 0, "pond": 1234, "never": 0},
    }
    assert told_gaps(counts, ("grass", "house", "pond", "never"), "pixel") == [
        "no pixel in any split: never",
        "train has no pixel of pond (1,234 in val): these cannot be learned",
        "val has no pixel of house",
    ]
    assert told_gaps({"test": counts["val"]}, ("grass", "never"), "pixel") == ["test has no pixel of never"]
    assert told_gaps(counts, ("grass",), "pixel") == []
    with pytest.raises(InputError, match=r"no pixel of val has a class \(7 void\); .*data.void"):
        told_gaps({**counts, "val": {"grass": 0, "void": 7}}, ("grass",), "pixel")

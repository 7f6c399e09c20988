"""Stanford Background (Gould, Fulton & Koller, ICCV 2009): 715 outdoor scenes, eight classes, `.regions.txt` labels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from ...contracts import InputError
from ...contracts.labels import VOID
from ..pipeline.family import Item
from ..pipeline.finding import check_folder
from ..pipeline.splitting import Share, split_by_group
from .class_list import ClassList
from .listing import list_pairs
from .segmentation_folder import LabelledImageFiles

_CLASSES = ("sky", "tree", "road", "grass", "water", "building", "mountain", "foreground object")
_FOLDS = 5


class StanfordBackground(LabelledImageFiles):
    """Stanford Background as its makers' archive unpacks (images/*.jpg, labels/*.regions.txt); five folds.

    There are no folds of the makers' own: these are dealt here, and figures of others rest on other ones.
    """

    kind: Literal["stanford_background"] = "stanford_background"
    fold: Annotated[int, Field(ge=0, lt=_FOLDS)] = 0
    """Which fifth of the images is the test split."""
    val_fraction: Share = 0.1
    """Share of the other images that is for validation."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which images go to which fold."""

    def class_list(self) -> ClassList:
        """Return the classes; -1 is unknown."""
        return ClassList(_CLASSES, {**{number: number for number in range(len(_CLASSES))}, -1: VOID})

    def items(self) -> dict[str, list[Item]]:
        try:
            check_folder(self.root)
        except InputError as error:
            raise InputError(
                "data.root",
                f"{error.message}. Get iccv09Data.tar.gz, the Stanford Background data set, from its makers, unpack it "
                "and name its folder here",
            ) from None
        folders = {"": ("images", "labels")}
        (items,) = list_pairs(self.root, folders, labels=(".regions.txt",), key="data.root").splits.values()
        folds = split_by_group(items, {str(fold): 1 / _FOLDS for fold in range(_FOLDS)}, self.split_seed)
        rest = [item for fold, found in folds.items() if fold != str(self.fold) for item in found]
        shares = {"train": 1 - self.val_fraction, "val": self.val_fraction}
        return {**split_by_group(rest, shares, self.split_seed), "test": folds[str(self.fold)]}

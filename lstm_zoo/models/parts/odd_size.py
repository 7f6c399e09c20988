"""Sizes of what a unit sees around it."""

from typing import Annotated

from pydantic import AfterValidator, PositiveInt


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"got {size}, expected an odd number, so that what a unit sees has a centre")
    return size


OddSize = Annotated[PositiveInt, AfterValidator(_odd)]

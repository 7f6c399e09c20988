"""Paths that users write in recipes."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from .addresses import local_path, named_place

_LONGEST_NAME, _LONGEST_PATH = 255, 4095  # bytes: what file systems take


def expanded(path: Path) -> Path:
    """Return a path with `~` written out.

    Raises:
        ValueError: There is no such user, or no file can be called so.
    """
    if control := next((one for one in str(path) if unicodedata.category(one) == "Cc"), None):
        raise ValueError(f"expected a path, which holds no control character ({control!r})")
    try:
        path = path.expanduser()
        sizes = [len(os.fsencode(part)) for part in path.absolute().parts]
    except RuntimeError:
        raise ValueError(
            f"there is no user {path.parts[0][:40]}; write the folder out, or ./~... if it is called so"
        ) from None
    except UnicodeEncodeError:
        raise ValueError("expected a path, which holds no halves of characters") from None
    if max(sizes) > _LONGEST_NAME or sum(sizes) + len(sizes) > _LONGEST_PATH:
        raise ValueError(f"expected names of at most {_LONGEST_NAME} bytes, and {_LONGEST_PATH} in all")
    return path


def _local(value: Any) -> Any:
    return local_path(value) if isinstance(value, str) else value


UserPath = Annotated[
    Path,
    BeforeValidator(_local),
    AfterValidator(lambda path: expanded(path).absolute()),
    PlainSerializer(named_place, return_type=str, when_used="json"),
]
"""A path the user wrote: `~` is expanded, and what is relative counts from the working directory. An address in a
store is its mirror here, and is written down as it was."""

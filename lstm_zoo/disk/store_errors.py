"""What an object store refuses, as one line that says what was asked and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from ..console.text import first_line, listed
from ..contracts import InputError, WorkError, address_of
from .failures import explained

_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "ProfileNotFound")


class StoreError(WorkError):
    """A store cannot be reached, or does not do its work."""


class ConflictError(InputError):
    """Something has changed in a store and in its copy on this machine.

    Args:
        address: Where in the store.
        names: What has changed, counted from there on.
        path: The copy.
    """

    def __init__(self, address: str, names: Sequence[str], path: Path):
        what = f" ({listed(sorted(names))})" if any(names) else ""
        super().__init__(
            "",
            f"{address} and its copy {path} have both changed{what}; keep one of them: remove the files here, or there",
        )

    def __reduce__(self):
        return InputError, (self.key, self.message)


@contextmanager
def telling_of(address: str, done: Literal["opened", "read", "written"]) -> Iterator[None]:
    """Raise what a store, or its library, refuses inside as a line for people.

    Raises:
        InputError: There is no such store or bucket, it may not be used, or a package is missing.
        StoreError: Anything else.
    """
    try:
        yield
    except (InputError, WorkError):
        raise
    except Exception as error:  # each library of a store raises its own
        if explained(error) and _is_of_this_machine(error):
            raise
        told = first_line(error)[:300]
        if isinstance(error, ImportError):
            raise InputError("", f"{address} needs a package ({told}); pip install 'lstm-zoo[stores]'") from error
        if isinstance(error, FileNotFoundError):
            raise InputError("", f"{address} cannot be {done}: there is no such bucket or object ({told})") from error
        if isinstance(error, PermissionError) or type(error).__name__ in _NO_CREDENTIALS:
            raise InputError("", f"{address} may not be {done} ({told}); give credentials that allow it") from error
        if done == "opened":
            raise InputError("", f"{address}: {told}; expected an address such as s3://bucket/folder") from error
        reason = f"{type(error).__name__}: {told}"
        raise StoreError(f"{address} cannot be {done} ({reason}); is there a network, and the right store?") from error


def _is_of_this_machine(error: Exception) -> bool:
    """Say whether it is this machine's disk that refuses: it names a copy, or nothing at all but that it is full."""
    if not isinstance(error, OSError) or error.errno is None:
        return False
    if error.filename is None:
        return not isinstance(error, PermissionError)
    return address_of(Path(str(error.filename))) is not None

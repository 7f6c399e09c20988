"""Files that cannot be used: one error, whose message is the reason in a few words."""

from __future__ import annotations

import importlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..console.text import first_line
from ..contracts import InputError


class MediaError(ValueError):
    """A file that cannot be used; the message is the reason, in a few words."""


@contextmanager
def reasons(prefix: str = "", *more: type[Exception]) -> Iterator[None]:
    """Tell what a library raises inside, where it reads a damaged file, as a MediaError.

    Args:
        prefix: Stands before the library's own reason.
        more: Errors besides the usual ones.
    """
    try:
        yield
    except InputError:  # a mistake of settings, though it is a ValueError
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, *more) as error:
        raise MediaError(prefix + first_line(error)) from None


@contextmanager
def named_reasons() -> Iterator[None]:
    """Tell whatever is raised inside, where a file is read, as a MediaError; but for mistakes of settings."""
    try:
        yield
    except (MediaError, InputError):
        raise
    except Exception as error:  # of many kinds, of libraries and of plugins: one file must not end the work for others
        raise MediaError(f"cannot be read: {type(error).__name__}: {first_line(error)}") from error


def is_special(path: Path) -> bool:
    """Say whether a path is a pipe, device or socket, which would be waited for."""
    return path.exists() and not (path.is_file() or path.is_dir())


def check_file(path: Path) -> None:
    """Raise a MediaError if there is no such file, or it is empty."""
    if not path.is_file():
        raise MediaError("is a pipe, device or socket; expected a file" if is_special(path) else "no such file")
    if path.stat().st_size == 0:
        raise MediaError("the file is empty (0 bytes)")


def needed(module: str, what: str) -> Any:
    """Return a library of the extra `volumes`, or raise a MediaError that says what needs it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MediaError(f'is a {what}, which needs {module}: pip install "lstm-zoo[volumes]"') from None


def content_of(path: Path) -> bytes:
    """Return the bytes of a file that is not empty, or raise a MediaError."""
    check_file(path)
    with reasons():
        return path.read_bytes()

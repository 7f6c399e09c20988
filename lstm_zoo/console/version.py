"""The version of the package; pyproject.toml reads it here."""

import re

__version__ = "0.2.0"


def is_newer(version: str) -> bool:
    """Say whether a version is newer than this one: `0.10.0` is newer than `0.9.1`."""
    other, own = ([int(part) for part in re.findall(r"\d+", one)[:3]] for one in (version, __version__))
    return other > own

"""Archives on the web: fetched, known by their SHA-256, and unpacked; a member leads nowhere else."""

from __future__ import annotations

import re
import shutil
import stat
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from ..console.text import first_line, size_in_words
from ..console.version import __version__
from ..contracts import InputError, WorkError
from .failures import explained

ENDINGS = (".tar.gz", ".tgz", ".zip")
_MOST_FILES, _MOST_BYTES = 10_000, 16 * 2**30
_HASH = re.compile(r"sha256=([0-9a-f]{64})")
_HERE = ("localhost", "127.0.0.1", "::1")
_TIMEOUT = 30  # seconds without a byte
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, NotImplementedError)
_Member = tuple[str, int, Callable[[], IO[bytes]] | None]
"""Name and size of what is no folder, and what opens it; None: it is no file, either."""


class ArchiveError(WorkError):
    """An archive cannot be fetched."""


class WebArchive(NamedTuple):
    """An archive on the web."""

    url: str
    """Its address."""
    sha256: str | None
    """What its content is known by; None: whatever is there."""

    @property
    def name(self) -> str:
        """Its address without what only lets one in: `?token=...`."""
        return urlunsplit(urlsplit(self.url)._replace(query=""))

    def named(self, sha256: str) -> str:
        """Return the address that means the same for ever."""
        return f"{self.name}#sha256={sha256}"


def web_archive_of(text: str) -> WebArchive | None:
    """Return the archive that a user names by `https://.../run.tar.gz[#sha256=...]`; None: it is no such.

    Raises:
        InputError: There can be none, or anybody could change it on the way.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.path.lower().endswith(ENDINGS):
        return None
    found = _HASH.fullmatch(parts.fragment)
    if parts.fragment and not found:
        raise InputError("", f"{text}: expected #sha256=<64 digits> at its end, or nothing")
    if {"..", "."} & {*parts.path.split("/")}:
        raise InputError("", f"{text}: expected an address without . and .. between its strokes")
    if parts.scheme == "http" and not found and parts.hostname not in _HERE:
        raise InputError("", f"{text}: anybody could change it on the way; take https, or add #sha256=<64 digits>")
    return WebArchive(urlunsplit(parts._replace(fragment="")), found[1] if found else None)


def download(archive: WebArchive, file: Path) -> None:
    """Fetch an archive.

    Raises:
        InputError: There is nothing of that name.
        ArchiveError: It cannot be reached.
    """
    request = urllib.request.Request(archive.url, headers={"User-Agent": f"lstm_zoo/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, file.open("wb") as target:
            shutil.copyfileobj(answer, target, 2**20)
    except (OSError, ValueError) as error:
        if explained(error):
            raise
        if isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404, 410):
            error.close()
            raise InputError("", f"{archive.name} is not there, or not for everybody ({first_line(error)})") from None
        told = first_line(error)
        raise ArchiveError(f"{archive.name} cannot be fetched ({told}); is there a network?") from None


def unpack(file: Path, name: str, folder: Path) -> None:
    """Unpack an archive.

    Args:
        file: The archive.
        name: What it is called; its ending tells what it is.
        folder: A new one.

    Raises:
        InputError: It is damaged or too large, or holds links, devices, or names that lead elsewhere.
    """
    folder.mkdir()
    count, total = 0, 0
    try:
        for inside, size, opened in (_in_zip if name.lower().endswith(".zip") else _in_tar)(file):
            count, total = count + 1, total + size
            if count > _MOST_FILES or total > _MOST_BYTES:
                raise InputError(
                    "", f"{name} is no run: it holds more than {_MOST_FILES:,} files or {size_in_words(_MOST_BYTES)}"
                )
            if opened is None or not _stays_inside(inside):
                raise InputError("", f"{name} is no run: {inside!r} in it is a link or a device, or leads elsewhere")
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened() as source, target.open("xb") as copy:
                shutil.copyfileobj(source, copy, 2**20)
    except (OSError, EOFError, ValueError, RuntimeError, *_BROKEN) as error:
        if isinstance(error, InputError) or explained(error):
            raise
        raise InputError("", f"{name} is damaged ({first_line(error)}); fetch it again, or ask for another") from None


def _in_tar(file: Path) -> Iterator[_Member]:
    with tarfile.open(file, "r:gz") as archive:
        for one in archive:
            if not one.isdir():
                yield one.name, one.size, partial(_extracted, archive, one) if one.isfile() else None


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    opened = archive.extractfile(member)
    assert opened, member.name
    return opened


def _in_zip(file: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(file) as archive:
        for one in archive.infolist():
            mode = one.external_attr >> 16
            if not one.is_dir():
                is_file = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
                yield one.filename, one.file_size, partial(archive.open, one) if is_file else None


def _stays_inside(name: str) -> bool:
    return not PurePosixPath(name).is_absolute() and ".." not in name.split("/") and not {"\\", ":", "\0"} & {*name}

"""Object stores: what lies at an address is fetched into its mirror on this machine, and what is new there is sent.

Only what has changed travels, and where both have changed, neither is lost; see `store_notes`. A fetched file bears its
object's time of change, so that whatever is derived from that is the same on all machines. Hidden files, locks and
drafts, stay here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ..console.progress import ProgressBar
from ..contracts import InputError, address_of
from .locks import alone
from .store_errors import ConflictError, telling_of
from .store_notes import Note, Object, State, arrived, is_changed, is_other, keep_notes, notes_in, settled, state_of
from .whole_files import written

_AT_ONCE = 16
T = TypeVar("T")
_OPTIONS = {"s3": {"config_kwargs": {"retries": {"max_attempts": 2}}}, "gs": {"requests_timeout": 20}}
"""So that a store which cannot be reached is told soon."""
_VERSIONS, _TIMES = ("ETag", "etag", "md5Hash"), ("LastModified", "updated", "mtime", "created")
"""What libraries of stores call an object's version, and when it was changed."""


class Mirror:
    """A file or folder of a store, and its copy on this machine.

    Args:
        address: Where it lies in the store.
        path: Where its copy lies.

    Raises:
        InputError: There can be no such store, or the package that knows it is missing.
    """

    def __init__(self, address: str, path: Path):
        self.address, self.path = address, path
        with telling_of(address, "opened"):
            self._files, self._base = _opened(address)

    def fetch(self, shown: bool = False) -> bool:
        """Bring what is new or changed, remove what is gone; return whether there is anything at the address.

        Args:
            shown: Show a bar.

        Raises:
            ConflictError: Something has changed in both places; nothing is brought.
            InputError: There is no such bucket, or it may not be read.
            StoreError: The store cannot be reached.
        """
        with self._locked(), telling_of(self.address, "read"):
            there, here = self._listed(), self._states()
            noted = settled(notes_in(self._notes_file), there)
            noted |= {
                name: Note(there[name].version, here[name]) for name in there if here.get(name) == there[name].state
            }
            other = [name for name in there if name not in noted or noted[name].version != there[name].version]
            if both := [name for name in other if name in here and is_changed(name, here, noted)]:
                raise ConflictError(self.address, both, self.path)
            for name in (name for name in noted.keys() - there.keys() if not is_changed(name, here, noted)):
                self._file(name).unlink(missing_ok=True)
            wanted = [name for name in there if name in other or name not in here]
            kept = {name: note for name, note in noted.items() if name in there}
            bar = ProgressBar(f"Fetching {self.address}", len(wanted), unit="files") if shown and wanted else None
            try:
                for name, _ in _at_once(lambda name: self._bring(name, there[name]), wanted):
                    kept[name] = Note(there[name].version, state_of(self._file(name)))
                    if bar:
                        bar.advance()
            finally:
                keep_notes(self._notes_file, kept)
                if bar:
                    bar.close()
            return bool(there)

    def send(self, last: str = "") -> bool:
        """Send what is new or changed, remove what was removed here; return whether there was anything to do.

        Args:
            last: Beginning of the names of files that go one by one, when all others are there: who sees them finds
                what they belong to.

        Raises:
            ConflictError: Some of it has changed in the store as well; the rest is sent.
            InputError: There is no such bucket, or it may not be written.
            StoreError: The store cannot be reached.
        """
        with self._locked(), telling_of(self.address, "written"):
            noted, here = notes_in(self._notes_file), self._states()
            changed, gone = [name for name in here if is_changed(name, here, noted)], noted.keys() - here.keys()
            if not changed and not gone:
                return False
            there = self._listed()
            noted = settled(noted, there)
            foreign = [name for name in changed if name in there and is_other(name, there, noted)]
            own = sorted({*changed} - {*foreign}, key=lambda name: here[name][1])
            noted |= {name: Note(noted[name].version if name in noted else "", here[name], True) for name in own}
            keep_notes(self._notes_file, noted)
            whole = True  # else files were replaced by others, which go next time, and so do the removals
            try:
                late = [name for name in own if last and name.startswith(last)]
                for names in ([name for name in own if name not in late], *([name] for name in late)):
                    for name, was_there in _at_once(self._put, names):
                        whole &= was_there
                        noted[name] = arrived(here[name])
                for name in (name for name in gone if name in noted and whole):
                    if not is_other(name, there, noted):
                        self._files.rm_file(there[name].path)
                    del noted[name]
                noted = settled(noted, self._listed())
            finally:
                keep_notes(self._notes_file, noted)
            if foreign:
                raise ConflictError(self.address, foreign, self.path)
            return True

    def has(self, name: str) -> bool:
        """Say whether the store has a file."""
        with telling_of(self.address, "read"):
            self._files.invalidate_cache()
            return self._files.exists(f"{self._base}/{name}")

    def has_sent(self, name: str) -> bool:
        """Say whether a file is known to be the same here and in the store."""
        return name in (noted := notes_in(self._notes_file)) and not noted[name].on_its_way

    def check_writable(self) -> None:
        """Raise an InputError or a StoreError if nothing can be written at the address."""
        with telling_of(self.address, "written"):
            probe = f"{self._base}.{os.getpid()}.probe"  # beside it: there may be no folder yet, or a file
            self._files.pipe_file(probe, b"may be removed")
            self._files.rm_file(probe)

    def move(self, path: Path) -> None:
        """Give the copy another place, where nothing is."""
        notes = notes_in(self._notes_file)
        self.path.rename(path)
        self._notes_file.unlink()
        self.path = path
        keep_notes(self._notes_file, notes)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with alone(self._notes_file.with_suffix(".lock"), f"copies {self.address}", wait=True):
            yield

    def _file(self, name: str) -> Path:
        return self.path / name if name else self.path

    def _states(self) -> dict[str, State]:
        """Return the state of each file of the copy, by its name from the folder on; of a file alone, by none."""
        if not self.path.is_dir():
            return {"": state} if (state := state_of(self.path)) else {}
        found = {}
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for path in (Path(folder, name) for name in files if not name.startswith(".")):
                if state := state_of(path):  # else it is gone by now
                    found[path.relative_to(self.path).as_posix()] = state
        return found

    def _listed(self) -> dict[str, Object]:
        """Return all objects of the address by their names from it on; that of a file alone by none."""
        self._files.invalidate_cache()
        found = {}
        for path, about in self._files.find(self._base, detail=True).items():
            name = path.removeprefix(self._base).removeprefix("/")
            if about["type"] != "file" or name.endswith("/") or name.rpartition("/")[2].startswith("."):
                continue
            if name and not {"", ".."}.isdisjoint(name.split("/")):
                raise InputError("", f"{self.address} holds {path!r}, but no file can be called so; remove it there")
            found[name] = _object_of(path, about)
        return found

    def _bring(self, name: str, one: Object) -> None:
        file = self._file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with written(file) as draft:
            self._files.get_file(one.path, str(draft))
            os.utime(draft, ns=(one.state[1], one.state[1]))

    def _put(self, name: str) -> bool:
        """Send a file; return whether it was still there."""
        try:
            self._files.put_file(str(self._file(name)), f"{self._base}/{name}" if name else self._base)
        except FileNotFoundError:
            if self._file(name).exists():
                raise
            return False
        return True

    @property
    def _notes_file(self) -> Path:
        return self.path.with_name(f".{self.path.name}.store.json")


def mirror_of(path: Path) -> Mirror | None:
    """Return the mirror that a path is; None: it is of this machine alone."""
    return Mirror(address, path) if (address := address_of(path)) else None


def _opened(address: str) -> tuple[Any, str]:
    """Return a store as fsspec has it, and what it calls the address."""
    import fsspec

    scheme = address.partition("://")[0]
    options = {} if fsspec.config.conf.get(scheme) else _OPTIONS.get(scheme, {})
    files, base = fsspec.core.url_to_fs(address, **options)
    return files, base


def _object_of(path: str, about: dict[str, Any]) -> Object:
    changed = next((about[name] for name in _TIMES if about.get(name)), None)
    if isinstance(changed, str):
        changed = datetime.fromisoformat(changed)
    if isinstance(changed, datetime):
        time = int(changed.timestamp()) * 10**9 + changed.microsecond * 1000
    else:
        time = int((changed or 0) * 10**9)
    size = about["size"]
    return Object(
        path, str(next((about[name] for name in _VERSIONS if about.get(name)), f"{size}-{time}")), (size, time)
    )


def _at_once(do: Callable[[str], T], names: Sequence[str]) -> Iterator[tuple[str, T]]:
    """Do something for several names at once; yield each that is done, with what came out."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from zip(names, pool.map(do, names), strict=True)

"""Which run a user means: a folder, its address in a store, a repository of the hub, an archive on the web, or a name.

What lies elsewhere and is not the user's own to write is copied to the cache once: `eval` and its like write beside
the copy. Nothing is unpickled, and no link is followed: a network is built from the recipe.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path

from ..config.recipe import Config
from ..console.text import did_you_mean
from ..console.visible import tell
from ..contracts import InputError, copy_of, local_path
from ..disk.archives import ENDINGS, WebArchive, download, unpack, web_archive_of
from ..disk.hashes import hash_of
from ..disk.hub import Repository, fetch_files, repository_of
from ..disk.making import making
from .kept import CONFIG, EXPORT, WEIGHTS, environment_in
from .manifest import MANIFEST, check_manifest, files_in_manifest
from .shipped import own_copy, shipped

RUNS = Path("runs")


def found(run: str | Path) -> Path:
    """Return the folder of a run.

    Args:
        run: A folder, its address in a store (which is fetched when the run is opened), `hf://owner/name[@revision]` or
            the web address of that, `https://.../run.tar.gz` (`.zip`), or where no run is called so, the name of a
            network that comes with the package.

    Raises:
        InputError: There is no such thing, it may not be read, or it is damaged.
        HubError, ArchiveError: It cannot be reached.
    """
    if isinstance(run, Path):
        return run
    if archive := web_archive_of(run):
        return _copied_archive(archive)
    if repository := repository_of(run):
        return _copied_repository(repository)
    if run.startswith(("https://", "http://")):
        raise InputError("", f"{run}: expected a page of the hub, or an archive ({', '.join(ENDINGS)})")
    try:
        path = local_path(run)
    except ValueError as error:
        raise InputError("", str(error)) from None
    names = [name for name, network in shipped().items() if network.made]
    holds_one = path.is_file() or any((path / name).exists() for name in (CONFIG, EXPORT))
    if path.name != run or holds_one or (path.exists() and run not in names):
        return path
    if run not in names:
        near = did_you_mean(run, [*names, *map(str, RUNS.glob("*"))])
        what = f"no such folder, and no network of that name comes with lstm_zoo{near}"
        raise InputError("", f"{run}: {what}; see `lstmzoo list runs`")
    if path.exists():
        tell(f"{run}: the network that comes with lstm_zoo; the folder that is called so here holds no run")
    return own_copy(run)


def new_path(config: Config) -> Path:
    """Make a directory below `runs/` named after the recipe and the time, which no other process gets; return it."""
    stem = f"{config.name}-{datetime.now():%Y%m%d-%H%M%S}"
    for number in count(1):
        path = RUNS / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(parents=True)
            break
        except FileExistsError:
            continue
    return path


def newest(recipe: str | None = None, trained: bool = False) -> Path:
    """Return the directory of the newest run below `runs/`.

    Args:
        recipe: Name of the recipe; None: any.
        trained: Pass over runs that have no weights yet.

    Raises:
        InputError: There is none.
    """
    runs = [
        file.parent
        for file in sorted(RUNS.glob(f"*/{CONFIG}"), key=lambda file: file.stat().st_mtime)
        if ((file.parent / WEIGHTS).is_file() or not trained)
        and (recipe is None or environment_in(file.parent).get("recipe") == recipe)
    ]
    if not runs:
        what, option = (f"run of {recipe}", "--run-dir") if recipe else ("run", "--run")
        raise InputError("", f"no {what} below {RUNS.absolute()}; train one first, or name one with {option}")
    return runs[-1]


def _copied_repository(repository: Repository) -> Path:
    """Return the copy of a run on the hub."""
    if repository.is_fixed and (place := copy_of(str(repository))).is_dir():
        return place
    folder = fetch_files(repository, [MANIFEST])
    fixed = Repository(repository.name, folder.name)
    if not (names := files_in_manifest(folder, str(fixed))):
        raise InputError("", f"{repository} holds no run: it has no {MANIFEST}, which lstmzoo publish writes")
    if repository != fixed:
        tell(f"{repository} is now {fixed}")

    def fetch(draft: Path) -> Path:
        fetch_files(fixed, [*names])
        try:
            check_manifest(folder, called=str(fixed))
        except InputError:
            fetch_files(fixed, [*names], anew=True)  # it may be the hub's cache that is damaged
            check_manifest(folder, called=str(fixed))
        for name in (MANIFEST, *names):
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, draft / name)
        return draft

    return _copied(str(fixed), fetch)


def _copied_archive(archive: WebArchive) -> Path:
    """Return the copy of a run in an archive."""
    if archive.sha256 and (place := copy_of(archive.named(archive.sha256))).is_dir():
        return place
    with tempfile.TemporaryDirectory() as folder:
        download(archive, file := Path(folder) / "archive")
        known_by = hash_of(file)
        if archive.sha256 not in (None, known_by):
            raise InputError("", f"{archive.name} is another file: its SHA-256 is {known_by}, not {archive.sha256}")
        fixed = archive.named(known_by)
        if archive.sha256 is None:
            tell(f"{archive.name} is now {fixed}")

        def fetch(draft: Path) -> Path:
            unpack(file, archive.name, inside := draft / "unpacked")
            runs = [one for one in (inside, *inside.iterdir()) if (one / CONFIG).is_file()]
            if len(runs) != 1:
                raise InputError("", f"{archive.name} holds {len(runs) or 'no'} runs ({CONFIG}); expected one")
            check_manifest(runs[0], called=fixed)
            return runs[0]

        return _copied(fixed, fetch)


def _copied(address: str, fetch: Callable[[Path], Path]) -> Path:
    """Return the copy of what lies at an address for ever; if there is none yet, it is made.

    Args:
        address: The address.
        fetch: Writes the run into a folder, and returns where in it that is.
    """
    place = copy_of(address)
    with making(place, f"copies {address}") as missing:
        if missing:
            with tempfile.TemporaryDirectory(dir=place.parent, prefix=".draft-") as draft:
                (folder := Path(draft) / "run").mkdir()
                fetch(folder).rename(place)
    return place

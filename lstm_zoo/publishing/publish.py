"""Publishing: a clean run with its card, in a folder or on the hub."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..contracts import InputError, local_path, named_place
from ..disk.hub import repository_of, upload
from ..disk.whole_files import replace_file
from ..exporting.export import export
from ..runs.directory import Run
from ..runs.kept import EXPORT, MEMORY, RECIPE_FILES
from ..runs.manifest import CARD, MANIFEST
from ..runs.network import RunNetwork
from .card import card_of
from .clean_run import clean_run
from .own_places import OwnPlaces

FORMATS = ("keras", "onnx", "litert")
"""What can go along: Keras' own three files, or a file in `exports/`."""


class Published(NamedTuple):
    """What was published."""

    place: str
    """A folder, or an address that means the same for ever; of a dry run, what it was asked for."""
    files: dict[str, int]
    """Size of each file."""
    page: str = ""
    """On the hub: where it is to be looked at."""


def publish(
    run: Run,
    to: str | Path,
    *,
    private: bool = False,
    create_pr: bool = False,
    message: str = "",
    license: str = "",
    formats: Sequence[str] = (),
    dry_run: bool = False,
) -> Published:
    """Publish a run: what a network in use needs, with a card and a manifest, and nothing of its author's machine.

    Args:
        run: The run.
        to: A new folder, or `hf://owner/name[@branch]`.
        private: On the hub: only its owner sees it.
        create_pr: On the hub: ask the owner to take it.
        message: What the hub's history says.
        license: As the hub spells it: `apache-2.0`, `cc-by-4.0`, ...
        formats: Of `FORMATS`, what goes along; each is proved to give the run's answers.
        dry_run: Only say what would be published.

    Raises:
        InputError: The run has no weights, or the place cannot be used.
        ExportError: A format cannot be made.
        HubError: The hub cannot be reached.
    """
    repository = repository_of(str(to))
    if repository and repository.is_fixed:
        raise InputError("", f"--to {to}: a commit never changes; name a branch, or nothing")
    if repository is None and (private or create_pr or message):
        raise InputError("", f"--to {to}: --private, --create-pr and --message are for a place on the hub: hf://...")
    if unknown := [one for one in formats if one not in FORMATS]:
        raise InputError("", f"--with {','.join(unknown)}: expected some of {', '.join(FORMATS)}")
    with tempfile.TemporaryDirectory(prefix="lstmzoo-") as scratch:
        folder = Path(scratch) / "run" if repository or dry_run else local_path(to)
        name = repository.name if repository else Path(to).resolve().name
        network = RunNetwork(run)

        def write_more(clean: Run) -> None:
            for one in formats:
                _add_export(network, clean, one)
            card = card_of(clean, name, f"hf://{repository.name}" if repository else "FOLDER", license)
            replace_file(clean.path / CARD, card)

        clean_run(run, folder, write_more)
        there = (one for one in sorted(folder.rglob("*")) if one.is_file())
        files = {one.relative_to(folder).as_posix(): one.stat().st_size for one in there}
        if dry_run or repository is None:
            return Published(str(to) if dry_run else named_place(folder), files)
        said = message or f"{run.environment['recipe']}, by lstm_zoo"
        done = upload(repository, folder, MANIFEST, private=private, create_pr=create_pr, message=said)
        return Published(str(done.repository), files, done.page)


def _add_export(network: RunNetwork, clean: Run, format: str) -> None:
    """Export the network of a run into its clean copy, and take out what is of its author's machine."""
    if format == "keras":
        with tempfile.TemporaryDirectory() as scratch:
            exported = export(network, format, scratch)
            with zipfile.ZipFile(exported.path) as archive:
                archive.extractall(clean.path)
        return
    folder, places = clean.path / "exports" / format, OwnPlaces(network.config, network.path)
    export(network, format, folder, recipe=places.recipe(network.config))
    about = places.removed(json.loads((folder / EXPORT).read_text(encoding="utf-8")))
    replace_file(folder / EXPORT, json.dumps(about, indent=2, ensure_ascii=False))
    for name in (*RECIPE_FILES, MEMORY):
        if (clean.path / name).is_file():
            shutil.copyfile(clean.path / name, folder / name)

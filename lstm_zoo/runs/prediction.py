"""Prediction: the user's own files through a network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..console.visible import tell, visible
from ..contracts import DataConfig, InputError, Spec, named_place
from ..data.pipeline.finding import told_left_out, unlinked
from .answers import Answered, answers_to
from .saved_answers import Place, save

if TYPE_CHECKING:
    from .network import Network


class Prediction(NamedTuple):
    """What a network says of one file."""

    number: int
    """That of the file among all that are asked for, from 1 on."""
    file: str
    facts: dict[str, Any]
    """`file` and what the task tells (`classes`, `caption`), the same of parts (`windows` of a video much longer than
    the training clips, each with `start` and `end` in seconds; `lines` of a page, each with its `name`), and where what
    was saved lies (`figure`, `labels`, `text_file`), and perhaps `remarks`, what else is to be known of the file;
    or `error`, why the file cannot be read. Ready for JSON."""
    text: str
    """The same for people."""

    @property
    def failed(self) -> bool:
        """Whether the file cannot be read."""
        return "error" in self.facts


class Asked(NamedTuple):
    """A file that is to be predicted."""

    number: int
    path: Path
    save_as: Place | None
    """Where what is made of it is saved; None: nowhere."""


def predict(network: Network, files: Sequence[str | Path], save_to: str | Path | None = None) -> Iterator[Prediction]:
    """Predict files, and all files in folders, in their order.

    Args:
        network: A run's, or an exported file.
        files: Files and folders.
        save_to: Folder for what the task makes of a file (attention over an image, classes of all pixels, label maps),
            and what the data make of the answers to its parts (a page's text).

    Raises:
        InputError: A path does not exist, or a folder holds nothing to read.
    """
    return predictions(network, asked_for(network.config.data, network.spec, files, save_to))


def asked_for(
    data: DataConfig, spec: Spec, files: Sequence[str | Path], save_to: str | Path | None = None
) -> list[Asked]:
    """Return all files that `predict` would; for its arguments and errors, see there."""
    once: dict[Path, Path] = {}
    for path in (data.first_file(path, spec) for path in _expanded(files, data)):
        once.setdefault(path.absolute(), path)
    paths = list(once.values())
    above = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    folder = None if save_to is None else Path(save_to)
    places = (path.absolute().parent.relative_to(above) for path in paths)
    return [
        Asked(number, path, None if folder is None else Place(folder, f"{number:03d}-{path.stem}", place))
        for number, (path, place) in enumerate(zip(paths, places, strict=True), 1)
    ]


def predictions(network: Network, asked: Sequence[Asked]) -> Iterator[Prediction]:
    """Yield what a network says of files, in their order, and save what is made of each."""
    for one, answered in zip(asked, answers_to(network, [one.path for one in asked]), strict=True):
        yield prediction_of(one, answered)


def prediction_of(asked: Asked, answered: Answered | InputError) -> Prediction:
    """Return what is said of a file, or why nothing can be; saves what is made of it."""
    facts: dict[str, Any] = {"file": named_place(asked.path)}
    if isinstance(answered, InputError):
        facts["error"] = answered.message.removeprefix(f"{asked.path}: ")
        return Prediction(asked.number, facts["file"], facts, visible(f"cannot be read: {facts['error']}"))
    views, result, answers = answered
    saved = {} if asked.save_as is None else save(*answered, asked.save_as)
    facts |= {**(result.facts if result else {}), **saved}
    if views.remarks:
        facts["remarks"] = list(views.remarks)
    if answers:
        facts[views.parts_name] = [{**part.about, **(answer.facts if answer else {})} for part, answer in answers]
    told = [
        *views.remarks,
        *(
            f"{part.called}: {answer.answer if answer else 'cannot be read: ' + part.about['error']}"
            for part, answer in answers
        ),
        *(f"{name}: {place}" for name, place in saved.items()),
    ]
    text = [visible(result.text, lines=True)] if result else []
    return Prediction(asked.number, facts["file"], facts, "\n".join([*text, *map(visible, told)]))


def _expanded(files: Iterable[str | Path], data: DataConfig) -> list[Path]:
    """Return the files, with each folder replaced by those in it that the data set can read."""
    found: list[Path] = []
    for path in map(Path, files):
        if path.is_dir():
            inside = unlinked(data.files_below(path))
            for remark in told_left_out(path, inside):
                tell(remark)
            if not inside:
                raise InputError("", f"no {data.media} in {path}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError("", f"no file {path}")
    return found

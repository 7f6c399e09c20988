"""Prediction: the user's own files through a network."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from ..console.text import first_line
from ..console.visible import tell, visible
from ..contracts import DataConfig, InputError, Outputs, Part, Result, Views
from ..data.pipeline.finding import told_left_out, unlinked
from ..disk.whole_files import replace_file
from ..tasks.figures.canvas import png_of
from .network import Inputs, Network


class Prediction(NamedTuple):
    """What a network says of one file."""

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


def predict(network: Network, files: Sequence[str | Path], save_to: str | Path | None = None) -> Iterator[Prediction]:
    """Predict files, and all files in folders, one after the other.

    Args:
        network: A run's, or an exported file.
        files: Files and folders.
        save_to: Folder for what the task makes of a file (attention over an image, classes of all pixels, label maps),
            and what the data make of the answers to its parts (a page's text).

    Raises:
        InputError: A path does not exist, or a folder holds nothing to read.
    """
    found = _expanded(files, network.config.data)
    paths = list(dict.fromkeys(network.config.data.first_file(path, network.spec) for path in found))
    above = Path(os.path.commonpath([path.absolute().parent for path in paths]))
    folder = None if save_to is None else Path(save_to)
    places = (path.absolute().parent.relative_to(above) for path in paths)
    return (
        _predicted(network, path, None if folder is None else _Place(folder, f"{number:03d}-{path.stem}", place))
        for number, (path, place) in enumerate(zip(paths, places, strict=True), 1)
    )


class _Place(NamedTuple):
    """Where what is made of a file is saved."""

    folder: Path
    name: str
    """What the names of files begin with."""
    below: Path
    """Where the file lies below the folder that holds all of them, for those that bear its own name."""

    def of(self, end: str) -> Path:
        """Return the place of a file by the end of its name, or by what it holds and its whole name: `labels/a.nii`."""
        what, stroke, name = end.partition("/")
        return self.folder / f"predicted-{what}" / self.below / name if stroke else self.folder / f"{self.name}-{end}"


def _predicted(network: Network, path: Path, save_as: _Place | None) -> Prediction:
    facts: dict[str, Any] = {"file": str(path)}
    try:
        views = network.config.data.views(path, network.spec)
        result = _whole(network, views)
        answers = list(_of_parts(network, views))
    except InputError as error:
        facts["error"] = error.message.removeprefix(f"{path}: ")
        return Prediction(str(path), facts, visible(f"cannot be read: {facts['error']}"))
    saved = {} if save_as is None else _all_saved(result, views, answers, save_as)
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
    return Prediction(str(path), facts, "\n".join([*text, *map(visible, told)]))


def _whole(network: Network, views: Views) -> Result | None:
    """Return what is said of a file as a whole; None: its parts alone are shown."""
    if not views.inputs:
        return None
    outputs = views.merge(_outputs(network, _rows(views), len(next(iter(views.inputs.values())))))
    result = network.config.task.result(outputs, network.spec, views.picture, network.memory)
    own = views.own_files(outputs)
    others = {end: content for end, content in result.files.items() if _what(end) not in map(_what, own)}
    return result._replace(files={**others, **own})


def _of_parts(network: Network, views: Views) -> Iterator[tuple[Part, Result | None]]:
    """Yield each part of a file, without its views, and what is said of it; None where it has none.

    As many parts as make a batch are in memory.
    """
    parts = iter(views.parts)
    while some := list(islice(parts, network.config.train.batch_size)):
        rows = [[] if part.views is None else list(_rows(part.views)) for part in some]
        outputs = _outputs(network, chain(*rows), sum(map(len, rows)))
        for part, of_part in zip(some, rows, strict=True):
            result = None
            if part.views is not None:
                merged = part.views.merge(iter(list(islice(outputs, len(of_part)))))
                result = network.config.task.result(merged, network.spec, memory=network.memory)
            yield part._replace(views=None), result


def _outputs(network: Network, rows: Iterable[Inputs], count: int) -> Iterator[Outputs]:
    """Yield the outputs for some rows; files with many numbers of them are traced for a few sizes."""
    size = 2 ** math.ceil(math.log2(max(count, 1)))
    return network.on_rows(rows, min(network.config.train.batch_size, size))


def _rows(views: Views) -> Iterator[Inputs]:
    """Yield the views one by one."""
    for values in zip(*views.inputs.values(), strict=True):
        yield dict(zip(views.inputs, values, strict=True))


def _all_saved(
    result: Result | None, views: Views, answers: Sequence[tuple[Part, Result | None]], save_as: _Place
) -> dict[str, str]:
    """Write what the task makes of a file, a picture and others, and what the data make of the answers to its parts."""
    saved = {}
    if result is not None:
        figure = {} if result.figure is None else {"figure.png": png_of(result.figure())}
        saved = _saved({**result.files, **figure}, save_as)
    of_parts = _saved(views.files(answers), save_as) if answers else {}
    return saved | {f"{name}_file": place for name, place in of_parts.items()}


def _saved(contents: Mapping[str, bytes], save_as: _Place) -> dict[str, str]:
    """Write files by the ends of their names; return where each lies."""
    saved = {}
    for end, content in contents.items():
        file = save_as.of(end)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, content)
        except OSError as error:
            tell(f"{file} cannot be written ({first_line(error)})")
            continue
        saved[_what(end)] = str(file)
    return saved


def _what(end: str) -> str:
    """Return what a file holds, by the end of its name."""
    return re.split(r"[./]", end)[0]


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

"""Captions in JSON: in COCO's form, in Karpathy's, and as objects with an image and its captions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...console.text import first_line
from ...contracts import InputError
from ..pipeline.finding import read_text
from .listing import Entry

COCO = '{"images": [{"id", "file_name"}], "annotations": [{"id", "image_id", "caption"}]}'
KARPATHY = '{"images": [{"filepath", "filename", "split", "sentences": [{"raw"}]}]}, split in train, restval, val, test'
_SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}


def read_json(file: Path, expected: str, key: str) -> Any:
    """Return the content of a JSON file, or raise an InputError that names the setting."""
    try:
        return json.loads(read_text(file, key))
    except json.JSONDecodeError as error:
        raise InputError(key, f"{file}:{error.lineno}: is no JSON ({error.msg}); expected {expected}") from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, lists in lists in lists
        raise InputError(key, f"{file}: cannot be read ({first_line(error)}); expected {expected}") from None


def read_lines(file: Path, key: str) -> Iterator[tuple[str, Any]]:
    """Yield what each line of a file holds, as JSON, with its place."""
    for number, line in enumerate(read_text(file, key).split("\n"), 1):
        if line.strip():
            try:
                yield f"{file}:{number}", json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(key, f"{file}:{number}: is no JSON ({error.msg}); expected an object a line") from None
            except (ValueError, RecursionError) as error:  # as above
                raise InputError(key, f"{file}:{number}: cannot be read ({first_line(error)})") from None


def coco_entries(content: Any, file: Path, key: str) -> Iterator[Entry]:
    """Yield each annotation of a file in COCO's form, by image; names count from where the file's images lie."""
    captions: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    with _form(file, COCO, key):
        annotations = content["annotations"]
        for number, annotation in enumerate(annotations):
            place = f"annotation {annotation.get('id', number)} of {file.name}"
            captions[str(annotation["image_id"])].append((place, annotation.get("caption")))
        names = {str(image["id"]): str(image["file_name"]).replace("\\", "/") for image in content["images"]}
        if annotations and not any("caption" in annotation for annotation in annotations):
            raise InputError(key, f"{file}: none of its annotations has a caption; expected {COCO}")
    if unknown := [number for number in captions if number not in names]:
        raise InputError(key, f"{file} has captions of image {unknown[0]}, which is not among its images")
    for number, name in names.items():
        if number not in captions:
            yield Entry(f"image {number} of {file.name}", name, ())
        for place, caption in captions[number]:
            yield Entry(place, name, (caption,))


def karpathy_entries(content: Any, file: Path, key: str) -> Iterator[Entry]:
    """Yield the images of a file in Karpathy's form, as `filepath/filename`; those of Flickr have no `filepath`."""
    with _form(file, KARPATHY, key):
        for number, image in enumerate(content["images"]):
            name = "/".join(filter(None, (image.get("filepath"), image["filename"])))
            captions = [sentence["raw"] for sentence in image["sentences"]]
            yield Entry(f"image {image.get('imgid', number)} of {file.name}", name, captions, _SPLITS[image["split"]])


@contextmanager
def _form(file: Path, expected: str, key: str) -> Iterator[None]:
    """Turn what goes wrong with the form of a file's content into an InputError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(key, f"{file}: expected {expected}; {type(error).__name__}: {error}") from None

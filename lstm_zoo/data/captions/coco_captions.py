"""COCO Captions (Chen et al., 2015, arXiv 1504.00325): photographs of everyday scenes, five sentences each.

Papers compare captions on the splits of Karpathy and Li (CVPR 2015, arXiv 1412.2306): 113,287 images of 2014 to train
on (the rest of the official validation images, `restval`, among them), 5,000 for validation and 5,000 for the test.
TFDS's own `coco_captions/2014` has these splits; a local copy has them by Karpathy's file `dataset_coco.json`, and
without it the official validation images are dealt to validation and test.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import NonNegativeInt

from ...contracts import SPLITS, BadFile, DataConfig, InputError, Spec, Splits, UserPath
from ..pipeline.family import Item, target_of
from ..pipeline.finding import ListFile, check_folder, find_file, read_text
from ..pipeline.splitting import split_by_group
from .captioned_images import CaptionFiles
from .listing import one_line

_KARPATHY = {"train": "train", "restval": "train", "val": "val", "test": "test"}
_NAME = "coco_captions/2014"
_TFDS = {"train": "train+restval", "val": "val", "test": "test"}


class CocoCaptions(CaptionFiles):
    """COCO Captions (Chen et al., 2015), from a local copy or by download, on Karpathy's splits."""

    kind: Literal["coco_captions"] = "coco_captions"
    root: UserPath | None = None
    """Folder that holds `train2014/`, `val2014/` and `annotations/captions_train2014.json` (and val); null: TFDS
    downloads 40 GB (all images of 2014, and those of the test) and prepares Karpathy's splits."""
    year: Literal[2014, 2017] = 2014
    """Edition of a local copy: the same images, divided otherwise into train and val."""
    karpathy: ListFile | None = None
    """Karpathy's `dataset_coco.json` (from the working directory, or below root), for a local copy of 2014; null: the
    official validation images are dealt to val and test, half each."""
    split_seed: NonNegativeInt = 0
    """Seed that decides which official validation images are for the test."""

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the local copy, and settings that would be ignored in silence."""
        yield from super().problems()
        if self.karpathy and (self.root is None or self.year != 2014):
            yield InputError(
                "karpathy", "is for a local copy of 2014; TFDS's own splits are Karpathy's, set it to null"
            )
        if self.year != 2014 and self.root is None:
            yield InputError("year", f"TFDS has captions of 2014, not of {self.year}; set root to a local copy")

    def checks(self) -> Sequence[Callable[[], Any]]:
        return () if self.root is None else super().checks()

    def bad_files(self) -> list[BadFile]:
        return DataConfig.bad_files(self) if self.root is None else super().bad_files()

    def folder(self) -> Path:
        assert self.root is not None, "TFDS's own data set is no folder of images"
        return self.root

    def listed(self) -> Mapping[str, Sequence[Item]]:
        root = self.folder()
        check_folder(root)
        if self.karpathy:
            file = find_file(self.karpathy, root, "data.karpathy")
            splits: Mapping[str, Sequence[Item]] = _read_karpathy(file, file.stat().st_mtime_ns)
        else:
            splits = self._official(root)
        for name in sorted({item.name.split("/")[0] for items in splits.values() for item in items}):
            if not (root / name).is_dir():
                raise InputError("data.root", f"{root} has no folder {name}; expected it beside annotations/")
        return splits

    def expected_spec(self) -> Spec:
        """Return the spec; the words of TFDS's captions are known once it has prepared them."""
        if self.root is not None:
            return super().expected_spec()
        from ..pipeline.downloads import tfds_builder

        if not Path(tfds_builder(_NAME, self.data_dir).data_dir).is_dir():
            raise InputError(
                "data.root",
                "is null, and TFDS has not prepared COCO yet, so its vocabulary is not known; run "
                "`lstmzoo data prepare` with this recipe first (it downloads 40 GB), or set data.root to a local copy",
            )
        return self.load().spec

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        if self.root is not None:
            return super().load(like, splits)
        from ..pipeline.downloads import prepared, tfds_builder
        from ..pipeline.reading import StoredSplits
        from ..pipeline.stored import Stored, read_features

        otherwise = "or set data.root to a copy in COCO's own layout"
        builder = prepared(tfds_builder(_NAME, self.data_dir), "data.root", otherwise)

        def rows(split: str) -> list[dict[str, str]]:
            found = read_features(builder, _TFDS[split], {"name": "image/filename", "all": "captions"})
            return [
                {"name": row["name"].decode(), "target": json.dumps([text.decode() for text in row["all"]["text"]])}
                for row in found.as_numpy_iterator()
            ]

        stored = Stored(builder, {"image": "image"}, rows, _TFDS)
        if like is None:
            spec = self.spec_with(caption for row in stored.rows("train") for caption in target_of(row))
        else:
            spec = self.spec_of(like)
        return StoredSplits(stored, self.family(spec), splits=splits)

    def _official(self, root: Path) -> dict[str, Sequence[Item]]:
        """Return the official training images, and the official validation images as val and test."""
        files = {split: root / "annotations" / f"captions_{split}{self.year}.json" for split in ("train", "val")}
        official: dict[str, Sequence[Item]] = {
            split: _read_annotations(file, file.stat().st_mtime_ns) for split, file in files.items() if file.is_file()
        }
        if not official:
            found = ", ".join(sorted(file.name for file in root.glob("annotations/*"))) or "nothing"
            raise InputError(
                "data.root",
                f"{root / 'annotations'} has neither {' nor '.join(file.name for file in files.values())}; it holds "
                f"{found} (data.year chooses between 2014 and 2017)",
            )
        if "val" in official:
            official |= split_by_group(official["val"], {"val": 0.5, "test": 0.5}, self.split_seed)
        return official


@lru_cache(maxsize=4)  # some seconds each, and asked for several times before training starts
def _read_annotations(file: Path, changed: int) -> tuple[Item, ...]:
    """Read the captions of one split, `annotations/captions_<folder>.json`; `changed` is when the file was."""
    del changed
    folder = file.stem.removeprefix("captions_")
    captions: dict[int, list[str]] = defaultdict(list)
    names: dict[int, str] = {}
    with _json_errors(file, '{"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}', "data.root"):
        content = json.loads(read_text(file, "data.root"))
        for annotation in content["annotations"]:
            captions[annotation["image_id"]].append(one_line(annotation["caption"]))
        for image in content["images"]:
            names[image["id"]] = f"{folder}/{image['file_name']}"
    if unknown := captions.keys() - names.keys():
        raise InputError("data.root", f"{file} has captions of image {min(unknown)}, which is not among its images")
    return tuple(Item(name, tuple(captions[number])) for number, name in names.items())


@lru_cache(maxsize=1)
def _read_karpathy(file: Path, changed: int) -> dict[str, tuple[Item, ...]]:
    """Read Karpathy's splits, captions included; `changed` is when the file was."""
    del changed
    splits: dict[str, list[Item]] = {split: [] for split in SPLITS}
    expected = '{"images": [{"filepath", "filename", "split", "sentences": [{"raw"}]}]}, split in '
    with _json_errors(file, expected + ", ".join(_KARPATHY), "data.karpathy"):
        for image in json.loads(read_text(file, "data.karpathy"))["images"]:
            name = f"{image['filepath']}/{image['filename']}"
            captions = tuple(one_line(sentence["raw"]) for sentence in image["sentences"])
            splits[_KARPATHY[image["split"]]].append(Item(name, captions))
    return {split: tuple(items) for split, items in splits.items() if items}


@contextmanager
def _json_errors(file: Path, expected: str, key: str) -> Iterator[None]:
    """Turn what goes wrong with the content of a JSON file into an InputError."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise InputError(key, f"{file}:{error.lineno}: is no JSON ({error.msg}); expected {expected}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(key, f"{file}: expected {expected}; {type(error).__name__}: {error}") from None

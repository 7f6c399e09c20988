"""COCO Captions (Chen et al., 2015, arXiv 1504.00325): photographs of everyday scenes, five sentences each.

Papers compare captions on the splits of Karpathy and Li (CVPR 2015, arXiv 1412.2306): 113,287 images of 2014 to train
on (the rest of the official validation images, `restval`, among them), 5,000 for validation and 5,000 for the test.
TFDS's own `coco_captions/2014` has these splits; a local copy has them by Karpathy's file `dataset_coco.json`, and
without it the official validation images are dealt to validation and test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import NonNegativeInt

from ...contracts import SPLITS, BadFile, DataConfig, InputError, Spec, Splits, Survey, UserPath
from ..pipeline.family import Item, target_of
from ..pipeline.finding import ListFile, check_folder, find_file
from ..pipeline.prepared_data import PreparedData
from ..pipeline.several_at_once import Reading
from ..pipeline.splitting import BySplit, Listing, split_by_group
from .captioned_images import CaptionFiles
from .json_files import COCO, KARPATHY, coco_entries, karpathy_entries, read_json
from .listing import gathered

_NAME = "coco_captions/2014"
_TFDS = {"train": "train+restval", "val": "val", "test": "test"}


class CocoCaptions(CaptionFiles):
    """COCO Captions (Chen et al., 2015), from a local copy or by download, on Karpathy's splits."""

    kind: Literal["coco_captions"] = "coco_captions"
    root: UserPath | None = None
    """Folder that holds `train2014/`, `val2014/` and `annotations/captions_train2014.json` (and val), or files in their
    form that `annotations` and `images` name; null: TFDS downloads 40 GB (all images of 2014, and those of the test)
    and prepares Karpathy's splits."""
    year: Literal[2014, 2017] = 2014
    """Edition of a local copy: the same images, divided otherwise into train and val."""
    karpathy: ListFile | None = None
    """Karpathy's `dataset_coco.json` (from the working directory, or below root), for a local copy of 2014; null: the
    official validation images are dealt to val and test, half each."""
    annotations: BySplit[ListFile] = {}
    """Files in COCO's form that are called otherwise, by split, such as {train: annotations/train.json} (from the
    working directory, or below root); their splits are taken as they are."""
    images: BySplit[Path] = {}
    """Folder below root that the file names in a split's annotations count from, such as {train: photos}; without one,
    that which the file of annotations is called after (`train2014` for `captions_train2014.json`), root, or that
    file's own folder, whichever holds them."""
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
        for name in ("annotations", "images"):
            if getattr(self, name) and (self.root is None or self.karpathy):
                yield InputError(name, "is for a local copy without Karpathy's file; remove it")

    def checks(self) -> Sequence[Callable[[], Any]]:
        return () if self.root is None else super().checks()

    def bad_files(self) -> list[BadFile]:
        return DataConfig.bad_files(self) if self.root is None else super().bad_files()

    def survey(self, num_examples: int) -> Survey:
        return DataConfig.survey(self, num_examples) if self.root is None else super().survey(num_examples)

    def folder(self) -> Path:
        assert self.root is not None, "TFDS's own data set is no folder of images"
        return self.root

    def listed(self) -> Listing:
        root = self.folder()
        check_folder(root)
        if self.karpathy:
            file = find_file(self.karpathy, root, "data.karpathy")
            splits = _read(file, file.stat().st_mtime_ns, "data.karpathy", karpathy=True)
            _check_folders(splits, file, root)
        else:
            splits = self._annotated()
        self.check_named(splits, root, "data.karpathy" if self.karpathy else "data.annotations")
        return Listing(splits)

    def expected_spec(self) -> Spec:
        """Return the spec; the words of TFDS's captions are known once it has prepared them."""
        if self.root is not None:
            return super().expected_spec()
        from ..pipeline.downloads import is_prepared

        if not is_prepared(_NAME, self._place()):
            raise InputError(
                "data.root",
                "is null, and TFDS has not prepared COCO yet, so its vocabulary is not known; run "
                "`lstmzoo data prepare` with this recipe first (it downloads 40 GB), or set data.root to a local copy",
            )
        return self.load().spec

    def read_by(self, reading: Reading) -> Self:
        return super(PreparedData, self).read_by(reading) if self.root is None else super().read_by(reading)

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        if self.root is not None:
            return super().load(like, splits)
        from ..pipeline.downloads import prepared, tfds_builder
        from ..pipeline.reading import StoredSplits
        from ..pipeline.stored import Stored, parts_for, read_features

        otherwise = "or set data.root to a copy in COCO's own layout"
        builder = prepared(tfds_builder(_NAME, self._place()), "data.root", otherwise)
        parts = parts_for(splits, _TFDS)

        def rows(split: str) -> list[dict[str, str]]:
            found = read_features(builder, parts[split], {"name": "image/filename", "all": "captions"})
            return [
                {"name": row["name"].decode(), "target": json.dumps([text.decode() for text in row["all"]["text"]])}
                for row in found.as_numpy_iterator()
            ]

        stored = Stored(builder, {"image": "image"}, rows, parts)
        if like is None:
            spec = self.spec_with(caption for row in stored.rows("train") for caption in target_of(row))
        else:
            spec = self.spec_of(like)
        return StoredSplits(stored, self.family(spec), splits=splits)

    def _place(self) -> Path | None:
        """Return where TFDS keeps its own data set."""
        from ..pipeline.downloads import is_prepared

        return self.place(lambda place: is_prepared(_NAME, place))

    def _annotated(self) -> dict[str, Sequence[Item]]:
        """Return the images of the files that are named; or the official ones, those of val as val and test."""
        files = {split: find_file(file, self.folder(), "data.annotations") for split, file in self.annotations.items()}
        found = {split: self._placed(split, file) for split, file in (files or self._official()).items()}
        if "val" in found and not files:
            found |= split_by_group(found["val"], {"val": 0.5, "test": 0.5}, self.split_seed)
        return found

    def _official(self) -> dict[str, Path]:
        """Return the official files of annotations that are there."""
        folder = self.folder() / "annotations"
        files = {split: folder / f"captions_{split}{self.year}.json" for split in ("train", "val")}
        if found := {split: file for split, file in files.items() if file.is_file()}:
            return found
        others = sorted(file for place in (folder, folder.parent) for file in place.glob("*.json"))
        there = ", ".join(file.name for file in others if file.parent == folder)
        named = {split: file for split in SPLITS for file in others if split in file.name}
        own = ", ".join(f"{split}: {file.relative_to(folder.parent)}" for split, file in named.items())
        raise InputError(
            "data.root",
            f"{folder} has neither {' nor '.join(file.name for file in files.values())}; it holds {there or 'nothing'} "
            "(data.year chooses between 2014 and 2017). Other files are named by "
            f"data.annotations={{{own or 'train: FILE, val: FILE'}}}; one for all splits is read by "
            "data.kind=captioned_folder with data.table=FILE, and Flickr8k or Flickr30k by data.kind=flickr8k",
        )

    def _placed(self, split: str, file: Path) -> Sequence[Item]:
        """Return the images of a file in COCO's form, with their names as they count from root."""
        key = "data.annotations" if self.annotations else "data.root"
        (items,) = _read(file, file.stat().st_mtime_ns, key).values()
        root, named = self.folder(), self.images.get(split)
        beside = [file.parent.relative_to(root).as_posix()] if file.is_relative_to(root) else []
        folders = [file.stem.removeprefix("captions_"), ".", *beside] if named is None else [named.as_posix()]
        for folder in folders:
            start = "" if folder == "." else f"{folder}/"
            if any((root / f"{start}{item.name}").is_file() for item in items):
                return [item._replace(name=f"{start}{item.name}") for item in items]
        raise InputError(
            "data.images",
            f"none of the images of {file} lies in {' or '.join(str(root / folder) for folder in folders)}; "
            f"the first is {items[0].name}: name the folder that it counts from, data.images={{{split}: FOLDER}}",
        )


def _check_folders(splits: Mapping[str, Sequence[Item]], file: Path, root: Path) -> None:
    for name in sorted({item.name.rpartition("/")[0].split("/")[0] for items in splits.values() for item in items}):
        if not name:
            raise InputError(
                "data.karpathy",
                f"{file} names no folders (filepath); data.kind=flickr8k reads such files of Flickr8k and Flickr30k",
            )
        if not (root / name).is_dir():
            raise InputError("data.root", f"{root} has no folder {name}; expected it beside annotations/")


@lru_cache(maxsize=4)  # some seconds each, and asked for several times before training starts
def _read(file: Path, changed: int, key: str, karpathy: bool = False) -> dict[str, list[Item]]:
    """Read the captions of a file in COCO's form or Karpathy's; `changed` is when the file was."""
    del changed
    form, entries = (KARPATHY, karpathy_entries) if karpathy else (COCO, coco_entries)
    return gathered(entries(read_json(file, form, key), file, key), file, key)

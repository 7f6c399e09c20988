"""What can be true of an answer."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image
from trying import Answer, Claim


def says(*texts: str) -> Claim:
    """All of some texts, whatever their case."""
    return lambda answer: all(text.lower() in answer.said.lower() for text in texts)


def says_not(*texts: str) -> Claim:
    """None of some texts, whatever their case."""
    return lambda answer: not any(text.lower() in answer.said.lower() for text in texts)


def ends(code: int) -> Claim:
    """The exit status."""
    return lambda answer: answer.code == code


def holds(**splits: int) -> Claim:
    """The good files of each split, by `data check`; no other split has any."""
    return lambda answer: {name: one["files"] for name, one in answer.facts["splits"].items() if one["files"]} == splits


def holds_in_all(count: int, classes: Iterable[str] = (), bad: int = 0) -> Claim:
    """The good files of all splits together, by `data check`, and the names of the classes, where some are given."""

    def claim(answer: Answer) -> bool:
        splits = answer.facts["splits"].values()
        named = {name for split in splits for name, found in split["classes"].items() if found}
        return (
            sum(split["files"] for split in splits) == count
            and len(answer.facts["bad_files"]) == bad
            and named == set(classes or named)
        )

    return claim


def every_split_has_all_classes(answer: Answer) -> bool:
    """Three splits with examples of each class, by `data check`."""
    splits = answer.facts["splits"].values()
    return len(splits) == 3 and all(all(split["classes"].values()) for split in splits)


def bad_because(*texts: str) -> Claim:
    """Bad files, by `data check`, the reason of each of which has all texts."""
    return lambda answer: (
        answer.code == 2
        and bool(answer.facts["bad_files"])
        and all(text in file["reason"] for file in answer.facts["bad_files"] for text in texts)
    )


def captions(count: int, **images: int) -> Claim:
    """The captions of all splits together, by `data info`, and the images of some splits."""
    return lambda answer: (
        sum(split["captions"] for split in answer.facts["splits"].values()) == count
        and all(answer.facts["splits"][name]["examples"] == images[name] for name in images)
    )


def words(*counts: int) -> Claim:
    """The size of the vocabulary, by `check`, without the four special ones of every vocabulary."""
    return lambda answer: answer.facts["answers"] in [f"{count + 4} words" for count in counts]


def writes_without_blanks(answer: Answer) -> bool:
    """Predict gave a caption of several words that are put together."""
    (told,) = answer.facts["predictions"]
    return len(told["words"]) > 1 and " " not in told["caption"]


def answers(count: int, errors: int = 0) -> Claim:
    """The files that `predict` answered, and those that it could not read."""
    return lambda answer: (
        len(answer.facts["predictions"]) == count + errors
        and sum("error" in one for one in answer.facts["predictions"]) == errors
    )


def each_is_told(answer: Answer) -> bool:
    """Each file is a bad one, or there is a remark on it, by `data check` or `predict`."""
    good = [*answer.facts.get("files", ()), *answer.facts.get("predictions", ())]
    return answer.code == 2 and all(one.get("remarks") or "error" in one for one in good)


def alike(answer: Answer) -> bool:
    """Predict gave all files the same probabilities."""
    first, *others = (
        {one["name"]: one["probability"] for one in file["classes"]} for file in answer.facts["predictions"]
    )
    return bool(others) and all(abs(other[name] - first[name]) < 1e-5 for other in others for name in first)


def label_maps(answer: Answer) -> Iterator[tuple[Path, np.ndarray]]:
    """Yield each file with the label map that `predict --save-to` wrote for it."""
    for one in answer.facts["predictions"]:
        yield Path(one["file"]), np.array(Image.open(answer.home / one["labels"]))


def labelled_as_the_users_own(folder: str, numbers: set[int]) -> Claim:
    """Label maps hold certain numbers alone, and mostly those of the user's own files of the same names."""

    def claim(answer: Answer) -> bool:
        for file, found in label_maps(answer):
            own = np.array(Image.open(answer.here / folder / f"{file.stem}.png"))
            if not set(np.unique(found).tolist()) <= numbers or (found == own).mean() < 0.5:
                return False
        return True

    return claim


def scores(figure: str, least: float) -> Claim:
    """A figure of `eval`."""
    return lambda answer: answer.facts[figure] >= least


def white_around_a_disc(count: int) -> Claim:
    """So many pictures on the page of `data check`, whose corners are white, and whose middles are dark."""

    def claim(answer: Answer) -> bool:
        page = (answer.home / "page.html").read_text(encoding="utf-8")
        encoded = map(base64.b64decode, re.findall(r"data:image/png;base64,([\w+/=]+)", page))
        pictures = [np.array(Image.open(io.BytesIO(one)).convert("L")) for one in encoded]
        dark = [picture[picture.shape[0] // 2, picture.shape[1] // 2] < 128 for picture in pictures]
        return len(pictures) == count and all(picture[0, 0] > 250 for picture in pictures) and all(dark)

    return claim


def peak_below(most: float) -> Claim:
    """The memory of the command, in bytes."""
    return lambda answer: answer.peak < most


def labels_have_the_size(width: int, height: int) -> Claim:
    """All label maps that `predict` wrote have one size."""
    return lambda answer: all(found.shape == (height, width) for _, found in label_maps(answer))


def right_by_time(name: str, truth: Sequence[int]) -> Claim:
    """Windows of two seconds show a class where the truth says so, in all files alike."""

    def claim(answer: Answer) -> bool:
        for file in answer.facts["predictions"]:
            for window in file["windows"]:
                middle = (window["start"] + window["end"]) / 2
                at_edge = abs(middle % 2 - 1) > 0.3  # half of one act, half of the next
                if not at_edge and (window["classes"][0]["name"] == name) != truth[int(middle // 2)]:
                    return False
        return True

    return claim


def as_the_scans(answer: Answer) -> bool:
    """Answers have the names, shapes and spaces of the scans."""
    for one in answer.facts["predictions"]:
        scan, labels = nib.load(one["file"]), nib.load(answer.home / one["labels"])
        codes = [[int(image.header[code]) for code in ("qform_code", "sform_code")] for image in (scan, labels)]
        if Path(one["labels"]).name != Path(one["file"]).name or scan.shape != labels.shape or codes[0] != codes[1]:
            return False
        if not np.allclose(scan.affine, labels.affine) or labels.get_data_dtype() != np.uint8:
            return False
    return True


def one_scan_in_two_axes(answer: Answer) -> bool:
    """The answers to a scan, and to the same one stored along other axes, are equal in space."""
    found = {
        Path(one["file"]).name: nib.as_closest_canonical(nib.load(answer.home / one["labels"]))
        for one in answer.facts["predictions"]
    }
    first, other = found["scan.nii.gz"], found["turned.nii.gz"]
    return np.allclose(first.affine, other.affine) and np.array_equal(first.dataobj, other.dataobj)

"""What a look at all files of a data set amounts to: what would be lost, and what a user should know of the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from ..config.recipe import Config
from ..contracts import SPLITS, BadFile, Classes, GoodFile, InputError, LabelMap, Neighbour, Survey
from ..data.pipeline.gaps import told_gaps, told_untaught

NEAR = 0.8
"""Cosine of features from which on two examples are told as nearly the same. With MobileNetV2's, copies of photographs
that are cut, mirrored or compressed again come to 0.83 to 0.9 (medians); different ones of one kind to 0.74."""
_FILES = 20  # remarks on single files
_NAMED = 3  # examples of what a sentence tells


def check_facts(config: Config, survey: Survey) -> dict[str, Any]:
    """Return all that a look at the files of a data set found.

    Returns:
        `lost`: sentences about what training would lose or what would spoil its figures, none where all is well;
        `remarks`: what else a user should know; and what they rest on; ready for JSON.
    """
    names = survey.spec.class_names if survey.spec and isinstance(survey.spec.target, Classes | LabelMap) else ()
    by_pixel = survey.spec is not None and isinstance(survey.spec.target, LabelMap)
    places = dict.fromkeys([*SPLITS, *(one.split for one in (*survey.files, *survey.bad_files))])
    splits = {
        split: _split([file for file in survey.files if file.split == split], names, by_pixel)
        | {"bad_files": sum(file.split == split for file in survey.bad_files)}
        for split in places
        if any(one.split == split for one in (*survey.files, *survey.bad_files))
    }
    lost_classes, gaps = _gaps(splits, names, by_pixel)
    duplicates = list(_duplicates(survey.files))
    near = [one for one in survey.neighbours or () if one.similarity >= NEAR]
    return {
        "config": config.name,
        "data": config.data.kind,
        "inputs": {name: tensor.shape for name, tensor in survey.spec.inputs.items()} if survey.spec else {},
        "lost": [*survey.problems, *_lost(survey.bad_files, duplicates), *lost_classes],
        "remarks": [*config.data.remarks(), *_of_files(survey.files), *gaps, *_remarks(duplicates, near)],
        "splits": splits,
        "bad_files": [file._asdict() for file in survey.bad_files],
        "duplicates": duplicates,
        "near_training": None
        if survey.neighbours is None
        else [one._asdict() for one in sorted(survey.neighbours, key=lambda one: -one.similarity)],
        "examples": [{"split": one.split, "name": one.name} for one in survey.examples],
        "files": [file._asdict() for file in survey.files],
    }


def _split(files: Sequence[GoodFile], names: Sequence[str], by_pixel: bool) -> dict[str, Any]:
    """Return what the files of a split hold: how many, of which classes, and how large and long they are."""
    found = Counter(name for file in files for name in file.classes)
    pixels = Counter[str]()
    for file in files:
        pixels.update(file.classes)
    measures: dict[str, list[float]] = defaultdict(list)
    for file in files:
        for name, value in file.measures.items():
            measures[name].append(value)
    every = [*names, *(["void"] if pixels["void"] and "void" not in names else [])]
    return {
        "files": len(files),
        "classes": {name: found[name] for name in every},
        **({"pixels": {name: pixels[name] for name in every}} if by_pixel else {}),
        "measures": {
            name: {"least": min(values), "median": median(values), "most": max(values)}
            for name, values in measures.items()
        },
    }


def _duplicates(files: Sequence[GoodFile]) -> Iterator[dict[str, Any]]:
    """Yield the groups of files of the same content; those that stand in several splits first."""
    same: dict[str, list[GoodFile]] = defaultdict(list)
    for file in files:
        same[file.content].append(file)
    groups = [group for group in same.values() if len(group) > 1]
    for group in sorted(groups, key=lambda group: len({file.split for file in group}) == 1):
        yield {
            "files": [{"split": file.split, "name": file.name} for file in group],
            "across_splits": len({file.split for file in group}) > 1,
            "labels_differ": any(file.classes != group[0].classes for file in group),
        }


def _gaps(splits: Mapping[str, Mapping[str, Any]], names: Sequence[str], by_pixel: bool) -> tuple[list[str], list[str]]:
    """Return sentences about classes that are lost, and about others that are not in every split."""
    what, where = ("pixel", "pixels") if by_pixel else ("example", "classes")
    counts = {split: found[where] for split, found in splits.items() if found["files"]}
    if not names:
        return [], []
    try:
        told, lost = told_gaps(counts, names, what), told_untaught(counts, names, what)
    except InputError as error:
        return [str(error)], []
    if any(found["bad_files"] for found in splits.values()):
        lost += [
            f"no {what} of {name} is in any file that can be used"
            for name in names
            if not any(found[name] for found in counts.values())
        ]
    return lost, [sentence for sentence in told if sentence not in lost]


def _lost(bad_files: Sequence[BadFile], duplicates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if bad_files:
        yield f"{len(bad_files)} of the files cannot be used"
    if across := [group for group in duplicates if group["across_splits"]]:
        yield (
            f"{_count(across, 'content')} in more than one split, so that scores would be too good: "
            f"{_named(across)}; keep each in one of them"
        )


def _of_files(files: Sequence[GoodFile]) -> Iterator[str]:
    """Yield what is to be said of single files."""
    told = [f"{file.name} ({file.split}): {remark}" for file in files for remark in file.remarks]
    yield from told[:_FILES]
    if len(told) > _FILES:
        yield f"{len(told) - _FILES} more remarks on single files (--json has all)"


def _remarks(duplicates: Sequence[Mapping[str, Any]], near: Sequence[Neighbour]) -> Iterator[str]:
    if within := [group for group in duplicates if not group["across_splits"]]:
        yield f"{_count(within, 'content')} more than once in a split: {_named(within)}"
    if differing := [group for group in duplicates if group["labels_differ"]]:
        yield f"{_count(differing, 'content')} with different labels: {_named(differing)}; one of them is wrong"
    if near:
        pairs = ", ".join(f"{one.name} ({one.split}) and {one.training}" for one in near[:_NAMED])
        yield (
            f"{len(near)} examples look nearly like one of training (features alike by {NEAR} or more): {pairs}"
            f"{', ...' if len(near) > _NAMED else ''}; if they come from one source, keep it in one split"
        )


def _count(groups: Sequence[Any], noun: str) -> str:
    return f"one {noun} stands" if len(groups) == 1 else f"{len(groups)} {noun}s stand"


def _named(groups: Sequence[Mapping[str, Any]]) -> str:
    """Return the first groups of duplicates in words."""
    told = [" = ".join(f"{file['name']} ({file['split']})" for file in group["files"]) for group in groups[:_NAMED]]
    return "; ".join([*told, *(["..."] if len(groups) > _NAMED else [])])

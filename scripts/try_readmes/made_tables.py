"""Tables, lists and texts that tell of the files of a folder, in the forms that pages name."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

FILMS = (".mp4", ".mov", ".avi", ".webm", ".mkv")
WORDS = ("some words", "a word more", "in the year 1904", "and so on", "what it says")
_CAPTIONS = (
    "a dog runs over the grass",
    "two children play with a ball",
    "a man rides a bike",
    "a red ball in the sand",
)
_PICTURES = (".jpg", ".png")
_HALF = 60  # height of a line on a page, in pixels, of `made_files`


def table_of(root: str, name: str, names: Sequence[str]) -> str | None:
    """Return the content of a file of text; None: it is none.

    Args:
        root: Name of the folder.
        name: Path of the file below it.
        names: Paths of all files of the folder.
    """
    for pattern, write in _TABLES:
        if re.fullmatch(pattern, f"{root}/{name}"):
            return write(name, names)
    return None


def text_of(root: str, name: str, names: Sequence[str]) -> str:
    """Return what a picture of a line says; empty: it is a picture of something else."""
    if root == "my_captchas":
        return PurePosixPath(name).stem
    return _line(name, names) if root in ("my_lines", "new_book", "iam") else ""


def _line(name: str, names: Sequence[str]) -> str:
    place = sorted(one for one in names if one.endswith(_PICTURES)).index(name)
    return f"{WORDS[place % len(WORDS)]} {place}"


def _caption(number: int) -> str:
    return _CAPTIONS[number % len(_CAPTIONS)]


def _ending(names: Iterable[str], *endings: str) -> list[str]:
    return [name for name in names if name.endswith(endings)]


def _below(name: str, names: Sequence[str]) -> list[str]:
    """Return the pictures beside a file, by their bare names."""
    folder = str(PurePosixPath(name).parent)
    return [PurePosixPath(one).name for one in _ending(names, *_PICTURES) if str(PurePosixPath(one).parent) == folder]


def _csv(header: str, rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue()


def _clips(name: str, names: Sequence[str]) -> str:
    splits, films = ("train", "train", "train", "val", "test"), _ending(names, *FILMS)
    rows = [
        (film, label, splits[place % 5], f"recording {place}", start, start + 1)
        for place, film in enumerate(films)
        for start, label in enumerate(("jump", "run"))
    ]
    return _csv("path,label,split,group,start,end", rows)


def _list_of_clips(name: str, names: Sequence[str]) -> str:
    test = "test" in name
    return "\n".join(film for place, film in enumerate(_ending(names, *FILMS)) if (place % 5 == 4) == test)


def _hmdb51(name: str, names: Sequence[str]) -> str:
    label = PurePosixPath(name).name.split("_")[0]
    films = [PurePosixPath(film).name for film in _ending(names, ".avi") if film.startswith(f"{label}/")]
    return "\n".join(f"{film} {1 + (place % 5 == 4)}" for place, film in enumerate(films))


def _kinetics(name: str, names: Sequence[str]) -> str:
    splits, rows = ("train", "train", "train", "validate", "test", "test"), []
    for place, film in enumerate(_ending(names, ".mp4")):
        number, start, end = PurePosixPath(film).stem.split("_")
        rows.append((("jump", "run")[place % 2], number, int(start), int(end), splits[place % 6]))
    return _csv("label,youtube_id,time_start,time_end,split", rows)


def _something(name: str, names: Sequence[str]) -> str:
    films = [PurePosixPath(film).stem for film in _ending(names, ".webm")]
    chosen = [film for film in films if (int(film) % 5 in (0, 4)) == name.startswith("validation")]
    templates = ("Pushing [something]", "Lifting [something]")
    return json.dumps([{"id": film, "template": templates[int(film) % 2]} for film in chosen])


def _ucf_classes(name: str, names: Sequence[str]) -> str:
    labels = dict.fromkeys(film.split("/")[1] for film in _ending(names, ".avi"))
    return "\n".join(f"{number} {label}" for number, label in enumerate(labels, 1))


def _ucf_list(name: str, names: Sequence[str]) -> str:
    labels = [row.split()[1] for row in _ucf_classes(name, names).splitlines()]
    films = [film.removeprefix("UCF-101/") for film in _ending(names, ".avi")]
    test = {film for film in films if int(film.split("_g")[1][:2]) > 7}
    return "\n".join(
        film if "test" in name else f"{film} {labels.index(film.split('/')[0]) + 1}"
        for film in films
        if (film in test) == ("test" in name)
    )


def _captions(name: str, names: Sequence[str]) -> str:
    rows = [(image, _caption(place + more)) for place, image in enumerate(_ending(names, ".jpg")) for more in (0, 1)]
    return _csv("image,caption", rows)


def _metadata(name: str, names: Sequence[str]) -> str:
    objects = [{"file_name": image, "text": _caption(place)} for place, image in enumerate(_below(name, names))]
    return "\n".join(map(json.dumps, objects))


def _said(name: str, names: Sequence[str]) -> str:
    return json.dumps({image: [_caption(place)] for place, image in enumerate(_ending(names, ".jpg"))})


def _flickr_tokens(name: str, names: Sequence[str]) -> str:
    images = [PurePosixPath(one).name for one in _ending(names, ".jpg")]
    return "\n".join(
        f"{image}#{more}\t{_caption(place + more)} ." for place, image in enumerate(images) for more in (0, 1)
    )


def _flickr_list(name: str, names: Sequence[str]) -> str:
    images = [PurePosixPath(one).name for one in _ending(names, ".jpg")]
    return "\n".join(
        {"train": images[:6], "dev": images[6:8], "test": images[8:]}[name.split(".")[1].removesuffix("Images")]
    )


def _coco(name: str, names: Sequence[str]) -> str:
    folder = PurePosixPath(name).stem.removeprefix("captions_")
    images = [PurePosixPath(one).name for one in _ending(names, ".jpg") if one.startswith(f"{folder}/")]
    return json.dumps(
        {
            "images": [{"id": number, "file_name": image} for number, image in enumerate(images)],
            "annotations": [
                {"id": number, "image_id": number, "caption": _caption(number)} for number in range(len(images))
            ],
        }
    )


def _pairs(name: str, names: Sequence[str]) -> str:
    return _csv("image,labels", zip(_ending(names, ".jpg"), _ending(names, ".png"), strict=True))


def _voc_list(name: str, names: Sequence[str]) -> str:
    stems = [PurePosixPath(one).stem for one in _ending(names, ".jpg")]
    return "\n".join(stems[8:] if name.endswith("val.txt") else stems[:8])


def _regions(name: str, names: Sequence[str]) -> str:
    place = _ending(names, ".regions.txt").index(name)
    return "\n".join(" ".join(str((y // 6 + x // 8 + place) % 8) for x in range(64)) for y in range(48))


def _page_xml(name: str, names: Sequence[str]) -> str:
    place = names.index(name) + 1  # the number of its picture, see `drawn_trees.make_tree`
    lines = ""
    for half in range(2):
        top, text = _HALF * half, WORDS[(place + half) % len(WORDS)]
        points = f"0,{top} 319,{top} 319,{top + 48} 0,{top + 48}"
        told = f"<TextEquiv><Unicode>{text}</Unicode></TextEquiv>"
        lines += f'<TextLine id="l{half}"><Coords points="{points}"/>{told}</TextLine>'
    return (
        '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">'
        f'<Page imageFilename="{PurePosixPath(name).stem}.png" imageWidth="320" imageHeight="120">'
        f'<TextRegion id="r">{lines}</TextRegion></Page></PcGts>'
    )


def _rimes(name: str, names: Sequence[str]) -> str:
    pages = [one for one in _ending(names, ".png") if one.startswith(name.split("_")[0].replace("training", "train"))]
    of = [
        f'<SinglePage FileName="{page}">'
        + "".join(
            f'<Line Left="0" Right="319" Top="{_HALF * half}" Bottom="{_HALF * half + 48}" '
            f'Value="{WORDS[(names.index(page) + half) % len(WORDS)]}"/>'
            for half in range(2)
        )
        + "</SinglePage>"
        for page in pages
    ]
    return f"<Pages>{''.join(of)}</Pages>"


def _iam(name: str, names: Sequence[str]) -> str:
    pictures = _ending(names, ".png")
    return "\n".join(
        f"{PurePosixPath(one).stem} ok 154 19 408 746 1661 89 {_line(one, names).replace(' ', '|')}" for one in pictures
    )


def _text_lines(name: str, names: Sequence[str]) -> str:
    rows = [(one, _line(one, names)) for one in _ending(names, ".png")]
    if name.endswith(".txt"):
        return "\n".join(f"{picture}\t{text}" for picture, text in rows)
    return _csv("image,text,group", [(*row, f"book {place % 4}") for place, row in enumerate(rows)])


def _truth(name: str, names: Sequence[str]) -> str:
    return _line(name.replace(".gt.txt", ".png"), names)


_TABLES: tuple[tuple[str, Callable[[str, Sequence[str]], str]], ...] = (
    (r".*/clips\.csv", _clips),
    (r"my_videos/(train|test)\.txt", _list_of_clips),
    (r".*_test_split1\.txt", _hmdb51),
    (r".*/kinetics\.csv", _kinetics),
    (r"something/.*\.json", _something),
    (r".*/classInd\.txt", _ucf_classes),
    (r".*/(train|test)list01\.txt", _ucf_list),
    (r".*/captions\.csv", _captions),
    (r".*/metadata\.jsonl", _metadata),
    (r".*/said\.json", _said),
    (r".*/Flickr8k\.token\.txt", _flickr_tokens),
    (r".*/Flickr_8k\..*", _flickr_list),
    (r".*/captions_.*\.json", _coco),
    (r"my_photos/.*\.txt", lambda name, names: _caption(names.index(name))),
    (r"camvid/classes\.txt", lambda name, names: "ground\nhouse\nvoid\n"),
    (r".*/classes\.txt", lambda name, names: "ground\nhouse\ntree\n"),
    (r".*/pairs\.csv", _pairs),
    (r"voc/.*\.txt", _voc_list),
    (r".*\.regions\.txt", _regions),
    (r".*\.gt\.txt", _truth),
    (r"iam/ascii/lines\.txt", _iam),
    (r".*/lines\.(csv|txt)", _text_lines),
    (r"rimes/.*\.xml", _rimes),
    (r".*\.xml", _page_xml),
    (r".*/labels\.json", lambda name, names: json.dumps({"b": [[5, 9]]})),
)

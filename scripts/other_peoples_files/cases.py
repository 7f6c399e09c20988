"""The cases: what other people type, and what is right.

Commands are written as behind `lstmzoo`; `key=value` is a setting of the data, `train.key=value` one of training, and
so on. HERE stands for the inputs of the case, MADE for those of all.
"""

from __future__ import annotations

import re
import shlex

from claims import (
    alike,
    answers,
    as_the_scans,
    bad_because,
    captions,
    each_is_told,
    ends,
    every_split_has_all_classes,
    holds,
    holds_in_all,
    labelled_as_the_users_own,
    labels_have_the_size,
    one_scan_in_two_axes,
    peak_below,
    right_by_time,
    says,
    says_not,
    scores,
    white_around_a_disc,
    words,
    writes_without_blanks,
)
from trying import Case, Claim, Step

RECIPES = {
    "CLIPS": "--config smoke/video_folder.yaml",
    "PHOTOS": "--config smoke/show_tell.yaml "
    "'data={kind: captioned_folder, image: {size: 32}, captions: {max_words: 16, min_count: 1}}'",
    "MAPS": "--config smoke/window_dense.yaml 'data={kind: segmentation_folder}' train.batch_size=2",
    "SCANS": "--config smoke/pyramid_lstm.yaml 'data={kind: volume_folder, volume: {size: [6, 8, 8]}}' "
    "task.background=null",
    "RUN": "--json --run run",
}
LEFT_OR_RIGHT = (
    "train --run-dir run CLIPS root=MADE/video/split_folders clip.num_frames=8 clip.size=24 clip.eval_sampling=uniform "
    "clip.eval_clips=1"
)
UNDEALT = "val_fraction=0 test_fraction=0"
CELLS = "root=HERE 'columns={image: filename, caption: raw}'"
HALF = "".join(f"half.{end},{'ab'[k % 2]}\n" for k, end in enumerate(("avi", "mkv", "webm", "flv", "mp4")))
ICONS = "icon.png icon.webp cutout.png grey_icon.png palette_icon.png palette_icon.gif soft_edge.png"
TWO = ("left", "right")
ALL_GOOD = (ends(0), holds(train=6, val=2, test=2))


def step(command: str, *claims: Claim) -> Step:
    """Return a command, and what is to be true of its answer; of none, that it ends with 0."""
    typed = shlex.split(re.sub(r"\b(CLIPS|PHOTOS|MAPS|SCANS|RUN)\b", lambda name: RECIPES[name[0]], command))
    spelt: list[str] = []
    for word in typed:
        if setting := re.match(r"(data|model|task|train)?[a-z_.]*=", word):
            word = word if setting[1] else f"data.{word}"
            spelt.append("--set")
        spelt.append(word)
    return Step(spelt, claims)


def check(settings: str, *claims: Claim) -> Step:
    """Return `data check`."""
    return step(f"data check --json {settings}", *claims)


def info(settings: str, *claims: Claim) -> Step:
    """Return `data info`."""
    return step(f"data info --json {settings}", *claims)


CASES = {
    "video/few_recordings": Case(
        "both classes in each split with recordings untorn, or a word on it",
        [
            check(r"CLIPS root=HERE group_pattern='(\w+_g\d+)_'", every_split_has_all_classes),
            check(r"CLIPS root=HERE group_pattern='_(g\d+)_'", every_split_has_all_classes),
            check(r"CLIPS root=HERE group_pattern='^(\w)'", ends(2), says("2 groups cannot fill 3 splits")),
        ],
    ),
    "video/frames_folder": Case(
        "a folder of pictures is a clip, in training and in predict",
        [
            check("CLIPS root=HERE", holds_in_all(8, TWO)),
            step("train --run-dir run CLIPS root=HERE"),
            step("predict RUN HERE/left", answers(4)),
        ],
    ),
    "video/h264_avi": Case(
        "frames in the order in which they are shown: AVI is answered as MP4",
        [step(LEFT_OR_RIGHT), step("predict RUN HERE", answers(2), alike)],
    ),
    "video/half_file": Case(
        "files that are cut off are told, in every container",
        [
            check(f"CLIPS root=HERE table=films.csv {UNDEALT}", each_is_told),
            step(LEFT_OR_RIGHT),
            step("predict RUN HERE", each_is_told),
        ],
        {"films.csv": f"path,label\n{HALF}"},
    ),
    "video/links_and_hidden": Case(
        "links are followed once, hidden folders left out and told",
        [check("CLIPS root=HERE", ends(0), holds_in_all(12, TWO), says("left out", "hidden"))],
    ),
    "video/long_video": Case(
        "within 1.5 GB", [step(LEFT_OR_RIGHT), step("predict RUN HERE", ends(0), peak_below(1.5e9))]
    ),
    "video/lost_class": Case(
        "a class spelt otherwise is found and told; one that is lost is told before training",
        [
            check(
                "CLIPS root=HERE 'lists={train: train.txt, test: test.txt}' on_bad_file=skip", holds(train=12, test=6)
            ),
            step(
                "train --run-dir run CLIPS root=HERE 'lists={train: short.txt, val: test.txt}' on_bad_file=skip",
                says("LOST: all videos of Swim (4) cannot be used"),
            ),
        ],
        {"short.txt": "".join(f"{label}/v_{k}.mp4\n" for label in ("Jump", "Run", "Swim") for k in range(4))},
    ),
    "video/no_film": Case(
        "notes and photographs are no films",
        [
            check("CLIPS root=HERE", ends(0), holds_in_all(12, TWO)),
            step(LEFT_OR_RIGHT),
            step("predict RUN HERE", answers(12)),
            step("predict RUN HERE/left/left_0.nfo HERE/photo.jpg", answers(0, errors=2)),
        ],
    ),
    "video/split_folders": Case(
        "train and val are splits, and no classes",
        [check("CLIPS root=HERE", holds(train=16, val=6), holds_in_all(22, ("Fight", "NonFight")))],
    ),
    "video/tables": Case(
        "segments and separators are read; several labels, numbers, twins and the encoding are told",
        [
            check("CLIPS root=HERE table=segments.csv", holds_in_all(4, ("jump", "run"))),
            check("CLIPS root=HERE table=one_segment_each.csv", holds_in_all(6, ("jump", "run"))),
            check("CLIPS root=HERE table=several_labels.csv", ends(2), says("several_labels.csv:2", "jump;wave")),
            check("CLIPS root=HERE table=numbers.csv", says("the labels are numbers such as 0.31")),
            check("CLIPS root=HERE table=spelling.csv", ends(2), says("'JUMP', 'Jump', 'jump'")),
            check("CLIPS root=HERE table=semicolons.csv", holds_in_all(6, ("jump", "run"))),
            check("CLIPS root=HERE table=excel_ansi.csv", says("Übung")),
        ],
    ),
    "video/vfr_windows": Case(
        "windows by time, whatever the frame rate",
        [
            step(f"{LEFT_OR_RIGHT} train.epochs=60 clip.train_sampling=uniform model.bidirectional=false"),
            step("predict RUN HERE", answers(2), right_by_time("Fight", (1, 1, 0, 0, 1, 0))),
        ],
    ),
    "captions/json_cell": Case(
        "several captions in a cell are taken apart, or a word on it",
        [
            info(f"PHOTOS {CELLS} table=lists.csv", captions(96, train=24)),
            info(f"PHOTOS {CELLS} table=python_lists.csv", captions(96, train=24)),
            info(f"PHOTOS {CELLS} table=bars.csv caption_separator='\"|\"'", captions(96, train=24)),
            info(rf"PHOTOS {CELLS} table=lines.csv caption_separator='\n'", captions(96, train=24)),
            check(f"PHOTOS {CELLS} table=bars.csv", says("data.caption_separator=")),
            check(f"PHOTOS {CELLS} table=lines.csv", says("data.caption_separator=")),
        ],
    ),
    "captions/json_kinds": Case(
        "JSON as it comes, and texts beside pictures; captions that are no text are named",
        [
            check("PHOTOS kind=coco_captions root=HERE/null", bad_because("3", "null", "expected text")),
            info("PHOTOS kind=coco_captions root=HERE/null on_bad_file=skip", captions(30, train=23)),
            check("PHOTOS kind=coco_captions root=HERE/lists", bad_because("expected text")),
            info("PHOTOS kind=coco_captions root=HERE/paths", captions(32, train=24)),
            info(
                "PHOTOS kind=coco_captions root=HERE/own 'annotations={train: annotations/train.json}' "
                "'images={train: train}'",
                captions(32, train=32),
            ),
            info("PHOTOS kind=flickr8k root=HERE/flickr8k", captions(32, train=24, val=4, test=4)),
            info("PHOTOS root=HERE/jsonl", captions(32)),
            info("PHOTOS root=HERE/texts", captions(32)),
        ],
    ),
    "captions/no_blanks": Case(
        "cut into characters by a setting, in captions and scores; never one word without a warning",
        [
            check("PHOTOS root=HERE table=chinese.csv", says("data.captions.split")),
            check("PHOTOS root=HERE table=japanese.csv", says("data.captions.split")),
            step("train --run-dir run PHOTOS root=HERE table=chinese.csv captions.split=characters train.epochs=20"),
            step("eval RUN", says("each character", "is a word"), scores("bleu1", 0.1)),
            step("predict RUN HERE/000.jpg", writes_without_blanks),
        ],
    ),
    "captions/other_alphabets": Case(
        "case, punctuation and accents by Unicode's rules",
        [
            step("check --json PHOTOS root=HERE table=russian.csv", words(9)),
            step("check --json PHOTOS root=HERE table=quotes.csv", words(10, 11)),
            step("check --json PHOTOS root=HERE table=accents.csv", words(10)),
        ],
    ),
    "captions/other_endings": Case(
        "what can be read is answered, .HEIC named, hidden folders left out",
        [
            step("train --run-dir run PHOTOS root=MADE/captions/json_kinds/jsonl train.epochs=1"),
            step("predict RUN HERE", answers(9, errors=1), says("9.HEIC"), says_not('0-checkpoint.jpg"')),
        ],
    ),
    "captions/transparent": Case(
        "a dark disc on white, whatever lies hidden below",
        [check(f"--html page.html PHOTOS root=HERE table=icons.csv {UNDEALT}", white_around_a_disc(7))],
        {"icons.csv": "image,caption\n" + "".join(f"{name},a disc\n" for name in ICONS.split())},
    ),
    "label_maps/answer_numbers": Case(
        "saved label maps hold the numbers of the user's own list",
        [
            step("train --run-dir run MAPS root=HERE/first void=void train.epochs=12"),
            step("predict RUN HERE/first/val --save-to a", labelled_as_the_users_own("first/valannot", {1, 2, 3})),
            step("train --run-dir other MAPS root=HERE/middle void=void train.epochs=12"),
            step(
                "predict --json --run other HERE/middle/val --save-to b",
                labelled_as_the_users_own("middle/valannot", {0, 2, 3}),
            ),
        ],
    ),
    "label_maps/answer_size": Case(
        "label maps have the photograph's size, upright; eval says in which size it compares",
        [
            step("train --run-dir run MAPS root=HERE max_side=40 train.epochs=1"),
            step(
                "predict RUN HERE/val HERE/turned.jpg --save-to a",
                labels_have_the_size(160, 128),
                says('"scaled_from": {"width": 40, "height": 32}'),
            ),
            step("eval RUN --split val", says("compared in the size", "40 x 32 pixels")),
        ],
    ),
    "label_maps/deep_pixels": Case(
        "pictures of more than 8 bits, or of real numbers, teach as much as others",
        [
            one
            for name in ("plain", "twelve_bits", "twelve_bits_tif", "real_tif", "whole_tif")
            for one in (
                step(f"train --run-dir {name} MAPS root=HERE/{name} train.epochs=12"),
                step(f"eval --json --run {name}", scores("mean_iou", 0.45)),
            )
        ],
    ),
    "label_maps/mask_255": Case(
        "255 is taken for the second class, and said; where it is void, and masks are interpolated, it is told",
        [
            check("MAPS root=HERE/hard", ends(0), says("255 stands for 'house'")),
            step("train --run-dir run MAPS root=HERE/hard void=255 train.epochs=1", says("no pixel", "house")),
            check("MAPS root=HERE/soft", bad_because("interpol"), says_not("set data.void")),
        ],
    ),
    "label_maps/missing_in_split": Case(
        "classes and splits without a pixel are told before the first epoch",
        [
            check("MAPS root=HERE/train void=255", ends(2), says("train has no pixel of pond")),
            step("train --run-dir run MAPS root=HERE/train void=255 train.epochs=1", ends(0), says("no pixel of pond")),
            check("MAPS root=HERE/val void=255", ends(2), says("no pixel of val has a class")),
            step("train --run-dir other MAPS root=HERE/val void=255", ends(2), says("no pixel of val has a class")),
            check("MAPS root=HERE/none", ends(0), says("unused")),
        ],
    ),
    "label_maps/palette_orders": Case(
        "palettes in other orders are bad files; one palette throughout is good",
        [
            check("MAPS root=HERE/orders", bad_because("palette", "colour")),
            check("MAPS root=HERE/same", ends(0), holds(train=12, val=4, test=4)),
        ],
    ),
    "label_maps/usual_layouts": Case(
        "found, and which layout was taken is said",
        [
            check("MAPS root=HERE/voc", holds(train=10, val=6), says("JPEGImages", "train.txt")),
            check("MAPS root=HERE/suffix", holds_in_all(20), says("_L")),
            check("MAPS root=HERE/suffix label_suffix=_L 'folders={all: [images, labels]}'", holds_in_all(20)),
            check("MAPS root=HERE/city", holds(train=20), says("gtFine")),
        ],
    ),
    "volumes/answer_space": Case(
        "answers are NIfTI in the scan's own space and axes",
        [
            step("train --run-dir run SCANS root=MADE/volumes/scaled_labels/plain train.epochs=1"),
            step("predict RUN HERE --save-to a", answers(3), as_the_scans, one_scan_in_two_axes),
        ],
    ),
    "volumes/headers_disagree": Case(
        "labels are brought to the scan's axes; other origins and spacings are bad files, with both values",
        [
            *(
                one
                for name in ("mirrored", "turned", "rounding")
                for one in (
                    check(f"SCANS root=HERE/{name}", *ALL_GOOD),
                    step(f"train --run-dir {name} SCANS root=HERE/{name} train.epochs=40"),
                    step(f"eval --json --run {name}", scores("mean_iou", 0.6)),
                )
            ),
            check("SCANS root=HERE/origin", bad_because("another space", "(50, 50, 50)", "(0, 0, 0)")),
            check("SCANS root=HERE/spacing", bad_because("another space", "1.5, 1.5, 4.5 mm", "1, 1, 3 mm")),
        ],
    ),
    "volumes/scaled_labels": Case(
        "what lies near whole numbers is these; interpolated labels are refused as such",
        [
            *(check(f"SCANS root=HERE/{name}", *ALL_GOOD) for name in ("plain", "scaled", "near", "saved")),
            check("SCANS root=HERE/halves", bad_because("interpol"), says_not("data.void")),
        ],
    ),
    "volumes/usual_folders": Case(
        "the Decathlon's, nnU-Net's and BraTS' folders, a file a channel; predict takes the files of a case together",
        [
            check("SCANS root=HERE/decathlon", ends(0), holds_in_all(8)),
            check("SCANS root=HERE/nnunet", ends(0), holds_in_all(8), says('"channels": {"least": 2')),
            check("SCANS root=HERE/brats", ends(2), says("data.channels=[_flair, _t1, _t2]", "data.label_suffix=_seg")),
            check("SCANS root=HERE/brats 'channels=[_t1, _t2, _flair]' label_suffix=_seg", ends(0), holds_in_all(8)),
            step("train --run-dir run SCANS root=HERE/nnunet train.epochs=1"),
            step("predict RUN HERE/nnunet/imagesTr", answers(8)),
        ],
    ),
}

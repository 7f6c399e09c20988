"""What strangers try, and what has to be said to it."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
from making import (
    NAMES,
    TRAIN,
    a_run,
    change_recipe,
    clips,
    in_weights,
    on_clips,
    on_pictures,
    pictures,
    with_settings,
    write_picture,
    write_table,
    write_video,
)
from trying import MARK, OUTSIDE, RUN, Attempt, Step

EVAL = ("eval", "--run", RUN)
RESUME = (*TRAIN, "--resume")
ATTEMPTS: list[Attempt] = []


def _attempt(what: str) -> Callable:
    def keep(make: Callable[[Path], Sequence[Step]]) -> Callable[[Path], Sequence[Step]]:
        ATTEMPTS.append(Attempt(what, make))
        return make

    return keep


def _hostile_names(home: Path) -> list[str]:
    """Make clips whose names and classes are hostile; return settings that name them."""
    rows = []
    for number, name in enumerate(NAMES):
        for copy in range(4):
            file = f"{copy}{name.replace('/', '|')}.avi"
            write_video(home / "videos" / file, 28 * number + 6 * copy)
            rows.append((file, name, ("train", "train", "val", "test")[copy]))
    write_table(
        home / "videos" / "table.csv", ("path", "label", "split"), [row for row in rows if "\udce9" not in row[0]]
    )
    return ["data.table=table.csv"]


def _named(words: Sequence[str], *, says: str = "", statuses: Sequence[int] = (0,)) -> list[Step]:
    """Return a command as it speaks to a file, and to a terminal."""
    return [Step(words, says, statuses, terminal) for terminal in (False, True)]


@_attempt(
    "names of classes and files: markup, HTML, escape codes, ends of lines; data check, info, train, eval, predict"
)
def _(home: Path) -> Sequence[Step]:
    settings = _hostile_names(home)
    train = [*on_clips("train", *settings, "model.bidirectional=false"), "--run-dir", RUN]
    return [
        *_named([*on_clips("data check", *settings), "--html", "page.html"]),
        *_named(on_clips("data info", *settings)),
        Step(train, "run: ", (0,)),
        Step([*train, "--resume"], "run: ", (0,), True),
        *_named(EVAL, says="PWNED"),
        Step([*EVAL, "--json"], MARK, (0,)),
        *_named(["predict", "--run", RUN, "videos"], says="PWNED"),
        Step(["predict", "--run", RUN, "--save-to", "saved", "--jsonl", "videos"], MARK, (0,)),
        Step(["predict", "--run", RUN, "--stream", f"videos/1{NAMES[5]}.avi"], "", (0,)),
    ]


@_attempt("a folder of clips whose folders and files are so called")
def _(home: Path) -> Sequence[Step]:
    names = [name.replace("/", "|") for name in NAMES[:-1]]
    clips(home, names)
    (home / "videos" / names[4] / f"x{names[5]}.avi").write_bytes(b"no film")
    return [
        *_named([*on_clips("data check"), "--html", "page.html"], statuses=(2,), says="u001b"),
        *_named(on_clips("data info", "data.on_bad_file=skip")),
    ]


@_attempt("captions with markup, HTML, escape codes and ends of lines")
def _(home: Path) -> Sequence[Step]:
    pictures(home, {f"{number}.png": f"a dog {name}" for number, name in enumerate(NAMES[:-1])})
    return [*_named([*on_pictures(), "--html", "page.html"])]


@_attempt("keys, kinds, names and paths of a recipe with escape codes")
def _(home: Path) -> Sequence[Step]:
    steps = []
    for number, text in enumerate(
        (
            f'"\\e[2J{MARK}": 1\n',
            f'data: {{kind: "\\e[2J\\n{MARK}"}}\n',
            f'data: {{kind: video_folder, root: "\\e[2J\\r{MARK}"}}\n',
            f'data: {{kind: moving_shapes, "\\u202e{MARK}": 1}}\n',
            f"a: \x1b[2J{MARK}\n",
            f"a: 'b\x85{MARK}\n",
        )
    ):
        file = home / f"[bold]\x1b[2J\n{MARK}{number}.yaml"
        file.write_text(text)
        steps += _named(["check", "--config", file.name], statuses=(2,), says="PWNED")
    setting = ["check", "--config", "smoke/cnn_lstm.yaml", "--set", f"data.\x1b[2J\n{MARK}=1"]
    return [*steps, *_named(setting, statuses=(2,)), *_named(["check", "--config", f"\x1b[2J\n{MARK}"], statuses=(2,))]


@_attempt("options and arguments with escape codes")
def _(home: Path) -> Sequence[Step]:
    name = f"\x1b[2J\n{MARK}\u202e[/b]"
    clips(home)
    wrong = (["eval", "--run", name], ["predict", "--run", name, name], [name], [f"--{name}"], ["list", name])
    return [step for words in wrong for step in _named(words, statuses=(2,), says="PWNED")] + _named(
        [*on_clips("data check"), "--html", f"{OUTSIDE}/secret.txt/{name}"], statuses=(2,)
    )


@_attempt("answers that a spreadsheet takes for formulas")
def _(home: Path) -> Sequence[Step]:
    clips(home, ["=cmd|' |C'!A0", "@SUM(1)", "+1", "-2"])
    train = [*on_clips("train"), "--run-dir", RUN]
    cells = (
        "python3 -c \"import csv; rows = list(csv.reader(open('run/predictions-test.csv'))); print(len(rows), "
        "[cell for row in rows for cell in row if cell[:1] in '=+@'])\""
    )
    return [Step(train, "", (0,)), Step(EVAL, "", (0,)), Step(cells, r"^\d+ \[\]$", (0,))]


@_attempt("PostScript called photo.jpg: nothing is started")
def _(home: Path) -> Sequence[Step]:
    _spy(home, "gs")
    pictures(home, {"photo.jpg": "a dog"})
    (home / "pictures" / "photo.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    return [Step(on_pictures(), "photo.jpg")]


@_attempt("a list of films called clip.mp4 (ffconcat, HLS): no other file is opened")
def _(home: Path) -> Sequence[Step]:
    root = clips(home)
    write_video(home / OUTSIDE / "secret.avi")
    (root / "walk" / "a.mp4").write_text(f"ffconcat version 1.0\nfile '{home / OUTSIDE / 'secret.avi'}'\n")
    (root / "walk" / "b.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{home / OUTSIDE / 'secret.avi'}\n#EXT-X-ENDLIST\n")
    return [Step(on_clips("data check"), r"(?s)a\.mp4.*b\.mp4")]


@_attempt("lists and captions that name ../x, an absolute path, a link out")
def _(home: Path) -> Sequence[Step]:
    root = clips(home)
    write_video(home / OUTSIDE / "x.avi")
    (root / "out").symlink_to(home / OUTSIDE)
    steps = []
    for number, name in enumerate(("../outside/x.avi", str(home / OUTSIDE / "x.avi"), "out/x.avi")):
        rows = [(f"walk/{k}.avi", "a") for k in range(6)] + [(name, "b")]
        write_table(root / f"{number}.csv", ("path", "label"), rows)
        (root / f"{number}.txt").write_text("".join(f"{row[0]} {row[1] == 'a':d}\n" for row in rows))
        for setting in (f"data.table={number}.csv", f"data.lists={{train: {number}.txt}}"):
            steps.append(Step(on_clips("data check", setting), r"lies outside of"))
    pictures(home, {"../outside/x.png": "a dog"})
    write_picture(home / OUTSIDE / "x.png")
    return [*steps, Step(on_pictures(), r"lies outside of")]


@_attempt("a link to a folder above")
def _(home: Path) -> Sequence[Step]:
    root = clips(home)
    for name in ("walk", "run"):
        (root / name / "again").symlink_to("../..")
    return [Step(on_clips("data check"), r"files +6 +4 +2(?s:.*)links", (0,))]


@_attempt("a group_pattern that never ends")
def _(home: Path) -> Sequence[Step]:
    write_video(clips(home) / "walk" / f"{'a' * 60}!.avi")
    return [Step(on_clips("data check", r"data.group_pattern='(run|(a+)+x|walk/\d)'"), "does not end in")]


@_attempt("a .npy that claims 10^15 numbers, a GIF whose canvas is huge")
def _(home: Path) -> Sequence[Step]:
    root = clips(home)
    (root / "walk" / "x.gif").write_bytes(
        b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    )
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 20000, 20000, 3), }\n"
    for number in range(12):
        file = home / "arrays" / ("walk", "run")[number % 2] / f"{number}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, np.full((6, 24, 32, 3), 20 * number, np.uint8))
    (home / "arrays" / "walk" / "x.npy").write_bytes(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
    return [
        Step(on_clips("data check"), r"x\.gif: "),
        Step(on_clips("data check", "data.root=arrays"), r"x\.npy: "),
    ]


@_attempt("pipes, devices and sockets among the files")
def _(home: Path) -> Sequence[Step]:
    root = clips(home)
    os.mkfifo(root / "walk" / "x.avi")
    (root / "run" / "zero.npy").symlink_to("/dev/zero")
    return [
        Step(on_clips("data check"), "pipes", (0,)),
        Step(on_clips("data check", "data.table=/dev/zero")),
        Step(["check", "--config", str(root / "walk" / "x.avi")]),
    ]


@_attempt("a recipe with YAML's own objects, with alias bombs, with names of files as values")
def _(home: Path) -> Sequence[Step]:
    (home / "code.yaml").write_text(f"data: !!python/object/apply:os.system ['touch {home / OUTSIDE / 'x'}']\n")
    bomb = "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 10))
    (home / "bomb.yaml").write_text(f"a0: &a0 [x]\n{bomb}")
    backbone = "model.backbone={weights: /dev/zero}"
    return [
        Step(["check", "--config", "code.yaml"], r"code\.yaml:1"),
        Step(["check", "--config", "bomb.yaml"], r"bomb\.yaml:\d"),
        Step(with_settings(["check", "--config", "smoke/cnn_lstm.yaml"], [backbone]), "no file /dev/zero"),
    ]


@_attempt("a run whose recipe says where data are prepared")
def _(home: Path) -> Sequence[Step]:
    change_recipe(a_run(home) / "config.yaml", "data", data_dir=str(home / OUTSIDE))
    return [Step([*EVAL], "report: ", (0,))]


@_attempt("a run whose recipe asks for 10^9 views of a clip, 10^9 units, 10^12 pixels")
def _(home: Path) -> Sequence[Step]:
    a_run(home)
    steps = []
    for number, (section, changes) in enumerate(
        (
            ("data", {"clip": {"num_frames": 4, "size": 16, "eval_sampling": "dense", "eval_clips": 10**9}}),
            ("model", {"units": [10**9]}),
            ("data", {"side": 10**6}),
            ("train", {"batch_size": 10**9}),
        )
    ):
        other = home / f"run{number}"
        other.mkdir()
        for file in (home / RUN).iterdir():
            if file.is_file():
                (other / file.name).write_bytes(file.read_bytes())
        change_recipe(other / "config.yaml", section, **changes)
        steps.append(Step(["eval", "--run", other.name], "memory|eval_clips|data.side"))
    return steps


@_attempt("a run with links out of it, and with pipes")
def _(home: Path) -> Sequence[Step]:
    run = a_run(home)
    (run / "predictions-test.csv").symlink_to(home / OUTSIDE / "secret.txt")
    os.mkfifo(home / "pipe")
    return [Step(EVAL, "is a link to"), Step(["eval", "--run", "pipe"])]


@_attempt("damaged environment.json")
def _(home: Path) -> Sequence[Step]:
    return _damaged(home, "environment.json", ["{", "[" * 10**5, '{"layout": 3, "plugins": 5}', "\xff", "9" * 5000])


@_attempt("damaged metrics.json")
def _(home: Path) -> Sequence[Step]:
    return _damaged(home, "metrics.json", ["{", '{"x": 5}', '{"x": {"examples": "y", "floors": {"a": {"b": "c"}}}}'])


@_attempt("damaged spec.json")
def _(home: Path) -> Sequence[Step]:
    run = a_run(home)
    target = json.loads((run / "spec.json").read_text())["target"]
    changes = [
        {"target": {**target, "names": [f"{MARK}{k}" for k in range(100_000)]}},
        {"target": {**target, "names": []}},
        {"target": {**target, "names": [f"\x1b[2J\n{MARK}"] * len(target["names"])}},
        {"inputs": {}},
        {"inputs": {"clip": {"shape": [10**9, 10**9, 10**9, 3], "dtype": "uint8"}}},
        {"inputs": {"clip": {"shape": [-1], "dtype": "x"}}},
    ]
    spec = json.loads((run / "spec.json").read_text())
    texts = ["{", "[]", "\udcff", *(json.dumps({**spec, **one}) for one in changes)]
    return [Step(["eval", "--run", one]) for one in _copies(home, "spec.json", _bytes(texts))]


@_attempt("damaged history.csv")
def _(home: Path) -> Sequence[Step]:
    return _damaged(home, "history.csv", ['epoch,loss\n1,"', "epoch,loss\n1,y\n", "\udcff", "epoch\n\0\n"], again=False)


@_attempt("damaged memory.npz, and one of 300 KiB that unpacks to 300 MiB")
def _(home: Path) -> Sequence[Step]:
    run = a_run(home)
    np.savez(home / "other.npz", labels=np.zeros((3, 3)))
    np.savez(home / "objects.npz", a=np.array([{}], object))
    with zipfile.ZipFile(home / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as target, target.open("a.npy", "w") as one:
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (320000000,)}\n"
        one.write(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
        for _ in range(20):
            one.write(bytes(16_000_000))
    contents = [b"x", b"", (run / "memory.npz").read_bytes()[:-20]]
    contents += [(home / name).read_bytes() for name in ("other.npz", "objects.npz", "bomb.npz")]
    return _damaged(home, "memory.npz", contents, again=False)


@_attempt("weights: links, claims, other shapes, exchanged, cut")
def _(home: Path) -> Sequence[Step]:
    run = a_run(home)
    changes = (
        lambda group, name: group.__setitem__(name, h5py.ExternalLink(str(home / OUTSIDE / "secret.h5"), "/x")),
        lambda group, name: group.__setitem__(name, h5py.SoftLink("/")),
        lambda group, name: group.create_dataset(name, (2**16, 2**16), "f4"),
        lambda group, name: group.create_dataset(name, (3, 4), "f4"),
        lambda group, name: group.create_dataset(
            name, (4,), "f4", external=[(str(home / OUTSIDE / "secret.txt"), 0, 16)]
        ),
    )
    contents, kept = [b"", b"x" * 100, (run / "best.weights.h5").read_bytes()[:-1000]], run / "best.weights.h5"
    whole, known = kept.read_bytes(), (run / "best.weights.sha256").read_bytes()
    for change in changes:
        in_weights(run, change)
        contents.append(kept.read_bytes())
        kept.write_bytes(whole)
        (run / "best.weights.sha256").write_bytes(known)
    return [
        Step(["eval", "--run", one], r"best\.weights\.h5 (does not hold|is damaged)")
        for one in _copies(home, "best.weights.h5", contents, without="best.weights.sha256")
    ] + [Step(["eval", "--run", _copies(home, "best.weights.sha256", [b"0" * 64])[0]], r"best\.weights\.h5 is damaged")]


@_attempt("checkpoints: cut, of other arrays, of objects")
def _(home: Path) -> Sequence[Step]:
    run = a_run(home)
    (checkpoint,) = (run / "checkpoints").glob("*.npz")
    np.savez(home / "other.npz", facts=np.frombuffer(b"{}", np.uint8), a=np.zeros(3))
    np.savez(home / "objects.npz", facts=np.array([{}], object))
    name = f"checkpoints/{checkpoint.name}"
    contents = [
        b"",
        checkpoint.read_bytes()[:-1000],
        (home / "other.npz").read_bytes(),
        (home / "objects.npz").read_bytes(),
    ]
    return [
        Step([*TRAIN[:-1], one, "--resume"], r"epoch-00001-step-0000000\.npz|checkpoints")
        for one in _copies(home, name, contents)
    ]


@_attempt("an export of a stranger: a file elsewhere, code in a .keras file")
def _(home: Path) -> Sequence[Step]:
    a_run(home)
    export = ["export", "--run", RUN, "--format", "keras", "--to", "exported"]
    spoil = (
        "python3 -c \"import json; about = json.load(open('exported/export.json')); "
        "about['file'] = '../outside/secret.txt'; json.dump(about, open('exported/export.json', 'w'))\""
    )
    code = (
        "python3 -c \"import zipfile, json; file = 'exported/cnn_lstm.keras'; old = zipfile.ZipFile(file); "
        "parts = {name: old.read(name) for name in old.namelist()}; config = json.loads(parts['config.json']); "
        "config['config']['layers'][1] |= {'module': 'os', 'class_name': 'system', 'registered_name': None, "
        "'config': {'command': 'touch outside/x'}}; parts['config.json'] = json.dumps(config).encode(); "
        "new = zipfile.ZipFile(file, 'w'); [new.writestr(*one) for one in parts.items()]; new.close()\""
    )
    predict = ["predict", "--exported", "exported", "videos"]
    clips(home)
    return [
        Step(export, "", (0,)),
        Step(code, "", (0,)),
        Step(predict, "", (1, 2)),
        Step(spoil, "", (0,)),
        Step(predict),
    ]


@_attempt("two preparations of the same data at once")
def _(home: Path) -> Sequence[Step]:
    clips(home)
    prepare = "LSTMZOO data prepare --config smoke/video_folder.yaml"
    return [Step(f"{prepare} & one=$!; {prepare} && wait $one", "(?s)prepared as.*prepared as", (0,))]


@_attempt("output that cannot be written: /dev/full, a reader that has gone, closed")
def _(home: Path) -> Sequence[Step]:
    return [
        Step("LSTMZOO list > /dev/full", "the output cannot be written", (1,)),
        Step("LSTMZOO --help > /dev/full", "the output cannot be written", (1,)),
        Step("set +o pipefail; LSTMZOO list configs | true; LSTMZOO list --json | head -c 1", r"^\{$", (0,)),
        Step("LSTMZOO list >&-", "", (0, 1)),
        Step("LSTMZOO eval --run nowhere 2> /dev/full", "", (1, 2)),
    ]


def _damaged(home: Path, name: str, contents: Sequence[str | bytes], again: bool = True) -> Sequence[Step]:
    """Return evaluations of runs in which a file holds something else, and trainings that go on with them."""
    if not (home / RUN).is_dir():
        a_run(home)
    copies = _copies(home, name, _bytes(contents))
    resumes = [Step([*TRAIN[:-1], one, "--resume"], re.escape(name)) for one in copies] if again else []
    return [*(Step(["eval", "--run", one], re.escape(name)) for one in copies), *resumes]


def _bytes(contents: Sequence[str | bytes]) -> list[bytes]:
    return [one.encode("utf-8", "surrogateescape") if isinstance(one, str) else one for one in contents]


def _copies(home: Path, name: str, contents: Sequence[bytes], without: str = "") -> list[str]:
    """Return the names of copies of the run in which a file holds something else."""
    names = []
    for number, content in enumerate(contents):
        other = home / f"{Path(name).stem}-{number}"
        for file in (home / RUN).rglob("*"):
            if file.is_file() and file.name != without:
                (other / file.relative_to(home / RUN)).parent.mkdir(parents=True, exist_ok=True)
                (other / file.relative_to(home / RUN)).write_bytes(file.read_bytes())
        (other / name).write_bytes(content)
        names.append(other.name)
    return names


def _spy(home: Path, program: str) -> None:
    """Put a program in the way that tells when it is started."""
    (home / "bin").mkdir()
    (home / "bin" / program).write_text(f"#!/bin/sh\ntouch {home / OUTSIDE / 'started'}\n")
    (home / "bin" / program).chmod(0o755)

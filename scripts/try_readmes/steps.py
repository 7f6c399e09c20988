"""How a line of a page is run: on small data, with small settings where it trains, and by stand-ins where it must."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from readme_pages import Step

NOT_RUN = {
    r"\bpip install": "installs; every extra is one of pyproject.toml's, as a test says",
    r"bash scripts/(quickstart|test)\b": "installs and runs for long; what CI runs",
    r"pre-commit|git clone|source ": "sets up a checkout",
    r"train\.trackers": "needs a tracker's package; tests stand in for both",
    r"s3://": "bash scripts/try_stores runs these on a server of moto's",
    r"scripts/try_stores": "needs moto's server",
    r"scripts/try_readmes": "is what runs here",
    r"scripts/fill_disks": "mounts disks, as root",
    r"scripts/export_matrix .*--clients": "installs programs of others",
    r"scripts/make_shipped(?!.* --check)": "trains for long, and writes into the package",
}
"""Lines that are not run, and why."""
SHORTER = {
    r"(scripts/fuzz_configs).*": r"\1 --tries 20",
    r"(scripts/fuzz_media).*": r"\1 --tries 4 --kind png npy",
    r"(scripts/kill_training).*": r"\1 --kills 1 --signals TERM --only cnn_lstm",
    r"(scripts/strangers_run).*": r"\1 --only PostScript ffconcat",
    r"(scripts/export_matrix).*": r"\1 --only flatten_lstm",
    r"(scripts/make_shipped) --check": r"\1 moving_shapes_cnn_lstm --check",
    r"scripts/write_pages.*": "scripts/write_pages --check",
    r"(lstmzoo bench (?!.*--only).*)": r"\1 --only clip_preparation",
    r"(lstmzoo bench .*)": r"\1 --quick --rounds 1",
}
"""Lines that are run in a shorter form."""
STAND_INS = {r"\bKIND\b": "cnn_lstm", r"\bNAME\b": "moving_shapes_cnn_lstm", r"\bCAMERA\b": "film.mp4"}
SMALL = {
    "moving_shapes mine": "data.num_train=32 data.num_val=16 data.num_test=16",
    "captioned_shapes": "data.num_train=64 data.num_val=16 data.num_test=16",
    "texture": "data.num_train=16 data.num_val=8 data.num_test=8",
    "blob_volumes": "data.num_train=8 data.num_val=4 data.num_test=4 data.shape=[8,16,16]",
    "drawn_lines": "data.num_train=32 data.num_val=16 data.num_test=16",
    "drawn_walkway": "data.num_train=4 data.num_val=2 data.num_test=2 data.length=16",
    "moving_digits": "data.num_train=8 data.num_val=4 data.num_test=4 data.side=32",
    "my_videos": "data.clip.size=32 data.clip.num_frames=4",
    "ucf101": "data.clip.size=32 data.clip.num_frames=4",
    "my_photos flickr8k coco": "data.image.size=32",
    "stanford_background": "data.image.size=[48,64]",
    "my_volumes": "data.volume.size=[8,16,16]",
    "my_films": "data.size=[32,32]",
    "my_camera ped2": "data.size=[32,48]",
}
"""Settings of the data, by what names of recipes begin with."""
SMALL_CNN = "model.backbone={name: small_cnn, weights: null, features: 16}"
"""In the place of one whose weights are downloaded."""
SMALL_NETWORKS = {
    "my_videos ucf101_cnn": [SMALL_CNN],
    "my_photos flickr8k coco": [SMALL_CNN, "task.java_figures=[]"],
    "my_films moving_digits_conv": ["model.units=[4,8]"],
    "moving_digits_predrnn": ["model.units=4", "model.num_layers=2"],
}
"""Settings of networks and tasks, likewise."""
TRAINING = ["train.epochs=1", "train.batch_size=4", "train.schedule.warmup_epochs=0"]
NOT_COMPILED = ["train.jit_compile=false"]
"""Compiling takes longer than a small training; workers train on JAX, which compiles always."""
_OF_DATA = ("train", "check", "data prepare", "data info", "data sample")


def why_not(step: Step) -> str:
    """Return why a line is not run; empty: it is."""
    if (step.within_text and re.fullmatch(r"lstmzoo (data )?\w+", step.text)) or "..." in step.text:
        return "names a command"
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, step.text)), "")


def small(line: str, folder: Path) -> str:
    """Return a line as it is run in a folder: smaller, and with names for what stands for any."""
    for pattern, shorter in {**SHORTER, **STAND_INS}.items():
        line = re.sub(pattern, shorter, line)
    runs = sorted((folder / "runs").glob("*"), key=lambda run: run.stat().st_mtime)
    if runs:
        line = re.sub(r"\bruns/RUN\b", f"runs/{runs[-1].name}", line)
    return re.sub(r"lstmzoo [^|&;#]*?--config \S+[^|&;#]*", lambda found: _with_small(found[0]), line)


def _with_small(call: str) -> str:
    """Return a call of the command line with small settings."""
    recipe = re.search(r"--config (\S+?)(?:\.yaml)?(?=\s|$)", call)
    name = recipe[1] if recipe else ""
    command = re.search(rf"\b({'|'.join(_OF_DATA)})\b", call)
    if command is None or name.startswith("smoke/"):
        return call
    settings = [one for words in _of(name, SMALL) for one in words.split()]
    if command[1] in ("train", "check"):
        settings += [one for more in _of(name, SMALL_NETWORKS) for one in more] + TRAINING
        settings += [] if "--workers" in call else NOT_COMPILED
    return " ".join([call.rstrip(), *(f"--set {shlex.quote(one)}" for one in settings)]) + " "


def _of(name: str, table: dict) -> list:
    return [value for starts, value in table.items() if any(name.startswith(start) for start in starts.split())]

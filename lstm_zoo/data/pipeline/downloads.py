"""What comes over the network: TFDS data sets and UCF101's archives, with errors that say what to put where."""

from __future__ import annotations

import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path

import tensorflow_datasets as tfds

from ...console.text import did_you_mean, first_line
from ...contracts import InputError
from ...disk.failures import DiskError, explained, telling
from ...disk.making import making
from ...media.patience import network_patience
from .data_place import writing_to
from .preparing_once import is_whole, preparing_once

_COMPLETE = "complete"
_NO_NETWORK = "is there a network?"


def tfds_builder(name: str, data_dir: Path | None) -> tfds.core.DatasetBuilder:
    """Return a TFDS data set, which may not be prepared yet.

    Raises:
        InputError: There is no such data set.
    """
    try:
        return tfds.builder(name, data_dir=data_dir, try_gcs=False)
    except tfds.core.DatasetNotFoundError:
        hint = did_you_mean(name.split("/")[0], tfds.list_builders())
        raise InputError("data.name", f"TFDS has no data set '{name}'{hint}") from None
    except ValueError as error:
        raise InputError("data.name", f"TFDS does not take '{name}': {first_line(error)}") from None


def is_prepared(name: str, data_dir: Path | None) -> bool:
    """Say whether a TFDS data set lies prepared in a place."""
    return is_whole(Path(tfds_builder(name, data_dir).data_dir))


def prepared(
    builder: tfds.core.DatasetBuilder, key: str = "data.name", otherwise: str = ""
) -> tfds.core.DatasetBuilder:
    """Let TFDS download and prepare a data set if it was not.

    Args:
        builder: The data set.
        key: The setting to name in errors.
        otherwise: What else the user can do, with "or" in front.

    Raises:
        InputError: It cannot be downloaded or prepared here.
        DiskError: The disk is full, or the folder cannot be written.
    """
    tfds.enable_progress_bar()
    with network_patience(), redirect_stdout(sys.stderr):
        try:
            with telling(builder.data_dir, "data.data_dir"), preparing_once(builder) as missing:
                if missing:
                    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
        except DiskError:
            raise
        except Exception as error:  # whatever TFDS, requests or ffmpeg raise: the user needs the place and the reason
            films = any(isinstance(feature, tfds.features.Video) for feature in (builder.info.features or {}).values())
            no_ffmpeg = films and not shutil.which("ffmpeg")
            ffmpeg = " The ffmpeg program, which TFDS calls, is missing too." if no_ffmpeg else ""
            raise InputError(
                key,
                f"TFDS could not prepare '{builder.name}' ({first_line(error)}); {_NO_NETWORK}{ffmpeg} Prepare it "
                f"elsewhere and copy it to {builder.data_dir}{otherwise and f', {otherwise}'}",
            ) from error
    return builder


def download_ucf101(data_dir: Path | None, videos: str, lists: str) -> Path:
    """Download UCF101 from TFDS's addresses, and lay it out as `videos/<Class>/<clip>.avi` beside `lists/`.

    Args:
        data_dir: Where TFDS keeps its data; None for its default.
        videos: Name of the folder of the videos.
        lists: Name of the folder of the official lists.

    Raises:
        InputError: The archives cannot be had.
        DiskError: The disk is full, or the folder cannot be written.
    """
    root = _place_of_ucf101(data_dir)
    with writing_to(root), making(root / _COMPLETE, f"downloads UCF101 to {root}") as missing:
        if missing:
            _download_ucf101(root, videos, lists)
    return root


def _download_ucf101(root: Path, videos: str, lists: str) -> None:
    from tensorflow_datasets.video import ucf101

    store = root.parent
    tfds.enable_progress_bar()
    with network_patience(), redirect_stdout(sys.stderr):
        try:
            manager = tfds.download.DownloadManager(download_dir=store, register_checksums=False)
            found = manager.download_and_extract({"videos": ucf101.UCF_101_URL, "lists": ucf101.SPLITS_URL})
        except Exception as error:  # as above
            if explained(error):
                raise
            raise InputError(
                "data.root",
                f"UCF101 could not be downloaded ({first_line(error)}); {_NO_NETWORK} Else fetch the videos "
                f"({ucf101.UCF_101_URL}) and the lists ({ucf101.SPLITS_URL}) by other means, unpack both into one "
                f"folder as {videos}/<Class>/v_<Class>_gXX_cYY.avi beside {lists}/, and set data.root to it",
            ) from error
    _lay_out(Path(found["videos"]), Path(found["lists"]), root, videos, lists)


def has_ucf101(data_dir: Path | None) -> bool:
    """Say whether UCF101 was downloaded to a place, and laid out there."""
    return (_place_of_ucf101(data_dir) / _COMPLETE).is_file()


def _place_of_ucf101(data_dir: Path | None) -> Path:
    store = Path(data_dir or tfds.core.constants.DATA_DIR).expanduser().absolute() / "downloads"  # links need it
    return store / "ucf101_local_copy"


def _lay_out(unpacked_videos: Path, unpacked_lists: Path, root: Path, videos: str, lists: str) -> None:
    """Link the unpacked files into UCF101's own layout; the archive keeps all videos in one folder."""
    for part in (root / videos, root / lists):
        shutil.rmtree(part, ignore_errors=True)
    found = next(unpacked_lists.rglob("classInd.txt"), None)
    clips = sorted(unpacked_videos.rglob("v_*.avi"))
    if found is None or not clips:
        raise InputError("data.root", f"the downloaded archives below {unpacked_videos.parent} are not UCF101's")
    shutil.copytree(found.parent, root / lists)
    classes = {line.split()[1].lower(): line.split()[1] for line in found.read_text().splitlines() if line.strip()}
    for clip in clips:
        spelt = clip.name.split("_")[1]  # the archive has HandStandPushups where the class is HandstandPushups
        class_name = classes.get(spelt.lower(), spelt)
        folder = root / videos / class_name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / clip.name.replace(spelt, class_name)).symlink_to(clip)
    (root / _COMPLETE).touch()

"""Preparing and reading clips, against an OpenCV loop and against bare decoding."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..console.cores import num_cores
from .row import Contender, Context, Row, Work, repeated

if TYPE_CHECKING:
    from ..contracts import Splits

_SHORT_SIDE, _SIZE, _FRAMES, _BATCH = 128, 112, 16, 8
_CORES = num_cores()


def clip_preparation(context: Context) -> list[Row]:
    """Videos to JPEG frames, every frame kept and 8 a second; one unit is all videos."""

    def row(max_fps: float | None, kept: str) -> Row:
        contenders = {
            "ours": Contender(partial(_prepare_again, max_fps)),
            "OpenCV loop": Contender(partial(_opencv_to_jpeg, max_fps), "cv2"),
            "bare decoding": Contender(_bare_decoding, "av"),
        }
        return Row(f"preparing videos, {kept}", "pass", contenders, setup=draw_videos)

    return [row(None, "all frames"), row(8, "8 frames/s")]


def clip_reading(context: Context) -> list[Row]:
    """Prepared clips, 16 frames at 112 px, as training reads them: a small set is kept decoded, a large one is not."""

    def row(keep_decoded: bool, how: str) -> Row:
        contenders = {
            "ours": Contender(partial(_read, keep_decoded)),
            "OpenCV loop": Contender(_opencv_to_clips, "cv2"),
            "JPEG decoding alone": Contender(_decode_jpeg),
        }
        return Row(f"reading clips, {how}", f"{_BATCH} clips", contenders, setup=prepare)

    return [row(True, "kept decoded"), row(False, "decoded each time")]


def videos_of(context: Context) -> Path:
    """Return the folder of videos: the user's, or that of the drawn ones."""
    return context.videos or context.scratch / "videos"


def draw_videos(context: Context) -> None:
    """Write videos of moving shapes, 4 seconds at 15 frames a second, unless there are some."""
    import av

    from ..data.videos.moving_shapes import CLASS_NAMES, draw_clip

    folder = videos_of(context)
    if folder.exists():
        return
    count, frames, side = (1, 20, 48) if context.quick else (16, 60, 288)
    for label, number in itertools.product(CLASS_NAMES[:2], range(count)):
        path = folder / label / f"{number}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=15)
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
            for picture in draw_clip(label, frames, side, np.random.default_rng([number])):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())


def prepare(context: Context) -> None:
    """Prepare the videos in the scratch folder."""
    draw_videos(context)
    prepared(context)


def prepared(context: Context, max_fps: float | None = None, data_dir: Path | None = None) -> Splits:
    """Return the videos as prepared clips, all in the training split."""
    from ..data.videos.clip_config import ClipConfig
    from ..data.videos.video_folder import VideoFolder

    return VideoFolder(
        root=videos_of(context),
        data_dir=data_dir or context.scratch / "prepared",
        short_side=_SHORT_SIDE,
        max_fps=max_fps,
        min_frames=1,
        val_fraction=0,
        test_fraction=0,
        clip=ClipConfig(num_frames=_FRAMES, size=_SIZE),
    ).load()


def _files(context: Context) -> list[Path]:
    from ..data.videos.clip_files import clips_below

    return clips_below(videos_of(context))


def _prepare_again(max_fps: float | None, context: Context) -> Work:
    def prepare_all() -> None:
        with tempfile.TemporaryDirectory(dir=context.scratch) as folder:
            prepared(context, max_fps, Path(folder))

    return repeated(prepare_all)


def _bare_decoding(context: Context) -> Work:
    """Return the decoding of all frames by PyAV, one decoder a thread, with nothing converted."""
    import av

    files = _files(context)

    def decode(file: Path) -> int:
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            return sum(1 for _ in container.decode(stream))

    def decode_all() -> None:
        with ThreadPoolExecutor(_CORES) as pool:
            list(pool.map(decode, files))

    return repeated(decode_all)


def _opencv_to_clips(context: Context) -> Work:
    """Return a loop that reads files with OpenCV, scales and recolours every frame, and keeps 16 of them."""
    import cv2

    files = itertools.cycle(_files(context))

    def batch() -> None:
        for file in itertools.islice(files, _BATCH):
            scaled = [cv2.resize(frame, (_SIZE, _SIZE)) for frame, _ in _opencv_frames(file)]
            frames = [cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in scaled]
            np.stack([frames[index] for index in np.linspace(0, len(frames) - 1, _FRAMES).astype(int)])

    return repeated(batch)


def _opencv_to_jpeg(max_fps: float | None, context: Context) -> Work:
    """Return a loop that reads all files with OpenCV and makes scaled JPEGs of the frames that are to be kept."""
    import cv2

    files = _files(context)

    def convert_all() -> None:
        for file in files:
            due = 0.0
            for frame, seconds in _opencv_frames(file):
                if max_fps and seconds < due:
                    continue
                due += 1 / (max_fps or 1)
                height, width = frame.shape[:2]
                scale = _SHORT_SIDE / min(height, width)
                scaled = cv2.resize(frame, (round(width * scale), round(height * scale)))
                cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, 90])

    return repeated(convert_all)


def _opencv_frames(file: Path) -> Iterator[tuple[Any, float]]:
    """Yield all frames of a file, with their times in seconds."""
    import cv2

    capture = cv2.VideoCapture(str(file))
    rate = capture.get(cv2.CAP_PROP_FPS) or 25
    for number in itertools.count():
        ok, frame = capture.read()
        if not ok:
            break
        yield frame, number / rate
    capture.release()


def _read(keep_decoded: bool, context: Context) -> Work:
    """Return batches of the training stream."""
    from ..data.pipeline import stored

    if not keep_decoded:
        stored.KEPT_BYTES = 0
    batches = iter(prepared(context).train_stream(_BATCH, seed=0))
    return repeated(lambda: next(batches))


def _decode_jpeg(context: Context) -> Work:
    """Return the decoding of 16 stored frames a clip, all cores at work, and nothing else."""
    import tensorflow as tf

    records = prepared(context)._stored.records("train")
    frames = records.map(lambda record: record["video"][:_FRAMES]).cache().repeat()

    def decode(video: tf.Tensor) -> tf.Tensor:
        pictures = tf.map_fn(lambda frame: tf.io.decode_jpeg(frame, channels=3), video, fn_output_signature=tf.uint8)
        return pictures[0, 0, 0, 0]

    batches = iter(frames.map(decode, num_parallel_calls=_CORES).batch(_BATCH).prefetch(2))
    return repeated(lambda: next(batches))

import io
import os
import signal
import subprocess
import sys
import threading
import time

import av
import numpy as np
import pytest
from conftest import write_video
from PIL import Image

from lstm_zoo.media.errors import MediaError
from lstm_zoo.media.videos import live_frames, read_video


def shapes(video):
    return {Image.open(io.BytesIO(frame)).size for frame in video.frames}


def test_frames_are_scaled_to_the_short_side_and_never_enlarged(tmp_path):
    file = write_video(tmp_path / "wide.mp4", 5, size=(64, 32))
    assert shapes(read_video(file, 16)) == {(32, 16)}
    assert shapes(read_video(file, 100)) == {(64, 32)}
    assert len(read_video(file, 16).frames) == 5
    assert read_video(file, 16).seconds == pytest.approx(5 / 8, abs=0.01)


@pytest.mark.parametrize(("max_fps", "kept"), [(None, 24), (24, 24), (8, 8), (5, 5), (1, 1)])
def test_frame_rate_is_capped(tmp_path, max_fps, kept):
    video = read_video(write_video(tmp_path / "clip.mp4", 24, fps=24), 24, max_fps)
    assert len(video.frames) == kept
    assert video.seconds == pytest.approx(1, abs=1 / 24 + 0.01 if max_fps != 5 else 0.1)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "mpeg4"), ("a.mkv", "mpeg4"), ("a.mov", "mpeg4"), ("a.webm", "vp8")]
)
def test_containers_are_read(tmp_path, name, codec):
    if codec == "vp8":
        codec = "libvpx"
    video = read_video(write_video(tmp_path / name, 6, codec=codec), 24)
    brightness = [np.asarray(Image.open(io.BytesIO(frame))).mean() for frame in video.frames]
    assert len(brightness) == 6 and (np.diff(brightness) > 2).all()  # in order of time


def test_gif_is_read(tmp_path):
    frames = [Image.fromarray(np.full((20, 30, 3), shade, np.uint8)) for shade in (0, 90, 180)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    assert len(read_video(tmp_path / "a.gif", 20).frames) == 3


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no such file"), (b"", "0 bytes"), (b"text" * 99, "[Ii]nvalid data")]
)
def test_what_is_no_video_gives_its_reason(tmp_path, content, reason):
    file = tmp_path / "clip.mp4"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        read_video(file, 24)


def test_upright_videos_come_upright(tmp_path):
    """A display matrix of a quarter turn, as telephones write it, is obeyed."""
    file = write_video(tmp_path / "clip.mp4", 4, size=(64, 32), shade=250)
    data = bytearray(file.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes after the name
    one, minus = (1 << 16).to_bytes(4, "big"), ((1 << 32) - (1 << 16)).to_bytes(4, "big")
    zero = bytes(4)
    matrix = b"".join([zero, one, zero, minus, zero, zero, zero, zero, (1 << 30).to_bytes(4, "big")])
    assert data[start : start + 4] == one
    data[start : start + 36] = matrix  # the picture is to be turned clockwise by a quarter
    file.write_bytes(bytes(data))
    video = read_video(file, 32)
    assert shapes(video) == {(32, 64)}
    upright = np.asarray(Image.open(io.BytesIO(video.frames[0]))).astype(int)
    assert upright[:20, :, 0].mean() > upright[-20:, :, 0].mean() + 100  # the left half, red, has come to the top


FRAGMENTS = {"movflags": "frag_every_frame+empty_moov"}


class Sender:
    """Gives bytes as a pipe does: a few at a time, and never again."""

    def __init__(self, content):
        self.content, self.sent = content, 0

    def seekable(self):
        return False

    def read(self, size):
        raise AssertionError("waits for a full buffer")

    def read1(self, size):
        part = self.content[self.sent : self.sent + min(size, 500)]
        self.sent += len(part)
        return part


def streamed(container, **options):
    """Return 48 noisy pictures of 192 x 144 px, 8 a second, that grow brighter."""
    sent = io.BytesIO()
    random = np.random.default_rng(0)
    with av.open(sent, "w", format=container, options=options) as taken:
        stream = taken.add_stream("mjpeg" if container == "mjpeg" else "mpeg4", rate=8)
        stream.width, stream.height, stream.bit_rate = 192, 144, 2_000_000
        stream.pix_fmt = "yuvj420p" if container == "mjpeg" else "yuv420p"
        for number in range(48):
            picture = random.integers(4 * number, 4 * number + 40, (144, 192, 3), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                taken.mux(packet)
        for packet in stream.encode():
            taken.mux(packet)
    return sent.getvalue()


@pytest.mark.parametrize("container", ["matroska", "mpegts", "mp4", "avi", "nut", "mjpeg"])
def test_frames_of_a_pipe_come_before_its_end(container):
    content = streamed(container, **(FRAGMENTS if container == "mp4" else {}))
    sender = Sender(content)
    frames = live_frames(sender, 16)
    first = next(frames)
    assert first.seconds == 0 and first.picture.shape == (16, 21, 3) and first.picture.dtype == np.uint8
    assert sender.sent < len(content) * 0.6
    seconds, pictures = zip(first, *frames, strict=True)
    rate = 25 if container == "mjpeg" else 8  # bare pictures tell no times
    np.testing.assert_allclose(seconds, np.arange(48) / rate, atol=0.002)
    assert (np.diff([picture.mean() for picture in pictures]) > 0).all()


def test_live_frames_are_those_that_are_stored(tmp_path):
    file = write_video(tmp_path / "clip.mp4", 24, size=(64, 48), fps=24)
    for max_fps in (None, 5):
        stored = [np.asarray(Image.open(io.BytesIO(frame))) for frame in read_video(file, 24, max_fps).frames]
        for source in (file, io.BytesIO(file.read_bytes())):
            live = [frame.picture for frame in live_frames(source, 24, max_fps)]
            assert len(live) == len(stored)
            assert np.abs(np.array(live, int) - np.array(stored, int)).mean() < 4  # JPEG


def test_folders_of_pictures_and_arrays_come_as_they_are_stored(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (6, 30, 40, 3), np.uint8)
    np.save(tmp_path / "array.npy", frames)
    (tmp_path / "folder").mkdir()
    for number, frame in enumerate(frames, 8):
        Image.fromarray(frame).save(tmp_path / "folder" / f"{number}.png")
    for source in (tmp_path / "folder", tmp_path / "array.npy"):
        seconds, pictures = zip(*live_frames(source, 30, pictures_fps=10), strict=True)
        np.testing.assert_allclose(seconds, np.arange(6) / 10)
        np.testing.assert_array_equal(pictures, frames)
        assert len(list(live_frames(source, 30, fps=5, pictures_fps=10))) == 3


def test_a_named_pipe_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    content = streamed("matroska")
    sender = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[content])
    sender.start()
    assert len(list(live_frames(tmp_path / "pipe", 24))) == 48
    sender.join()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", r"nothing came \(0 bytes\); a pipe needs .*-f matroska -"), (b"text" * 99, "Invalid data .*-f matroska -")],
)
def test_a_useless_pipe_gives_its_reason(content, reason):
    with pytest.raises(MediaError, match=reason):
        next(live_frames(Sender(content), 24))


def test_a_file_that_cannot_be_streamed_says_what_can(tmp_path):
    content = streamed("mp4")  # its table of contents stands at the end
    with pytest.raises(MediaError, match="-f matroska -"):
        next(live_frames(Sender(content), 24))
    with pytest.raises(MediaError, match="is a folder without pictures"):
        next(live_frames(tmp_path, 24))


def test_a_stream_that_breaks_off_gives_what_came():
    content = streamed("mp4", **FRAGMENTS)
    came = []
    with pytest.raises(MediaError, match=r"^breaks off after (\d+) frames: [^;]*$") as caught:
        came.extend(live_frames(Sender(content[: len(content) * 2 // 3]), 24))
    assert 24 < len(came) < 48 and f"after {len(came)} frames" in str(caught.value)


@pytest.mark.parametrize("share", [0, 1], ids=["opening", "reading"])
def test_a_silent_pipe_can_be_interrupted(share):
    content = streamed("matroska")
    program = (
        "import sys\nfrom lstm_zoo.media.videos import live_frames\nprint('ready', flush=True)\n"
        "try:\n  for frame in live_frames(sys.stdin.buffer, 24): print('frame', flush=True)\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as process:
        rescue = threading.Timer(120, process.kill)
        rescue.start()
        process.stdin.write(content[: len(content) * share])
        process.stdin.flush()  # and stays open
        for _ in range(1 + 20 * share):
            process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said, errors = process.stdout.read(), process.stderr.read()
        rescue.cancel()
    assert said.endswith(b"interrupted\n") and not errors

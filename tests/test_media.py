import io

import numpy as np
import pytest
from conftest import write_video
from PIL import Image

from lstm_zoo.media import MediaError, read_video


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

"""Files that are not what their names say: no program is started, no other file opened, nothing waited for."""

import io
import os
import subprocess

import av
import pytest
from conftest import reason, write_image, write_video
from PIL import Image

from lstm_zoo.data.pipeline.finding import files_below, read_text, told_left_out
from lstm_zoo.media.films.film import opened_film
from lstm_zoo.media.formats import FILM_OPTIONS, picture_formats
from lstm_zoo.media.images import image_size, read_image
from lstm_zoo.media.label_maps import read_array
from lstm_zoo.media.videos import read_video

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\n0 0 moveto showpage\n%%EOF\n"


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.eps"])
def test_postscript_starts_no_program(name, tmp_path, monkeypatch, read_here):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    (tmp_path / name).write_bytes(POSTSCRIPT)
    with Image.open(tmp_path / name) as image:
        assert image.format == "EPS"  # to Pillow, left alone
    assert reason(read_image, tmp_path / name) == "is no image that can be read"
    assert reason(image_size, tmp_path / name) == "is no image that can be read"


def test_formats_of_pictures_are_named():
    assert {"JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"} <= set(picture_formats())
    assert not {"EPS", "IPTC", "WMF", "HDF5", "GRIB", "BUFR", "MPEG"} & set(picture_formats())


LISTS = {
    "list.mp4": "ffconcat version 1.0\nfile 'secret.mp4'\n",
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsecret.mp4\n#EXT-X-ENDLIST\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5555 RTP/AVP 96\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_films_are_no_films(name, tmp_path):
    write_video(tmp_path / "secret.mp4")
    (tmp_path / name).write_text(LISTS[name])
    reason(read_video, tmp_path / name, 24)
    if name == "list.mp4":
        assert av.open(str(tmp_path / name)).format.name == "concat"  # to FFmpeg, left alone
        assert reason(read_video, tmp_path / name, 24).startswith("is no film of a format that is read")
    with pytest.raises((ValueError, av.error.FFmpegError)), opened_film(io.BytesIO((tmp_path / name).read_bytes())):
        pytest.fail("it was opened")


def test_numbered_pictures_are_not_looked_for(tmp_path):
    write_image(tmp_path / "x1.png")
    (tmp_path / "x%d.png").write_bytes(b"-")
    reason(read_video, tmp_path / "x%d.png", 24)
    allowed = FILM_OPTIONS["format_whitelist"].split(",")
    assert not {"image2", "concat", "hls", "dash", "sdp", "rtsp", "lavfi", "imf", "vobsub"} & set(allowed)


@pytest.mark.parametrize("read", [read_image, image_size, read_array, lambda path: read_video(path, 24)])
def test_pipes_are_not_waited_for(read, tmp_path):
    os.mkfifo(tmp_path / "x.png")
    assert reason(read, tmp_path / "x.png") == "is a pipe, device or socket; expected a file"


def test_what_is_no_file_is_left_out_and_told(tmp_path):
    write_image(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    os.mkfifo(tmp_path / "c")
    (tmp_path / "null.png").symlink_to("/dev/null")
    (tmp_path / "gone.png").symlink_to("nowhere.png")  # which is told when it is read
    assert [path.name for path in files_below(tmp_path)] == ["a.png", "gone.png"]
    told = told_left_out(tmp_path, [tmp_path / "a.png", tmp_path / "gone.png"])
    assert told == [f"left out below {tmp_path}: 3 no files (pipes, devices, sockets) (b.png, c, null.png)"]
    with pytest.raises(ValueError, match=r"data\.table: .*c is a pipe, device or socket; expected a file"):
        read_text(tmp_path / "c", "data.table")


@pytest.mark.parametrize(
    ("header", "refused"),
    [
        ("scan.mhd", "ElementDataFile = ../secret.raw"),
        ("scan.mhd", "ElementDataFile = LIST\na.raw\n/secret.raw"),
        ("scan.nhdr", "NRRD0004\ndata file: /secret.raw"),
    ],
)
def test_headers_of_volumes_do_not_lead_elsewhere(header, refused, tmp_path):
    from lstm_zoo.media.itk_volumes import _check_data_file

    (tmp_path / header).write_text(f"{refused}\n")
    assert "secret.raw, outside of its folder" in reason(_check_data_file, tmp_path / header)
    (tmp_path / header).write_text(f"{refused.replace('../', '').replace('/', '')}\n")
    _check_data_file(tmp_path / header)

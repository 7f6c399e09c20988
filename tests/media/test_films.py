"""Films of other people: when their frames are shown, what is missing of them, how they stand, and what is no film."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from conftest import reason, write_image, write_video
from PIL import Image

from lstm_zoo.media.videos import live_frames, read_video


def write_film(path, times, codec="mpeg4", size=(32, 24), colour=None, **options):
    """Write a film whose frames are shown at some times, in seconds, and grow brighter."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(times):
            shade = 20 + 200 * number // len(times)
            picture = np.full((size[1], size[0], 3), shade, np.uint8) if colour is None else colour
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def steadily(count, start=0.0):
    return [start + number / 25 for number in range(count)]


def pictures(video):
    return [np.asarray(Image.open(io.BytesIO(frame))).astype(int) for frame in video.frames]


def shades(video):
    return [picture.mean() for picture in pictures(video)]


@pytest.mark.parametrize("name", ["a.avi", "a.mp4"])
def test_frames_that_a_decoder_holds_back_come_in_order_and_in_time(tmp_path, name):
    """AVI does not keep when frames are shown."""
    file = write_film(tmp_path / name, steadily(40), "libx264", bf="3", b_strategy="0")
    video = read_video(file, 24)
    assert len(video.frames) == 40 and (np.diff(shades(video)) > 2).all()
    assert video.times.tolist() == list(range(40)) and video.seconds == pytest.approx(1.6, abs=0.001)
    np.testing.assert_allclose([frame.seconds for frame in live_frames(file, 24)], steadily(40), atol=0.001)
    thinned = shades(read_video(file, 24, max_fps=5))
    np.testing.assert_allclose(thinned, shades(video)[::5], atol=1)


def test_a_clock_that_jumps_does_not_stop_the_film(tmp_path):
    parts = [
        write_film(tmp_path / f"{start}.ts", steadily(20, start), "libx264").read_bytes() for start in (50, 3, 500)
    ]
    file = tmp_path / "joined.ts"
    file.write_bytes(b"".join(parts))
    video = read_video(file, 24)
    assert video.times.tolist() == list(range(60)) and video.seconds == pytest.approx(2.4, abs=0.01)
    assert video.remarks == ("2 time(s) the clock jumps; the film goes on as if it did not",)
    np.testing.assert_allclose([frame.seconds for frame in live_frames(file, 24)], steadily(60), atol=0.001)
    assert len(read_video(file, 24, max_fps=5).frames) == 12

    hour = write_film(tmp_path / "set.mkv", steadily(20) + steadily(20, 3600))
    assert read_video(hour, 24).seconds == pytest.approx(1.6, abs=0.05)
    pause = write_film(tmp_path / "pause.mkv", steadily(20) + steadily(20, 20.8))  # a picture may stand still
    assert read_video(pause, 24).seconds == pytest.approx(21.6, abs=0.05)


def test_frames_keep_their_times_where_the_rate_changes(tmp_path):
    times = [0.0, 0.25, 0.5, 0.75, *(1 + number / 25 for number in range(25))]
    file = write_film(tmp_path / "two_rates.mkv", times)
    video = read_video(file, 24)
    assert video.seconds == pytest.approx(2, abs=0.005)
    np.testing.assert_allclose(video.times * video.seconds / len(video.times), times, atol=0.005)
    gif = [Image.new("L", (30, 20), shade) for shade in (0, 90, 180)]
    gif[0].save(tmp_path / "a.gif", save_all=True, append_images=gif[1:], duration=[100, 500, 2400])
    video = read_video(tmp_path / "a.gif", 20)
    assert video.seconds == pytest.approx(3) and video.times.tolist() == pytest.approx([0, 0.1, 0.6])
    np.testing.assert_allclose([frame.seconds for frame in live_frames(tmp_path / "a.gif", 20)], [0, 0.1, 0.6])


def test_a_segment_begins_with_the_frame_that_is_on_display(tmp_path):
    file = write_film(tmp_path / "a.mkv", [0.0, 0.5, 1.0, 1.5, *steadily(25, 2.0)])
    all_shades = shades(read_video(file, 24))

    def shown(start, end):
        video = read_video(file, 24, between=(start, end))
        return [int(np.abs(np.array(all_shades) - shade).argmin()) for shade in shades(video)]

    assert shown(0.5, 1.5) == [1, 2]
    assert shown(0.7, 2.0) == [1, 2, 3]
    assert shown(2.2, 2.4) == [9, 10, 11, 12, 13]
    assert shown(2.8, None) == [24, 25, 26, 27, 28]
    assert read_video(file, 24, between=(2.0, 9)).remarks == ("it ends at 3.00 s, before the segment does (9 s)",)
    assert "from 7 s on" in reason(lambda: read_video(file, 24, between=(7, None)))


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_a_segment_is_as_long_as_asked_for_though_its_last_frame_is_shown_longer(tmp_path, ending):
    file = write_film(tmp_path / f"a.{ending}", [0, 0.1, 0.2, 0.3, 3.0, 3.1, 9.0, 9.1])
    for (start, end), starts in {(0, 2): [0, 0.1, 0.2, 0.3], (0.2, 4): [0, 0.1, 2.8, 2.9], (4, 8): [0]}.items():
        video = read_video(file, 24, between=(start, end))
        assert (round(video.seconds, 2), video.remarks) == (end - start, ())
        np.testing.assert_allclose(video.times, np.array(starts) * len(starts) / (end - start), atol=0.02)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.avi", "mpeg4"),
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx"),
        ("a.flv", "flv"),
        ("a.mp4", "mpeg4"),
        ("a.wmv", "wmv2"),
    ],
)
def test_a_file_that_is_cut_off_is_named(tmp_path, name, codec):
    file = write_video(tmp_path / name, 50, size=(64, 48), fps=25, codec=codec)
    assert len(read_video(file, 24).frames) == 50
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 6 // 10])
    assert "breaks off" in reason(read_video, file, 24)


def test_a_gif_that_is_cut_off_is_named(tmp_path):
    first, *others = (Image.fromarray(np.random.default_rng(k).integers(0, 255, (48, 64), np.uint8)) for k in range(9))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=100)
    assert len(read_video(tmp_path / "a.gif", 24).frames) == 9
    content = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(content[: len(content) * 6 // 10])
    assert reason(read_video, tmp_path / "a.gif", 24) == "breaks off: its end mark is missing"


def test_damaged_packets_cost_their_frames(tmp_path):
    file = write_film(tmp_path / "a.mov", steadily(40), "mjpeg", size=(64, 48))
    content = bytearray(file.read_bytes())
    with av.open(str(file)) as container:
        packets = [packet for packet in container.demux() if packet.size]
        for packet in packets[10:13]:
            content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    file.write_bytes(content)
    video = read_video(file, 24)
    assert len(video.frames) == 37 and video.seconds == pytest.approx(1.6, abs=0.01)
    assert video.remarks == ("3 packet(s) cannot be decoded",)
    assert len(list(live_frames(file, 24))) == 37


CORNERS = np.zeros((24, 32, 3), np.uint8)
CORNERS[:12, :16, 0] = CORNERS[:12, 16:, 1] = CORNERS[12:, :16, 2] = 250


@pytest.mark.parametrize(
    ("matrix", "seen"),
    [
        ((-1, 0, 0, 1), CORNERS[:, ::-1]),
        ((1, 0, 0, -1), CORNERS[::-1]),
        ((0, 1, -1, 0), np.rot90(CORNERS, -1)),
        ((0, 1, 1, 0), CORNERS.swapaxes(0, 1)),
    ],
    ids=["mirrored", "upside down and mirrored", "clockwise", "mirrored along the diagonal"],
)
def test_frames_are_turned_and_mirrored(tmp_path, matrix, seen):
    file = write_film(tmp_path / "a.mp4", steadily(3), colour=CORNERS)
    content = bytearray(file.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    a, b, c, d = ((value << 16).to_bytes(4, "big", signed=True) for value in matrix)
    content[start : start + 20] = a + b + bytes(4) + c + d
    file.write_bytes(content)
    for shown in (pictures(read_video(file, 24))[0], next(live_frames(file, 24)).picture):
        assert shown.shape == seen.shape
        assert np.abs(shown[4:-4:5, 4:-4:5] - seen[4:-4:5, 4:-4:5].astype(int)).mean() < 30


def test_pixels_that_are_no_squares_are_stretched(tmp_path):
    file = tmp_path / "a.mkv"
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 48, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    assert pictures(read_video(file, 24))[0].shape == (24, 32, 3)
    assert next(live_frames(file, 60)).picture.shape == (48, 64, 3)


def test_what_is_no_film_is_told(tmp_path):
    assert reason(read_video, write_image(tmp_path / "photo.jpg"), 24) == "is a single picture, no film"
    (tmp_path / "film.nfo").write_text("a note of a media library\n" * 9)
    assert reason(read_video, tmp_path / "film.nfo", 24) == "is text, no film"
    with av.open(str(tmp_path / "song.mp3"), "w") as container:
        sound = container.add_stream("mp3", rate=44100)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 24, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        samples = av.AudioFrame.from_ndarray(np.zeros((2, 1152), np.float32), "fltp", "stereo")
        samples.sample_rate = 44100
        container.mux(cover.encode(av.VideoFrame.from_ndarray(CORNERS, "rgb24")))
        container.mux(sound.encode(samples))
        container.mux(sound.encode())
    assert (
        reason(read_video, tmp_path / "song.mp3", 24)
        == "is no film: it holds sound and nothing to see but a cover picture"
    )


def test_pictures_of_a_folder_are_a_film(tmp_path):
    for number in (1, 2, 10):
        Image.new("RGB", (32, 24), (20 * number,) * 3).save(tmp_path / f"img_{number}.png")
        Image.new("L", (32, 24)).save(tmp_path / f"flow_x_{number}.jpg")
    (tmp_path / "Thumbs.db").write_bytes(b"-")
    video = read_video(tmp_path, 24, pictures_fps=5)
    np.testing.assert_allclose(shades(video), [20, 40, 200], atol=2)
    assert video.times.tolist() == [0, 1, 2] and video.seconds == pytest.approx(0.6)
    assert video.remarks == ("3 file(s) beside the frames left out: flow_x_1.jpg, flow_x_10.jpg, flow_x_2.jpg",)
    np.testing.assert_allclose(shades(read_video(tmp_path, 24, between=(0.2, 0.4), pictures_fps=5)), [40], atol=2)
    for number in range(3):
        (tmp_path / "flower").mkdir(exist_ok=True)
        Image.new("L", (32, 24), 40 * number).save(
            tmp_path / "flower" / f"flower_{number}.{('png', 'PNG')[number % 2]}"
        )
    np.testing.assert_allclose(shades(read_video(tmp_path / "flower", 24)), [0, 40, 80], atol=2)
    Image.new("RGB", (16, 24)).save(tmp_path / "img_3.png")
    assert reason(read_video, tmp_path, 24) == "img_3.png is 16 x 24 px, but img_1.png is 32 x 24 px"
    Image.new("RGB", (32, 24)).save(tmp_path / "cover.png")
    assert "2 series of pictures (cover.png, img_#.png)" in reason(read_video, tmp_path, 24)
    (tmp_path / "empty").mkdir()
    assert "a folder without pictures" in reason(read_video, tmp_path / "empty", 24)


def test_arrays_of_frames_are_a_film(tmp_path):
    frames = np.repeat(np.arange(0, 250, 10, dtype=np.uint8), 20 * 30 * 3).reshape(25, 20, 30, 3)
    np.save(tmp_path / "a.npy", frames)
    np.savez_compressed(tmp_path / "a.npz", frames[..., 0])
    for name in ("a.npy", "a.npz"):
        video = read_video(tmp_path / name, 24)
        assert video.seconds == pytest.approx(1)
        np.testing.assert_allclose(shades(video), np.arange(0, 250, 10), atol=2)
    np.save(tmp_path / "a.npy", frames.transpose(0, 3, 1, 2))
    assert "the shape (25, 3, 20, 30); expected" in reason(read_video, tmp_path / "a.npy", 24)
    np.save(tmp_path / "a.npy", frames / 255)
    assert "holds float64" in reason(read_video, tmp_path / "a.npy", 24)
    np.savez(tmp_path / "a.npz", a=frames, b=frames)
    assert reason(read_video, tmp_path / "a.npz", 24) == "holds 2 arrays (a, b); expected one, of frames"


def test_many_frames_lie_on_disk(monkeypatch):
    from lstm_zoo.media.films import frame_store

    monkeypatch.setattr(frame_store, "_IN_MEMORY", 10)
    store, frames = frame_store.FrameStore(), [bytes([number]) * (number + 1) for number in range(9)]
    for frame in frames:
        store.append(frame)
    assert list(store) == frames and store[2:8:2] == frames[2:8:2] and store[-1] == frames[-1]
    assert len(store._frames) < 9


def damaged(path, original, place, value):
    content = bytearray(original)
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


def test_frames_that_are_lost_are_told(tmp_path):
    """FFmpeg goes on behind damage, and ends at what looks like an end, without a word."""
    mkv = write_video(tmp_path / "a.mkv", 30, size=(64, 48), fps=25).read_bytes()
    assert read_video(tmp_path / "a.mkv", 24).remarks == ()
    with av.open(str(tmp_path / "a.mkv")) as container:
        places = [packet.pos for packet in container.demux() if packet.size]
    video = read_video(damaged(tmp_path / "b.mkv", mkv, places[28], bytes(4)), 24)
    assert len(video.frames) == 28 and video.remarks == ("its header tells 1.20 s, but there are 1.12 s",)
    webm = write_video(tmp_path / "a.webm", 30, size=(64, 48), fps=25, codec="libvpx").read_bytes()
    with av.open(str(tmp_path / "a.webm")) as container:
        last = [packet for packet in container.demux() if packet.size][29]
    (tmp_path / "b.webm").write_bytes(webm[: last.pos + 2])
    assert read_video(tmp_path / "b.webm", 24).remarks == ("its header tells 1.20 s, but there are 1.16 s",)
    (tmp_path / "b.webm").write_bytes(webm[: last.pos + last.size + 4])
    assert read_video(tmp_path / "b.webm", 24).remarks[0].startswith("FFmpeg finds damage: File ended prematurely")
    avi = write_video(tmp_path / "a.avi", 30, size=(64, 48), fps=25).read_bytes()
    assert read_video(tmp_path / "a.avi", 24).remarks == ()
    video = read_video(damaged(tmp_path / "b.avi", avi, avi.index(b"vids") + 32, b"\x1f"), 24)  # of 31 frames
    assert len(video.frames) == 30 and video.remarks == ("1 of 31 frames are missing",)


def test_pictures_of_a_gif_that_are_lost_are_told(tmp_path):
    first, *others = (Image.fromarray(np.random.default_rng(k).integers(0, 255, (48, 64), np.uint8)) for k in range(9))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=100)
    gif = (tmp_path / "a.gif").read_bytes()
    assert read_video(tmp_path / "a.gif", 24).remarks == ()
    fourth = [place for place in range(len(gif)) if gif[place : place + 4] == b"\x21\xf9\x04\x04"]
    fourth = fourth or [place for place in range(len(gif)) if gif[place : place + 3] == b"\x21\xf9\x04"]
    for value, said in ((b"\x3b", "its end mark behind picture 3"), (b"\x77", "is damaged behind picture 3")):
        video = read_video(damaged(tmp_path / "b.gif", gif, fourth[3], value), 24)
        assert len(video.frames) == 3 and said in video.remarks[0]


def test_a_title_that_is_not_utf_8_is_no_damage(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        container.metadata["title"] = "-berall"
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(CORNERS, "rgb24")))
        container.mux(stream.encode())
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content.replace(b"-berall", "Überall".encode("latin-1")))
    assert len(read_video(tmp_path / "a.mp4", 24).frames) == len(list(live_frames(tmp_path / "a.mp4", 24))) == 1


def test_a_coding_that_nobody_knows_is_told(tmp_path):
    mkv = write_video(tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(mkv.replace(b"V_MPEG4/ISO/ASP", b"V_NOTHING/AT/AL"))
    assert reason(read_video, tmp_path / "a.mkv", 24) == "is coded in a way that FFmpeg does not know; convert it"

"""Films that are written: sizes, colours and numbers of frames as they were."""

import io

import av
import numpy as np
from PIL import Image

from lstm_zoo.media.films.writing import gif_of, mp4_of


def red_square(height, width):
    frames = np.full((6, height, width, 3), 90, np.uint8)
    frames[:, 4:12, 4:14] = (220, 20, 20)
    return frames


def test_an_mp4_keeps_odd_sides_and_colours():
    for height, width in ((21, 33), (20, 34)):
        with av.open(io.BytesIO(mp4_of(red_square(height, width), 12.5))) as film:
            assert film.streams.video[0].average_rate == 12.5
            frames = np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])
        assert frames.shape == (6, height, width, 3)
        red, green, blue = frames[:, 6:10, 6:12].mean(axis=(0, 1, 2))
        assert red > 190 and green < 50 and blue < 50


def test_the_same_frames_are_the_same_file():
    random, written = np.random.default_rng(0), set()
    step, down, across = np.mgrid[:16, :48, :48]
    disc = (across - 3 * step) ** 2 + (down - 20) ** 2 < 80
    frames = (20 + 200 * disc[..., None] + random.integers(0, 12, (16, 48, 48, 3))).astype(np.uint8)
    kept = []
    for number in range(15):  # memory that x264 gets has been used for something else
        kept = [*kept, np.full(random.integers(1, 60_000), number, np.uint8)][-5:]
        written.add(mp4_of(frames, 8))
    assert len(written) == 1


def test_a_gif_shows_all_frames_again_and_again():
    frames = red_square(20, 34)
    frames[:, 0, 0] = 40 * np.arange(6)[:, None]  # equal ones would be one
    with Image.open(io.BytesIO(gif_of(frames, 5))) as film:
        assert (film.n_frames, film.size, film.info["duration"], film.info["loop"]) == (6, (34, 20), 200, 0)

import io
import json

import numpy as np
import pytest
from conftest import write_video

from lstm_zoo.contracts import InputError, Spec
from lstm_zoo.data.clips import ClipConfig
from lstm_zoo.data.moving_shapes import MovingShapes
from lstm_zoo.data.textures import Textures
from lstm_zoo.live import lines, records, watch

SPEC = Spec(input_shape=(4, 16, 16, 3), class_names=("dim", "grey", "light"), clip_seconds=1.0)


class Brightness:
    """Takes the mean brightness of all frames so far for a class."""

    def __init__(self):
        self.seen, self.restarts = [], 0

    def scores(self, frames):
        assert frames.shape == (1, 16, 16, 3) and frames.dtype == np.uint8
        self.seen.append(frames.mean())
        scores = np.full((1, 3), 0.1, np.float32)
        scores[0, int(np.mean(self.seen) * 3 / 256)] = 0.8
        return scores

    def restart(self):
        self.seen.clear()
        self.restarts += 1


def shapes(**clip):
    return MovingShapes(clip=ClipConfig(num_frames=4, size=16, **clip), short_side=20)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds, eight frames a second, from dark to bright."""
    return write_video(tmp_path_factory.mktemp("live") / "clip.mkv", 16, shade=220)


def test_every_frame_is_judged_with_those_before(clip):
    seen = list(watch(Brightness(), shapes(), SPEC, clip, fps=100, top=2))
    np.testing.assert_allclose([one.seconds for one in seen], np.arange(16) / 8, atol=0.002)
    assert [len(one.classes) for one in seen] == [2] * 16
    assert seen[0].classes[0] == {"name": "dim", "probability": pytest.approx(0.8)}
    names = [one.classes[0]["name"] for one in seen]
    assert names == sorted(names) and set(names) == {"dim", "grey"}  # the mean of all frames never gets light
    assert [one.changed for one in seen] == [a != b for a, b in zip(["", *names], names, strict=False)]
    assert seen[0].fps == 0 and all(one.fps > 1 for one in seen[1:])


def test_frames_come_as_fast_as_evaluation_shows_them(clip):
    assert len(list(watch(Brightness(), shapes(), SPEC, clip))) == 8  # 4 frames a second
    unknown = SPEC.model_copy(update={"clip_seconds": None})
    assert len(list(watch(Brightness(), shapes(), unknown, clip))) == 16
    dense = shapes(eval_sampling="dense", frame_step=3)
    assert len(list(watch(Brightness(), dense, SPEC, clip))) == 6  # every third, at any frame rate
    assert len(list(watch(Brightness(), dense, SPEC, clip, fps=2))) == 4


def test_a_restart_forgets_what_came_before(clip):
    network = Brightness()
    seen = list(watch(network, shapes(), SPEC, clip, fps=8, restart=0.5))
    assert network.restarts == 3
    assert seen[-1].classes[0]["name"] == "light"


def test_changes_are_told_and_summed_up(clip):
    told = list(records(watch(Brightness(), shapes(), SPEC, clip, fps=8, restart=0.5)))
    *changes, end = json.loads(json.dumps(told))
    assert [change["classes"][0]["name"] for change in changes] == ["dim", "grey", "light"]
    assert changes[0]["seconds"] == 0 and changes[0].keys() == {"seconds", "classes", "fps"}
    assert end.keys() == {"frames", "seconds", "fps"}
    assert end["frames"] == 16 and end["seconds"] == pytest.approx(15 / 8, abs=0.002)
    *said, last = lines(watch(Brightness(), shapes(), SPEC, clip, fps=8, restart=0.5))
    assert said[0] == "0.00 s: dim 0.8000"
    assert said[1].split(" (")[0].endswith("s: grey 0.8000") and said[1].endswith(" frames/s)")
    assert last.startswith("16 frames, 1.88 s of video, ") and last.endswith(" frames/s")


@pytest.mark.parametrize(
    ("options", "reason"), [({"fps": 0}, "fps is 0"), ({"restart": -1}, "restart is -1"), ({"top": 0}, "top is 0")]
)
def test_what_cannot_be_watched_gives_its_reason(clip, options, reason):
    with pytest.raises(InputError, match=reason):
        watch(Brightness(), shapes(), SPEC, clip, **options)


def test_only_networks_of_clips_watch(clip, tmp_path):
    with pytest.raises(InputError, match=r"trained on images .*; a stream needs one of videos"):
        watch(Brightness(), Textures(), SPEC, clip)
    with pytest.raises(InputError, match=r"gone\.mkv: no such file"):
        next(watch(Brightness(), shapes(), SPEC, tmp_path / "gone.mkv"))
    with pytest.raises(InputError, match=r"^the stream: Invalid data"):
        next(watch(Brightness(), shapes(), SPEC, io.BytesIO(b"text" * 99)))

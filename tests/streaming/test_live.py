import io
import json
import signal

import numpy as np
import pytest
from conftest import write_video

from lstm_zoo.console import signals
from lstm_zoo.console.signals import Stopped
from lstm_zoo.contracts import Classes, InputError, Normal, Spec, Tensor
from lstm_zoo.data.labels.textures import Textures
from lstm_zoo.data.videos.clip_config import ClipConfig
from lstm_zoo.data.videos.moving_shapes import MovingShapes
from lstm_zoo.streaming.live import lines, records, watch
from lstm_zoo.streaming.stream import Stream
from lstm_zoo.streaming.window import Window
from lstm_zoo.tasks.classification import Classification

SPEC = Spec(inputs={"clip": Tensor(shape=(4, 16, 16, 3))}, target=Classes(names=("dim", "grey", "light")), seconds=1.0)


class Brightness(Stream):
    """Takes the mean brightness of all frames so far for a class."""

    def __init__(self):
        self.seen, self.restarts = [], 0

    def answer(self, frames):
        assert frames.shape == (1, 16, 16, 3) and frames.dtype == np.uint8
        self.seen.append(frames.mean())
        probabilities = np.full((1, 3), 0.1, np.float32)
        probabilities[0, int(np.mean(self.seen) * 3 / 256)] = 0.8
        return {"probabilities": probabilities}

    def restart(self):
        self.seen.clear()
        self.restarts += 1


def shapes(**clip):
    return MovingShapes(clip=ClipConfig(num_frames=4, size=16, **clip), short_side=20)


def seen_in(source, network=None, data=None, spec=SPEC, **options):
    return watch(network or Brightness(), data or shapes(), Classification().watcher(spec), spec, source, **options)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds, eight frames a second, from dark to bright."""
    return write_video(tmp_path_factory.mktemp("live") / "clip.mkv", 16, shade=220)


def test_every_frame_is_judged_with_those_before(clip):
    seen = list(seen_in(clip, fps=100))
    np.testing.assert_allclose([one.seconds for one in seen], np.arange(16) / 8, atol=0.002)
    assert seen[0].told.facts["classes"][0] == {"name": "dim", "probability": pytest.approx(0.8)}
    told = [one.told.text.partition(" ")[0] for one in seen]  # the mean of all frames never gets light
    assert [name for name in told if name] == ["dim", "grey"]
    assert [bool(one.told.facts) for one in seen] == [bool(name) for name in told]
    assert seen[0].fps == 0 and all(one.fps > 1 for one in seen[1:])


def test_frames_come_as_fast_as_evaluation_shows_them(clip):
    assert len(list(seen_in(clip))) == 8  # 4 frames a second
    unknown = SPEC.model_copy(update={"seconds": None})
    assert len(list(seen_in(clip, spec=unknown))) == 16
    dense = shapes(eval_sampling="dense", frame_step=3)
    assert len(list(seen_in(clip, data=dense))) == 6  # every third, at any frame rate
    assert len(list(seen_in(clip, data=dense, fps=2))) == 4


def test_a_restart_forgets_what_came_before(clip):
    network = Brightness()
    seen = list(seen_in(clip, network, fps=8, restart=0.5))
    assert network.restarts == 3
    assert [one.told.facts["classes"][0]["name"] for one in seen if one.told.facts][-1] == "light"


def test_changes_are_told_and_summed_up(clip):
    told = list(records(seen_in(clip, fps=8, restart=0.5)))
    *changes, end = json.loads(json.dumps(told))
    assert [change["classes"][0]["name"] for change in changes] == ["dim", "grey", "light"]
    assert changes[0]["seconds"] == 0 and changes[0].keys() == {"seconds", "classes", "fps"}
    assert end.keys() == {"frames", "seconds", "fps"}
    assert end["frames"] == 16 and end["seconds"] == pytest.approx(15 / 8, abs=0.002)
    *said, last = lines(seen_in(clip, fps=8, restart=0.5))
    assert said[0].startswith("0.00 s: dim 0.8000")
    assert "s: grey 0.8000" in said[1] and said[1].endswith(" frames/s)")
    assert last.startswith("16 frames, 1.88 s of video, ") and last.endswith(" frames/s")


def test_an_interrupted_stream_is_summed_up(clip):
    def interrupted():
        yield from list(seen_in(clip, fps=8))[:3]
        raise KeyboardInterrupt

    assert list(records(interrupted()))[-1]["frames"] == 3
    signals._unanswered.append(signal.SIGTERM)
    told = []
    with pytest.raises(Stopped):
        told.extend(records(interrupted()))
    assert told[-1]["frames"] == 3


def test_a_stream_that_breaks_off_is_summed_up(tmp_path):
    content = write_video(tmp_path / "clip.avi", 48, codec="mjpeg").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) * 6 // 10])
    for tell_of in (records, lines):
        told = []
        with pytest.raises(InputError, match=r"breaks off after (\d+) frames") as broken:
            told.extend(tell_of(seen_in(tmp_path / "cut.avi", fps=8)))
        last = told[-1]
        frames = last["frames"] if tell_of is records else int(last.partition(" frames, ")[0])
        assert 10 < frames < 48 and f"after {frames} frames" in str(broken.value)
    with pytest.raises(InputError, match="no such file"):  # and no sum of nothing
        next(records(seen_in(tmp_path / "gone.avi")))


@pytest.mark.parametrize("seconds", [0.25, 0.5])
def test_a_restart_before_the_first_answer_is_told_once(clip, capsys, seconds):
    spec = Spec(inputs={"clip": Tensor(shape=(4, 16, 16, 3))}, target=Normal())
    window = Window(lambda inputs: {"probabilities": np.array([[0.8, 0.1, 0.1]])}, spec)
    told = list(records(seen_in(clip, window, fps=8, restart=seconds)))
    said = "restart is 0.25 s, and 2 frames came in that time; the network needs 4 to answer\n"
    assert capsys.readouterr().err == (said if seconds == 0.25 else "")
    assert len(told) == (1 if seconds == 0.25 else 2)


@pytest.mark.parametrize(("options", "reason"), [({"fps": 0}, "fps is 0"), ({"restart": -1}, "restart is -1")])
def test_what_cannot_be_watched_gives_its_reason(clip, options, reason):
    with pytest.raises(InputError, match=reason):
        seen_in(clip, **options)


def test_only_networks_of_clips_watch(clip, tmp_path):
    with pytest.raises(InputError, match=r"trained on images .*; a stream needs one of videos"):
        seen_in(clip, data=Textures())
    with pytest.raises(InputError, match=r"gone\.mkv: no such file"):
        next(seen_in(tmp_path / "gone.mkv"))
    with pytest.raises(InputError, match=r"^the stream: Invalid data"):
        next(seen_in(io.BytesIO(b"text" * 99)))

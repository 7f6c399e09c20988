"""The task of forecasting: losses, the network in use, the judge beside its floors, and what is told of a film."""

import io

import av
import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from lstm_zoo.contracts import FRAMES, KNOWN_FRAMES, Frames, Judged, Spec, Tensor
from lstm_zoo.layers.frames.next_frames import NextFrames
from lstm_zoo.tasks.forecasting import Forecasting
from lstm_zoo.tasks.metrics.frame_errors import FrameError

RANDOM = np.random.default_rng(0)


def spec_of(shown=3, horizon=2, height=12, width=13, channels=1, step_seconds=None):
    later = Frames(horizon=horizon, height=height, width=width, channels=channels, step_seconds=step_seconds)
    clip = Tensor(shape=(shown, height, width, channels))
    return Spec(inputs={"clip": clip}, hints={"later": Tensor(shape=later.shape)}, target=later)


SPEC = spec_of()
WINDOWS = RANDOM.integers(0, 256, (4, 5, 12, 13, 1), dtype=np.uint8)  # 3 frames that are shown, 2 that follow
JUDGED = [Judged(f"clip {number}", window) for number, window in enumerate(WINDOWS)]


class Copying(NextFrames):
    """Gives the last frame again, and in training the true ones."""

    def call(self, clip, later=None, training=False):
        frames = clip[:, -1:] + ops.zeros((1, 2, 1, 1, 1))
        return frames if later is None or not training else ops.cast(later, frames.dtype)


def network(guided):
    inputs = {
        name: keras.Input(one.shape, dtype=one.dtype, name=name) for name, one in {**SPEC.inputs, **SPEC.hints}.items()
    }
    clip = ops.cast(inputs["clip"], "float32")
    logits = Copying()(clip, inputs["later"]) if guided else keras.layers.Lambda(lambda one: one[:, :2])(clip)
    return keras.Model(inputs, logits)


@pytest.mark.parametrize("guided", [False, True])
def test_the_network_in_use_sees_the_clip_alone(guided):
    used = Forecasting().network(network(guided), SPEC)
    assert set(used.input) == {"clip"}
    clips = (WINDOWS[:, :3] // 64).astype(np.uint8)
    expected = np.repeat(clips[:, 2:], 2, axis=1) if guided else clips[:, :2]
    found = np.asarray(used({"clip": clips})[FRAMES])
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-expected.astype(float))), atol=1e-6)


def test_frames_given_make_the_expected_sum_of_both_errors_small():
    """Of pixels that turn out white with the probability that the network gives, and black otherwise."""
    a, chances = 0.5, np.linspace(0.02, 0.98, 11)
    logits = keras.Input((len(chances),), name="clip")
    model = keras.Model({"clip": logits}, ops.add(logits, 0.0))
    used = Forecasting(absolute_weight=a).network(model, SPEC)
    given = np.asarray(used({"clip": np.log(chances / (1 - chances))[np.newaxis]})[FRAMES])[0]
    answers = np.linspace(0, 1, 1001)[:, np.newaxis]
    white, black = (1 - answers) ** 2 + a * (1 - answers), answers**2 + a * answers
    best = answers[np.argmin(chances * white + (1 - chances) * black, axis=0), 0]
    np.testing.assert_allclose(given, best, atol=1e-3)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared"])
def test_losses_are_means_over_pixels(loss):
    later, logits = WINDOWS[:, 3:], RANDOM.normal(0, 3, WINDOWS[:, 3:].shape).astype(np.float32)
    truth, light = later / 255, 1 / (1 + np.exp(-logits))
    expected = {
        "cross_entropy": -truth * np.log(light) - (1 - truth) * np.log(1 - light),
        "squared": (light - truth) ** 2,
    }[loss]
    objective = Forecasting(loss=loss).objective(SPEC, list)
    found = objective.loss(ops.convert_to_tensor(later), ops.convert_to_tensor(logits))
    np.testing.assert_allclose(found, expected.mean(axis=(1, 2, 3, 4)), rtol=1e-4)
    errors = {"mse": (light - truth) ** 2, "mae": abs(light - truth)}
    for metric in objective.metrics:
        metric.update_state(later, logits)
        np.testing.assert_allclose(metric.result(), errors[metric.name].sum(axis=(2, 3, 4)).mean(), rtol=1e-4)


def test_a_metric_is_made_again_from_its_settings():
    again = FrameError.from_config(FrameError(1, "mae").get_config())
    assert (again.power, again.name) == (1, "mae")


def scores_of(task, predict, memory=None):
    judge = task.judge(SPEC, memory)
    for judged in JUDGED:
        judge.add(predict(judged), judged)
    return judge, judge.scores()


def test_floors_are_black_the_mean_of_what_is_shown_and_the_last_frame_of_it():
    task = Forecasting()
    memory = task.memory(SPEC, JUDGED)
    light = WINDOWS / 255
    shown, follows = light[:, :3], light[:, 3:]
    expected = {
        "black": np.zeros_like(follows),
        "mean frame": np.broadcast_to(shown.mean((0, 1)), follows.shape),
        "last frame": np.repeat(shown[:, -1:], 2, axis=1),
    }
    floors = task.floors(SPEC, memory)
    assert list(floors) == list(expected)
    for name, frames in expected.items():
        _, scores = scores_of(task, floors[name])
        np.testing.assert_allclose(scores["mse"], ((frames - follows) ** 2).sum(axis=(2, 3, 4)).mean(), rtol=1e-4)
        np.testing.assert_allclose(scores["mae"], abs(frames - follows).sum(axis=(2, 3, 4)).mean(), rtol=1e-4)


def test_a_judge_tells_scores_by_horizon_and_draws_a_few_examples():
    task = Forecasting()
    worse = {f"clip {number}": number / 10 for number in range(4)}

    def foretold(judged):
        frames = judged.truth[3:] / np.float32(255)
        return {FRAMES: frames * (1 - worse[judged.name])}

    judge, scores = scores_of(task, foretold, task.memory(SPEC, JUDGED))
    assert {name for name, one in scores.items() if isinstance(one, float)} == {
        "mse",
        "mae",
        "ssim",
        "ssim_openstl",
        "psnr",
    }
    assert scores["examples"] == 4 and len(scores["by_horizon"]["mse"]) == 2
    np.testing.assert_allclose(np.mean(scores["by_horizon"]["ssim"]), scores["ssim"])
    assert "range 2, as OpenSTL's" in scores["remarks"][2]
    rows = list(judge.rows())
    assert rows[0]["mse"] == "0.0000" and float(rows[3]["mse"]) > float(rows[2]["mse"]) > 0
    titles, files, figures = zip(*judge.figures(lambda numbers: {}), strict=True)
    assert files == ("by-horizon", "example-1", "example-2", "example-3", "best-1", "best-2", "worst-1", "worst-2")
    assert titles[4].startswith("Best 1: clip 0, MSE 0.0") and titles[6].startswith("Worst 1: clip 3")
    curves, strips = figures[0].axes, figures[1].axes[0]
    assert [len(axis.lines) for axis in curves] == [4, 4, 1, 1]  # the run and three floors, or the run alone
    assert [label.get_text() for label in strips.get_yticklabels()] == ["shown", "truth", "foretold"]


def test_many_examples_are_not_kept():
    judge = Forecasting().judge(SPEC)
    for number in range(30):
        judge.add({FRAMES: np.full((2, 12, 13, 1), number % 7 / 7, np.float32)}, JUDGED[number % 4])
    assert len(judge._kept) <= 7


def test_small_frames_have_no_ssim():
    spec, window = spec_of(height=8), WINDOWS[0, :, :8]
    judge = Forecasting().judge(spec)
    judge.add({FRAMES: window[3:] / 255}, Judged("a", window))
    scores = judge.scores()
    assert "ssim" not in scores and "11 x 11 pixels does not fit" in scores["remarks"][-1]


def frames_of(content):
    with av.open(io.BytesIO(content)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])


def test_a_film_is_told_with_its_coming_frames_in_its_own_size():
    spec = spec_of(height=12, width=16, channels=3, step_seconds=0.2)
    coming, known = np.zeros((2, 2, 12, 16, 3), np.float32)
    coming[..., 0], known[..., 1] = 0.9, 0.9  # red, and green
    picture = np.full((5, 31, 45, 3), 60, np.uint8)
    result = Forecasting().result({FRAMES: coming, KNOWN_FRAMES: known}, spec, picture)
    assert result.facts == {"frames": 2, "seconds": 0.4} and result.text == "2 frames, 0.4 s behind its end"
    alone, both = frames_of(result.files["forecast.mp4"]), frames_of(result.files["beside.mp4"])
    assert alone.shape == (2, 31, 45, 3) and alone[:, 15, 20, 0].min() > 200 and alone[:, 15, 20, 1:].max() < 40
    assert both.shape == (7, 36, 94, 3)
    assert abs(both[:5, 15, 20].astype(int) - 60).max() < 8 and both[5:, 15, 20].max() < 40  # nobody knows these
    assert both[3:5, 15, 70, 1].min() > 200 and both[5:, 15, 70, 0].min() > 200
    with Image.open(io.BytesIO(result.files["animation.gif"])) as gif:
        assert gif.size == (188, 72) and gif.info["duration"] == 600  # three frames in a row are the same
    rows = [label.get_text() for label in result.figure().axes[0].get_yticklabels()]
    assert rows == ["shown", "truth", "foretold", "coming"]


def test_a_window_whose_future_is_known_is_told_with_its_scores():
    result = Forecasting().result({KNOWN_FRAMES: WINDOWS[0, 3:] / np.float32(255)}, SPEC, WINDOWS[0])
    assert result.facts["mse"] == 0 and result.facts["psnr"] == 100 and result.files == {}
    assert result.answer.startswith("mse 0, mae 0, ssim 1")

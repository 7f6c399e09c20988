"""Stretches of films: each frame is shown once, with those before it, and nothing of later ones."""

import numpy as np
import pytest

from lstm_zoo.contracts import PLACES, SCORE
from lstm_zoo.data.anomalies.drawn_walkway import DrawnWalkway
from lstm_zoo.data.anomalies.film_views import film_views

SPAN = 6  # of a clip of four frames, every second one


@pytest.fixture(scope="module")
def data(data_dir):
    counts = {"num_train": 1, "num_val": 1, "num_test": 2, "length": 75, "size": (16, 24)}
    return DrawnWalkway(**counts, num_frames=4, frame_step=2, tempos=(2, 3), data_dir=data_dir)


@pytest.fixture(scope="module")
def films(data):
    return {item.name: data.reader()(item) for items in data.items().values() for item in items}


def clip_at(film, last, tempo=1):
    return np.stack([film["video"][last - 2 * tempo * back] for back in (3, 2, 1, 0)])


def test_each_frame_is_shown_once_with_those_before_it_and_keeps_its_label(data, films):
    splits = data.load()
    assert splits.size("test") == 2 * 9  # 14 frames, seven times 8, and 5
    answers = (
        {SCORE: np.array([clip.astype(float).sum()])}
        for inputs, _ in splits.eval_stream("test", 5).as_numpy_iterator()
        for clip in inputs["clip"]
    )
    found: dict[str, list] = {}
    for outputs, judged in zip(splits.merged("test", answers), splits.judged("test"), strict=True):
        assert len(outputs[SCORE]) == len(judged.truth["flags"])
        found.setdefault(judged.truth["film"], []).append(
            (judged.truth["first"], outputs[SCORE], judged.truth["flags"])
        )
    for name, stretches in found.items():
        stretches.sort(key=lambda one: one[0])
        scores, flags = (np.concatenate([one[part] for one in stretches]) for part in (1, 2))
        np.testing.assert_array_equal(flags, films[name]["flags"])
        expected = [clip_at(films[name], last).astype(float).sum() for last in range(SPAN, 75)]
        assert np.isnan(scores[:SPAN]).all()
        np.testing.assert_allclose(scores[SPAN:], expected)
    assert splits.counts("test") == {"films": 2, "frames": 150, "abnormal frames": 36}


def test_half_of_the_training_clips_run_fast_and_are_called_so(data, films):
    (film,) = (films[name] for name in films if name.startswith("train"))
    clips = {(last, tempo): clip_at(film, last, tempo) for tempo in (1, 2, 3) for last in range(SPAN * tempo, 75)}
    known = {clip.tobytes(): key for key, clip in clips.items()}
    known |= {clip[:, :, ::-1].tobytes(): key for key, clip in clips.items()}
    shown, fast = [], []
    for inputs, targets in data.load().train_stream(3, 0).take(40).as_numpy_iterator():
        shown += [known[clip.tobytes()] for clip in inputs["clip"]]
        fast += targets.tolist()
    assert [tempo > 1 for _, tempo in shown] == [bool(one) for one in fast]
    assert 0.3 < np.mean(fast) < 0.7 and {tempo for _, tempo in shown} == {1, 2, 3} and len(set(shown)) > 60


def test_a_file_is_shown_as_evaluation_shows_it(data, films):
    film = films["test/00000"]
    family = data.family(data.expected_spec())
    views = film_views({**film, "video": list(film["video"])}, family)
    clips = views.inputs["clip"]
    assert len(clips) == 75 - SPAN
    for number in (0, 31, 68):
        np.testing.assert_array_equal(clips[number], clip_at(film, number + SPAN))
    outputs = ({SCORE: float(number), PLACES: np.ones((2, 3))} for number in range(len(clips)))
    merged = views.merge(outputs)
    assert np.isnan(merged[SCORE][:SPAN]).all() and merged[SCORE][SPAN:].tolist() == list(range(69))


def test_validation_shows_fast_clips_behind_the_others(data):
    splits = data.load()
    second = next(iter(splits._stored.records("val").skip(1)))
    views = data.family(splits.spec).show(second)
    assert views["target"].numpy().tolist() == [0] * 8 + [1] * 8
    assert data.family(splits.spec).num_views(splits._stored.rows("val")[1]) == 16

import io
import math

import keras
import numpy as np
import pytest

from lstm_zoo.config.recipe import ConfigError, load
from lstm_zoo.contracts import InputError, Judged, Spec, Tensor, Words
from lstm_zoo.contracts.words import END, SPECIAL, UNKNOWN
from lstm_zoo.layers import ShowAttendTellDecoder
from lstm_zoo.tasks import captioning
from lstm_zoo.tasks.captioning import Captioning
from lstm_zoo.tasks.metrics.caption_metrics import CaptionScores
from lstm_zoo.tasks.metrics.perplexity import Perplexity

SPEC = Spec(
    inputs={"image": Tensor(shape=(4, 6), dtype="float32")},
    hints={"words": Tensor(shape=(None, 4), dtype="int32")},
    target=Words(vocabulary=(*SPECIAL, "a", "red", "dog"), max_words=4),
)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_mean_over_the_words_of_a_batch(smoothing):
    random = np.random.default_rng(0)
    captions = np.array([[[4, 5, END, 0], [6, END, 0, 0]], [[5, 5, 5, 5], [0, 0, 0, 0]]], "int32")
    scores = random.normal(size=(2, 2, 4, 7)).astype("float32")
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(logs, captions[..., None], axis=-1)[..., 0]
    lost = -(1 - smoothing) * chosen - smoothing * logs.mean(axis=-1)
    expected = lost[captions > 0].mean()
    objective = Captioning(label_smoothing=smoothing).objective(SPEC, lambda: [])
    rows = objective.loss(captions, keras.ops.convert_to_tensor(scores))
    assert rows.shape == (2,) and float(np.mean(rows)) == pytest.approx(expected, rel=1e-5)
    (metric,) = objective.metrics
    metric.update_state(captions[:1], scores[:1])
    metric.update_state(captions[1:], scores[1:])
    assert float(metric.result()) == pytest.approx(math.exp(-chosen[captions > 0].mean()), rel=1e-5)


def test_uniform_scores_have_the_perplexity_of_the_vocabulary():
    metric = Perplexity()
    metric.update_state(np.array([[[4, 5, END, 0]]]), np.zeros((1, 1, 4, 7), "float32"))
    assert float(metric.result()) == pytest.approx(7)


@pytest.fixture(scope="module")
def model():
    """A decoder of captions on the regions of an image."""
    keras.utils.set_random_seed(0)
    image = keras.Input((4, 6), name="image")
    words = keras.Input((None, 4), dtype="int32", name="words")
    features = keras.layers.Dense(5)(image)
    return keras.Model({"image": image, "words": words}, ShowAttendTellDecoder(7, 3, 8)(features, words))


def test_a_network_in_use_writes_captions_from_images_or_features(model):
    images = np.random.default_rng(0).normal(size=(3, 4, 6)).astype("float32")
    network = Captioning(decoding={"kind": "beam", "width": 2}).network(model, SPEC)
    answers = network.predict_on_batch({"image": images})
    assert list(network.input) == ["image"] and answers["words"].shape == (3, 4)
    assert network.get_layer("search").width == 2
    features = model.get_layer(index=1).output
    features.name = "features"
    head = keras.Model({"features": features, "words": model.input["words"]}, model.output)
    for name, tensor in {**head.input}.items():
        tensor.name = name
    of_head = Captioning(decoding={"kind": "beam", "width": 2}).network(head, SPEC)
    given = keras.Model(model.input["image"], features).predict_on_batch(images)
    for name, values in of_head.predict_on_batch({"features": given}).items():
        np.testing.assert_array_equal(values, answers[name])


def test_a_top_k_beyond_the_vocabulary_is_told(model):
    with pytest.raises(InputError, match=r"task.decoding.top_k: is 500, but the vocabulary has 7 words"):
        Captioning(decoding={"kind": "sample", "top_k": 500}).network(model, SPEC)


IMAGES = {
    "train": [["a red dog", "a cat sleeps"], ["two birds fly", "a red dog"], ["the sea at night", "waves"]],
    "test": [["the sea at night"], ["two birds fly"]],
}
FEATURES = {"train": np.eye(3, dtype="float32"), "test": np.array([[0, 0.1, 5], [0, 3, 1]], "float32")}


def examples(split, features=FEATURES):
    for number, references in enumerate(IMAGES[split]):
        yield Judged(f"{split}/{number}", references, features=None if features is None else features[split][number])


def kept(memory):
    """Return what a run reads again of what it keeps."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **memory)
    file.seek(0)
    return dict(np.load(file, allow_pickle=False))


def captions_of(predict, split):
    return [predict(judged)["caption"] for judged in examples(split)]


def test_floors_are_the_most_frequent_caption_and_the_nearest_image():
    task = Captioning(java_figures=())
    floors = task.floors(SPEC, kept(task.memory(SPEC, examples("train"))))
    assert list(floors) == ["most frequent caption", "nearest training image"]
    frequent, nearest = floors.values()
    assert captions_of(frequent, "test") == ["a red dog", "a red dog"]
    assert captions_of(nearest, "test") == ["the sea at night", "two birds fly"]
    assert frequent(next(examples("test")))["words"] == [4, 5, 6]
    assert nearest(next(examples("test")))["words"] == [UNKNOWN] * 4
    assert list(task.floors(SPEC, kept(task.memory(SPEC, examples("train", None))))) == ["most frequent caption"]
    judge = task.judge(SPEC)  # compares what people wrote, words that the network does not know as well
    for judged in examples("test"):
        judge.add(nearest(judged), judged)
    assert judge.scores()["bleu1"] == pytest.approx(1)


def test_an_image_is_not_its_own_nearest():
    task = Captioning()
    features = {"train": np.array([[1.0, 0], [0.9, 0.1], [0, 1.0]], "float32")}
    floors = task.floors(SPEC, kept(task.memory(SPEC, examples("train", features))))
    found = [floors["nearest training image"](judged)["caption"] for judged in examples("train", features)]
    assert found[:2] == ["two birds fly", "a red dog"]


def test_of_many_training_images_some_are_kept_evenly_drawn(monkeypatch):
    monkeypatch.setattr(captioning, "_MOST_KNOWN", 4)
    training = [Judged(str(number), ["a dog"], features=np.full(2, number)) for number in range(19)]
    memory = Captioning().memory(SPEC, iter(training))
    assert memory["names"].tolist() == ["0", "8", "16"] and memory["features"][:, 0].tolist() == [0, 8, 16]
    assert memory["features"].dtype == np.float32


def outputs(words, attention=False):
    given = {"words": np.array(words), "log_probabilities": np.log(np.full(4, 0.5, "float32")), "score": np.float32(-1)}
    return {**given, **({"attention": np.full((4, 9), 1 / 9, "float32")} if attention else {})}


def test_captions_are_scored_once(monkeypatch):
    calls = []

    def scores(captions, references, *options):
        calls.append(captions)
        return CaptionScores({"bleu4": 0.25}, np.array([0.5, 2.0, 1.0]))

    monkeypatch.setattr(captioning, "caption_scores", scores)
    judge = Captioning().judge(SPEC)
    for number, words in enumerate(([4, 6, END, 0], [4, 5, 6, END], [5, END, 0, 0])):
        judge.add(outputs(words, attention=True), Judged(f"{number}.jpg", ["a dog", "my dog"]))
    expected = {"bleu4": 0.25, "examples": 3, "tokenization": "lower case, punctuation removed"}
    assert judge.scores() == expected
    assert list(judge.rows())[1] == {"caption": "a red dog", "cider": "2.0000", "references": "a dog | my dog"}
    drawn = judge.figures(lambda indices: {index: np.zeros((8, 8, 3), np.uint8) for index in indices})
    assert [(title, name) for title, name, _ in drawn] == [
        ("Best 1: 1.jpg, CIDEr 2.00", "best-1"),
        ("Best 2: 2.jpg, CIDEr 1.00", "best-2"),
        ("Best 3: 0.jpg, CIDEr 0.50", "best-3"),
    ]
    assert calls == [["a dog", "a red dog", "red"]]


@pytest.mark.parametrize("attention", [False, True])
def test_a_result_tells_words_and_where_the_network_looked(attention):
    picture = np.zeros((8, 8, 3), np.uint8)
    result = Captioning().result(outputs([4, 6, END, 0], attention), SPEC, picture)
    assert result.answer == result.text == result.facts["caption"] == "a dog"
    assert result.facts["words"] == ["a", "dog"] and result.facts["score"] == -1
    assert result.facts["probabilities"] == pytest.approx([0.5, 0.5])
    assert ("attention" in result.facts) == (result.figure is not None) == attention
    if attention:
        assert np.shape(result.facts["attention"]) == (2, 9) and len(result.figure().axes[0].texts) == 2


def test_a_server_tells_sentences():
    served = Captioning().served({"words": np.array([[4, 6, END, 0], [END, 0, 0, 0]])}, SPEC)
    assert [sentence.decode() for sentence in served["caption"].numpy()] == ["a dog", ""]


@pytest.mark.parametrize("row", [[4, 6, END, 0], [4, 5, 6, 6], [END, 0, 0, 0]])
def test_what_files_tell_of_words_is_enough_to_read_them(row):
    told = Captioning().meanings(SPEC)["words"].facts
    assert told["labels"] == "spec.target.vocabulary"
    words = [SPEC.target.vocabulary[one] for one in row if one not in (told["end"], told["padding"])]
    assert " ".join(words) == Captioning().result(outputs(row), SPEC).answer


def test_captions_in_characters_are_put_together_without_blanks():
    target = Words(vocabulary=(*SPECIAL, "红", "方", "nba", "pro"), max_words=5, split="characters")
    spec = SPEC.model_copy(update={"target": target})
    task = Captioning(java_figures=())
    rows = np.array([[4, 5, END, 0, 0], [6, 7, 4, 6, END], [END, 0, 0, 0, 0]])
    expected = ["红方", "nba pro红nba", ""]
    assert [task.result(outputs(row), spec).answer for row in rows] == expected
    assert [one.decode() for one in task.served({"words": rows}, spec)["caption"].numpy()] == expected
    floors = task.floors(spec, kept(task.memory(spec, [Judged("1", ["红方。", "红", "红方"])])))
    assert floors["most frequent caption"](Judged("2", [])) == {"caption": "红方", "words": [4, 5]}
    judge = task.judge(spec)
    judge.add(outputs(rows[0]), Judged("1", ["红方。"]))
    assert judge.scores()["bleu2"] == pytest.approx(1) and "character" in judge.scores()["tokenization"]


def test_without_pycocoevalcap_the_recipe_is_refused_before_training(monkeypatch):
    monkeypatch.setattr(captioning, "missing_package", lambda: "pip install 'lstm-zoo[captions]'")
    with pytest.raises(ConfigError, match=r"task.kind: pip install"):
        load("smoke/show_tell.yaml").check()


def test_wrong_settings_are_told():
    for setting, message in (
        ("task.decoding={kind: beem}", "beam"),
        ("task.decoding={kind: greedy, width: 3}", "width"),
    ):
        with pytest.raises(ConfigError, match=message):
            load("smoke/show_attend_tell.yaml", [setting]).check()

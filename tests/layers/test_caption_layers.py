"""Attention, decoders and search against plain loops in NumPy, with random weights."""

import itertools

import keras
import numpy as np
import pytest

from lstm_zoo.contracts.words import END, PADDING, START
from lstm_zoo.layers import AdditiveAttention, CaptionSearch, ShowAttendTellDecoder, ShowTellDecoder
from lstm_zoo.layers.language.caption_decoder import CaptionDecoder
from lstm_zoo.layers.recurrent.implementation import helps_xla

V, E, U, A, D, L, T = 9, 4, 5, 3, 6, 4, 7
DECODERS = {
    "show_tell": lambda **options: ShowTellDecoder(V, E, U, **options),
    "show_tell_tied": lambda **options: ShowTellDecoder(V, E, U, tied=True, **options),
    "show_attend_tell": lambda **options: ShowAttendTellDecoder(V, E, U, attention_units=A, **options),
    "show_attend_tell_full": lambda **options: ShowAttendTellDecoder(
        V, E, U, attention_units=A, region_units=2, positions=True, tied=True, **options
    ),
}


def features_for(name, batch=3):
    shape = (batch, D) if name.startswith("show_tell") else (batch, L, D)
    return np.random.default_rng(1).normal(0, 2, shape).astype("float32")


def captions(batch=3, count=2):
    numbers = np.random.default_rng(2).integers(START + 2, V, (batch, count, T)).astype("int32")
    numbers[..., 5], numbers[..., 6] = END, PADDING
    numbers[0, 1] = PADDING  # an image with fewer captions
    return numbers


def randomised(layer, *inputs):
    """Return a layer called once, its weights replaced by larger random ones."""
    layer(*inputs)
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(0, 0.9, weight.shape) for weight in layer.get_weights()])
    return layer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def weights_of(layer):
    return {weight.path.split("/", 1)[1]: np.asarray(weight, "float64") for weight in layer.weights}


def test_attention_is_bahdanau_s():
    query, regions = features_for("x")[:, :2, :U], features_for("y")
    layer = randomised(AdditiveAttention(A, name="a"), query, regions)
    w = weights_of(layer)
    context, weights = layer(query, regions)
    for b, n in itertools.product(range(3), range(2)):
        scores = [
            w["score/kernel"][:, 0]
            @ np.tanh(a @ w["of_regions/kernel"] + w["of_regions/bias"] + query[b, n] @ w["of_query/kernel"])
            for a in regions[b].astype("float64")
        ]
        expected = softmax(np.array(scores))
        np.testing.assert_allclose(weights[b, n], expected, rtol=1e-5)
        np.testing.assert_allclose(context[b, n], expected @ regions[b], rtol=1e-4, atol=1e-6)
    with_keys = layer(query, regions, layer.keys(regions))
    np.testing.assert_allclose(with_keys[0], context, rtol=1e-6)


def lstm_step(x, h, c, w):
    z = x @ w["lstm/kernel"] + h @ w["lstm/recurrent_kernel"] + w["lstm/bias"]
    i, f, g, o = np.split(z, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def dense(x, w, name, activation=lambda x: x):
    return activation(x @ w[f"{name}/kernel"] + w.get(f"{name}/bias", 0))


def show_attend_tell_by_hand(regions, words, w):
    """Return scores (T, V) and attention (T, L) of one caption, as the paper's equations say."""
    mean = regions.mean(axis=0)
    h, c = dense(mean, w, "first_h", np.tanh), dense(mean, w, "first_c", np.tanh)
    scores, looked = [], []
    for before in [START, *words[:-1]]:
        y = w["embedding/embeddings"][before]
        hidden = np.tanh(dense(regions, w, "attention/of_regions") + dense(h, w, "attention/of_query"))
        alpha = softmax(dense(hidden, w, "attention/score")[:, 0])
        z = dense(h, w, "gate", sigmoid) * (alpha @ regions)
        h, c = lstm_step(np.concatenate([y, z]), h, c, w)
        deep = np.tanh(y + dense(h, w, "of_state") + dense(z, w, "of_context"))
        scores.append(dense(deep, w, "score"))
        looked.append(alpha)
    return np.array(scores), np.array(looked)


def test_show_attend_tell_is_the_paper_s_loop():
    features, words = features_for("show_attend_tell"), captions()
    layer = randomised(ShowAttendTellDecoder(V, E, U, dropout=0.0, attention_units=A, penalty=2.0), features, words)
    scores, w = np.asarray(layer(features, words, training=True)), weights_of(layer)
    penalties = []
    for b, n in itertools.product(range(3), range(2)):
        expected, looked = show_attend_tell_by_hand(features[b].astype("float64"), words[b, n], w)
        np.testing.assert_allclose(scores[b, n], expected, rtol=1e-4, atol=1e-5)
        if words[b, n, 0] != PADDING:
            penalties.append(((1 - looked[words[b, n] != PADDING].sum(axis=0)) ** 2).mean())
    np.testing.assert_allclose(layer.losses[0], 2.0 * np.mean(penalties), rtol=1e-4)
    layer(features, words, training=False)
    assert not layer.losses  # validation is told without


def test_the_penalty_s_weight_depends_neither_on_regions_nor_on_the_batch():
    layer = ShowAttendTellDecoder(V, E, U, attention_units=A, penalty=1.0)
    weights = np.random.default_rng(0).dirichlet(np.ones(L), (3, 2, T)).astype("float32")
    counted = np.ones((3, 2, T), bool)
    alone = float(layer._penalty(weights, counted))
    twice = float(layer._penalty(np.tile(weights, (2, 1, 1, 1)), np.tile(counted, (2, 1, 1))))
    np.testing.assert_allclose(alone, twice, rtol=1e-6)
    np.testing.assert_allclose(alone, np.mean((1 - weights.sum(axis=2)) ** 2), rtol=1e-6)


def test_show_tell_is_an_lstm_begun_by_the_image():
    features, words = features_for("show_tell"), captions()
    layer = randomised(DECODERS["show_tell"](dropout=0.0), features, words)
    scores, w = np.asarray(layer(features, words)), weights_of(layer)
    w |= {name.replace("lstm_cell/", ""): value for name, value in w.items() if "lstm_cell/" in name}
    for b, n in itertools.product(range(3), range(2)):
        v = features[b].astype("float64")
        h, c = dense(v, w, "first_h", np.tanh), dense(v, w, "first_c", np.tanh)
        for t, before in enumerate([START, *words[b, n, :-1]]):
            h, c = lstm_step(w["embedding/embeddings"][before], h, c, w)
            np.testing.assert_allclose(scores[b, n, t], dense(h, w, "score"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", DECODERS)
def test_word_by_word_is_teacher_forcing(name):
    features, words = features_for(name), captions()
    layer = randomised(DECODERS[name](), features, words)
    whole = layer(features, words)
    memory = layer.memory(features)
    state = [keras.ops.repeat(one, 2, axis=1) for one in layer.first_state(memory)]
    before = np.full((3, 2), START)
    for t in range(T):
        scores, state, attention = layer.step(memory, state, before)
        np.testing.assert_allclose(scores, whole[:, :, t], rtol=1e-4, atol=1e-5)
        assert (attention is None) == name.startswith("show_tell")
        before = words[:, :, t]


@pytest.mark.parametrize("name", DECODERS)
def test_a_word_is_not_told_what_follows(name):
    features, words = features_for(name), captions()
    layer = randomised(DECODERS[name](), features, words)
    changed = words.copy()
    changed[1, 0, 4:] = START + 3
    same = np.asarray(layer(features, words) == layer(features, changed))
    assert same[1, 0, :5].all() and not same[1, 0, 5:].all() and same[1, 1].all()


def test_scheduled_sampling_rises_from_nothing_and_spares_padding():
    features, words = features_for("show_tell"), captions()
    options = {"dropout": 0.0, "scheduled_sampling": 1.0}
    layer = randomised(DECODERS["show_tell"](**options, sampling_steps=4), features, words)
    plain = layer(features, words)
    layer.steps_taken.assign(-1.0)  # so that this step's share is 0
    np.testing.assert_array_equal(layer(features, words, training=True), plain)
    layer.steps_taken.assign(100.0)
    shown = layer(features, words, training=True)
    assert np.abs(shown - plain)[:, :, 0].max() == 0  # before the first word there is always the start
    assert np.abs(shown - plain)[1:, :, 1:5].max() > 0.01
    np.testing.assert_allclose(shown[0, 1], plain[0, 1], atol=1e-6)  # padding all along


def test_scheduled_sampling_runs_in_mixed_precision():
    features, words = features_for("show_tell"), captions()
    layer = DECODERS["show_tell"](scheduled_sampling=1.0, dtype="mixed_bfloat16")
    assert np.isfinite(layer(features, words, training=True)).all() and layer.steps_taken.value.dtype == "float32"


def greedy_by_hand(layer, features):
    """Return the words and their log probabilities, one call of the whole decoder a word."""
    batch = len(features)
    words = np.full((batch, 1, T), PADDING, "int32")
    gained = np.zeros((batch, T))
    for t in range(T):
        scores = np.array(layer(features, words))[:, 0, t].astype("float64")
        scores[:, :3] = -np.inf
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        for b in range(batch):
            if END not in words[b, 0]:
                words[b, 0, t] = logs[b].argmax()
                gained[b, t] = logs[b].max()
    return words[:, 0], gained


@pytest.mark.parametrize("name", DECODERS)
def test_greedy_and_a_beam_of_one_are_the_loop_by_hand(name):
    features = features_for(name, batch=8)
    layer = randomised(DECODERS[name](), features, captions(8))
    words, gained = greedy_by_hand(layer, features)
    assert any(END in row for row in words) and not all(END in row for row in words)
    for options in ({}, {"width": 1, "length_normalization": 0.7}):
        found = CaptionSearch(layer, T, **options)(features)
        np.testing.assert_array_equal(found["words"], words)
        np.testing.assert_allclose(found["log_probabilities"], gained, rtol=1e-4, atol=1e-5)


def log_probabilities(layer, features, captions):
    """Return the log probability of each of many captions (N, T) of one image."""
    captions = np.array(captions)
    scores = np.array(layer(features, captions[None]))[0].astype("float64")  # (N, T, V)
    scores[..., :3] = -np.inf
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    of_words = np.take_along_axis(logs, captions[..., None], axis=-1)[..., 0]
    return np.where(captions != PADDING, of_words, 0).sum(axis=1)


def all_captions(max_words):
    """Return every caption: words up to an end, or to the last place."""
    words = range(END, V)
    for length in range(1, max_words + 1):
        for row in itertools.product(words, repeat=length):
            ended = row[-1] == END
            if END not in row[:-1] and (ended or length == max_words):
                yield (*row, *[PADDING] * (max_words - length))


@pytest.mark.parametrize("name", ["show_tell", "show_attend_tell"])
@pytest.mark.parametrize(("max_words", "width", "norm"), [(2, V, 0.0), (2, V, 0.8), (3, V**2, 0.8)])
def test_a_wide_beam_finds_the_best_of_all_captions(name, max_words, width, norm):
    features = features_for(name, batch=2)
    layer = randomised(DECODERS[name](), features, captions(2)[:, :, :max_words])
    found = CaptionSearch(layer, max_words, width=width, length_normalization=norm)(features)
    for b in range(2):
        every = list(all_captions(max_words))
        of_image = dict(zip(every, log_probabilities(layer, features[b : b + 1], every), strict=True))
        scores = {words: p / np.count_nonzero(words) ** norm for words, p in of_image.items()}
        best = max(scores, key=scores.get)
        assert tuple(np.asarray(found["words"][b])) == best
        np.testing.assert_allclose(found["score"][b], scores[best], rtol=1e-4)
        np.testing.assert_allclose(np.sum(found["log_probabilities"][b]), of_image[best], rtol=1e-4)


def test_two_words_are_never_scored_worse_by_a_wider_beam():
    """With two words the kept first words of a wider beam include those of a narrower one, so it cannot lose."""
    features = features_for("show_tell", batch=16)
    layer = randomised(DECODERS["show_tell"](), features, captions(16)[:, :, :2])
    scores = [np.asarray(CaptionSearch(layer, 2, width=width)(features)["score"]) for width in range(1, V)]
    assert all((wider >= narrower - 1e-6).all() for narrower, wider in zip(scores, scores[1:], strict=False))
    assert (scores[-1] > scores[0] + 1e-3).any()


@pytest.mark.parametrize(
    "options", [{}, {"width": 3, "length_normalization": 0.7}, {"temperature": 1.5}, {"temperature": 0.8, "top_k": 3}]
)
def test_a_caption_is_the_same_alone_and_in_a_batch_and_well_formed(options):
    features = features_for("show_attend_tell", batch=12)
    layer = randomised(DECODERS["show_attend_tell"](), features, captions(12))
    search = CaptionSearch(layer, T, **options)
    whole = keras.tree.map_structure(np.asarray, search(features))
    for row in range(0, 12, 5):
        alone = search(features[row : row + 1])
        for name, values in alone.items():
            np.testing.assert_allclose(values[0], whole[name][row], rtol=1e-4, atol=1e-5)
    for words, gained, attention in zip(*(whole[n] for n in ("words", "log_probabilities", "attention")), strict=True):
        length = list(words).index(END) + 1 if END in words else T
        assert (words[:length] >= END).all() and (words[length:] == PADDING).all()
        assert (gained[:length] < 0).all() and (gained[length:] == 0).all()
        np.testing.assert_allclose(attention.sum(axis=1), np.arange(T) < length, atol=1e-5)


class Urn(CaptionDecoder):
    """A decoder that gives every word of every caption the same scores."""

    numbers = np.array([5, 5, 5, -50, 1, 0.5, 0, -0.5, -1], "float32")  # the first three are never written
    teacher_forced = None  # nobody trains it

    def build(self, *shapes):
        self.built = True

    def memory(self, features):
        return features

    def first_state(self, memory):
        return (memory[:, None],)

    def step(self, memory, state, words):
        return keras.ops.zeros_like(words, "float32")[..., None] + self.numbers, state, None


def test_draws_follow_the_temperature_and_the_seed():
    features = np.zeros((2, 1), "float32")

    def drawn(**options):
        inputs = keras.Input((1,))
        model = keras.Model(inputs, CaptionSearch(Urn(V), 500, **options)(inputs))
        return model.predict(features, verbose=0)["words"]

    for temperature in (0.5, 2.0):
        words = drawn(temperature=temperature)
        expected = softmax(np.where(np.arange(V) < 3, -np.inf, Urn.numbers) / temperature)
        assert np.abs(np.bincount(words[0], minlength=V) / 500 - expected).max() < 0.08
        np.testing.assert_array_equal(words[0], words[1])  # the same scores, the same draws
    assert set(drawn(temperature=5.0, top_k=2)[0]) == {4, 5}
    assert (drawn(temperature=1.0, seed=1) != drawn(temperature=1.0, seed=2)).any()
    np.testing.assert_array_equal(drawn(temperature=1.0, seed=1), drawn(temperature=1.0, seed=1))


def test_steps_that_are_written_out_are_not_compiled_by_xla():
    for name, helps in (("show_tell", True), ("show_attend_tell", False)):
        features, words = keras.Input(features_for(name).shape[1:]), keras.Input((1, T), dtype="int32")
        model = keras.Model([features, words], DECODERS[name]()(features, words))
        assert helps_xla(model) == helps


def test_search_is_saved_with_its_decoder(tmp_path):
    inputs = keras.Input((L, D))
    features = features_for("show_attend_tell")
    layer = randomised(DECODERS["show_attend_tell_full"](), features, captions())
    model = keras.Model(inputs, CaptionSearch(layer, T, width=2, length_normalization=0.5)(inputs))
    model.save(tmp_path / "search.keras")
    again = keras.saving.load_model(tmp_path / "search.keras")
    for name, values in model.predict(features, verbose=0).items():
        np.testing.assert_allclose(again.predict(features, verbose=0)[name], values, atol=1e-6)

"""The cell as it is taught against the fast layer and against the equations, and the biases both may start with."""

import keras
import numpy as np
import pytest

from lstm_zoo.layers import LSTM, ChronoBias, TextbookLSTMCell

RANDOM = np.random.default_rng(0)


def test_the_taught_cell_the_fast_layer_and_the_equations_are_one():
    x = RANDOM.normal(size=(3, 6, 4)).astype("float32")
    cell, fast = TextbookLSTMCell(5), LSTM(5, return_sequences=True)
    taught = keras.layers.RNN(cell, return_sequences=True)
    taught.build(x.shape), fast.build(x.shape)
    weights = [RANDOM.normal(size=weight.shape).astype("float32") for weight in fast.weights]
    fast.set_weights(weights)
    cell.set_packed_weights(weights)
    for one, other in zip(cell.packed_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)

    W = {gate: np.asarray(getattr(cell, f"W_{gate}")) for gate in "fiCo"}
    b = {gate: np.asarray(getattr(cell, f"b_{gate}")) for gate in "fiCo"}
    h = C = np.zeros((3, 5))
    expected = []
    for t in range(6):
        z = {gate: np.concatenate([h, x[:, t]], axis=1) @ W[gate] + b[gate] for gate in "fiCo"}
        f, i, o = (1 / (1 + np.exp(-z[gate])) for gate in "fio")
        C = f * C + i * np.tanh(z["C"])
        h = o * np.tanh(C)
        expected.append(h)
    np.testing.assert_allclose(taught(x), np.stack(expected, axis=1), atol=1e-5)
    np.testing.assert_allclose(fast(x), np.stack(expected, axis=1), atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"unit_forget_bias": False}, "chrono"], ids=["1", "0", "chrono"])
def test_biases_start_alike_in_both(options):
    if options == "chrono":
        options = {"unit_forget_bias": False, "bias_initializer": ChronoBias(16, seed=1)}
    cell, fast = TextbookLSTMCell(50, **options), LSTM(50, **options)
    cell.build((None, 3)), fast.build((None, 16, 3))
    np.testing.assert_array_equal(cell.packed_weights()[2], fast.get_weights()[2])
    i, f, candidate, o = np.split(fast.get_weights()[2], 4)
    assert not candidate.any() and not o.any()
    if "bias_initializer" in options:
        np.testing.assert_array_equal(i, -f)
        assert f.min() >= 0 and np.log(10) < f.max() <= np.log(15)
    else:
        assert not i.any() and (f == float(not options)).all()


def test_wrong_shapes_and_sequences_too_short_are_refused():
    cell = TextbookLSTMCell(5)
    cell.build((None, 3))
    with pytest.raises(ValueError, match=r"\(3, 20\)"):
        cell.set_packed_weights([np.zeros((2, 20)), np.zeros((5, 20)), np.zeros(20)])
    with pytest.raises(ValueError, match="3 steps or more"):
        ChronoBias(2)


def test_a_network_of_taught_cells_is_saved_and_loaded(tmp_path):
    inputs = keras.Input((4, 3))
    model = keras.Model(inputs, keras.layers.RNN(TextbookLSTMCell(2, bias_initializer=ChronoBias(4)))(inputs))
    model.save(tmp_path / "x.keras")
    again = keras.saving.load_model(tmp_path / "x.keras")
    x = RANDOM.normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))

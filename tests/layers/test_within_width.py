"""Lines of different widths in one batch: the layers that keep them apart, and the networks that read lines."""

import keras
import numpy as np
import pytest

from lstm_zoo.contracts import LOG_PROBABILITIES, Spec, Tensor, Text
from lstm_zoo.layers import BlankBeyond, ColumnMask, StepMask, TurnWithin, WithinWidth
from lstm_zoo.models.conv_lines import ConvLines
from lstm_zoo.models.crnn import Crnn
from lstm_zoo.models.md_lstm_lines import MdLstmLines
from lstm_zoo.tasks.transcription import Transcription

WIDTHS = np.array([1, 4, 5, 12], "int32")
STEPS = [1, 1, 2, 3]  # of four pixels each


def maps(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_what_lies_beyond_the_width_becomes_zero():
    x = maps(4, 2, 3, 5)
    inside = np.asarray(WithinWidth(4)(x, WIDTHS))
    for row, steps in enumerate(STEPS):
        np.testing.assert_array_equal(inside[row, :, :steps], x[row, :, :steps])
        assert not inside[row, :, steps:].any()
    half = WithinWidth(4, dtype="mixed_float16")(x.astype("float16"), WIDTHS)
    assert half.dtype == "float16" and not np.asarray(half)[0, :, 1:].any()


def test_masks_tell_the_steps_and_columns_of_each_line():
    expected = np.arange(3) < np.array(STEPS)[:, None]
    np.testing.assert_array_equal(StepMask(4)(maps(4, 3, 5), WIDTHS), expected)
    columns = np.asarray(ColumnMask(4)(maps(4, 2, 3, 5), WIDTHS))
    np.testing.assert_array_equal(columns, np.stack([expected, expected], axis=1))


def test_lines_turn_round_within_their_steps():
    x = maps(4, 3, 5)
    turned = np.asarray(TurnWithin(4)(x, WIDTHS))
    for row, steps in enumerate(STEPS):
        np.testing.assert_array_equal(turned[row, :steps], x[row, :steps][::-1])
        np.testing.assert_array_equal(turned[row, steps:], x[row, steps:])
    np.testing.assert_array_equal(TurnWithin(4)(turned, WIDTHS), x)


def test_steps_beyond_the_end_are_blank_for_certain():
    logits = maps(4, 3, 6)
    inside = np.arange(3) < np.array(STEPS)[:, None]
    answers = np.asarray(BlankBeyond()(logits, inside))
    np.testing.assert_array_equal(answers[inside], logits[inside])
    probabilities = np.asarray(keras.ops.softmax(answers[~inside]))
    assert (probabilities.argmax(axis=-1) == 5).all() and (probabilities[:, 5] > 1 - 1e-6).all()


def test_layers_are_saved_and_loaded(tmp_path):
    line, width = keras.Input((2, None, 5), name="line"), keras.Input((), dtype="int32", name="width")
    x = WithinWidth(4, name="within")(line, width)
    columns = ColumnMask(4)(x, width)
    x = keras.layers.Reshape((-1, 5))(x[:, 0])
    x = BlankBeyond()(TurnWithin(4)(x, width), StepMask(4)(x, width))
    model = keras.Model({"line": line, "width": width}, [x, columns])
    assert [output.shape for output in model.outputs] == [(None, None, 5), (None, 2, None)]
    model.save(tmp_path / "layers.keras")
    again = keras.models.load_model(tmp_path / "layers.keras")
    assert again.get_layer("within").pixels == 4
    inputs = {"line": maps(4, 2, 3, 5), "width": WIDTHS}
    for one, other in zip(model(inputs), again(inputs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_masks_end_where_widths_tell_the_same():
    x = keras.layers.Masking()(maps(4, 3, 6))
    assert x._keras_mask is not None
    for layer in (BlankBeyond(), TurnWithin(4)):
        told = (x, np.ones((4, 3), bool)) if isinstance(layer, BlankBeyond) else (x, WIDTHS)
        assert getattr(layer(*told), "_keras_mask", None) is None


# Networks

READERS = {
    "crnn": Crnn(filters=(3, 4, 4, 5), units=(4, 3)),
    "gru": Crnn(filters=(3, 4, 4, 5), units=(4,), cell="gru"),
    "md_lstm_lines": MdLstmLines(filters=(3, 4), units=(3, 4), between=5),
    "conv_lines": ConvLines(filters=(3, 4, 4, 5), along=(6, 5), steps_seen=3),
}


def reader_of(kind, pixels_per_step):
    """Return a network, with weights that let nothing be as good as zero, and its spec."""
    inputs = {"line": Tensor(shape=(16, None, 1)), "width": Tensor(shape=(), dtype="int32")}
    spec = Spec(inputs=inputs, target=Text(alphabet=("a", "b"), pixels_per_step=pixels_per_step))
    keras.utils.set_random_seed(0)
    model = READERS[kind].build(spec)
    random = np.random.default_rng(0)
    for weight in model.weights:
        moved = random.normal(0, 0.2, weight.shape)
        weight.assign_add(np.abs(moved) if weight.path.endswith("variance") else moved)
    return model, spec


def lines_of(widths):
    """Return lines of noise, one behind the other in a batch, filled up with zeros."""
    lines = np.zeros((len(widths), 16, max(widths), 1), np.uint8)
    for line, width in zip(lines, widths, strict=True):
        line[:, :width] = np.random.default_rng(width).integers(1, 256, (16, width, 1))
    return {"line": lines, "width": np.array(widths, "int32")}


@pytest.mark.parametrize("pixels_per_step", [2, 4])
@pytest.mark.parametrize("kind", READERS)
def test_a_line_alone_reads_as_in_a_batch_with_a_longer_one(kind, pixels_per_step):
    model, spec = reader_of(kind, pixels_per_step)
    network = Transcription().network(model, spec)
    widths = [37, 64, 18, 1]
    together = np.asarray(network(lines_of(widths), training=False)[LOG_PROBABILITIES])
    assert together.shape == (4, -(-64 // pixels_per_step), 3)
    for row, width in enumerate(widths):
        alone = np.asarray(network(lines_of([width]), training=False)[LOG_PROBABILITIES])[0]
        steps = -(-width // pixels_per_step)
        assert len(alone) == steps
        np.testing.assert_allclose(together[row, :steps], alone, rtol=1e-6, atol=2e-6)
        assert (together[row, steps:, -1] > -1e-6).all()  # the blank
    assert np.ptp(together[1], axis=0).max() > 1e-3  # what a line says has a say

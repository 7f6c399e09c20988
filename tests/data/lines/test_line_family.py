"""Lines as they are stored and shown: batches of alike widths, views, and pixels."""

import numpy as np
import pytest
import tensorflow as tf
from lined import line_of, write_line
from PIL import Image

from lstm_zoo.contracts import LOG_PROBABILITIES, Share
from lstm_zoo.contracts.text import PADDING, UNKNOWN
from lstm_zoo.data.lines.line_config import LineAugment, LineConfig
from lstm_zoo.data.lines.line_pixels import as_line, grey_of, vary
from lstm_zoo.data.lines.text_lines import TextLinesFolder

VARIED = {"slant": 0.3, "rotation": 3, "shrink": 0.1, "shift": 0.1, "contrast": 0.3, "brightness": 0.1, "noise": 0.1}
LINE = {"height": 16, "pixels_per_step": 4}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Twenty-one lines to train on, of 3 to 23 letters; two each for the others."""
    root = tmp_path_factory.mktemp("lines")
    for number in range(21):
        text = "abc" * 8  # of two letters fewer than are drawn
        write_line(root, f"train/{number}", text[: number + 1], shown=text[: number + 3], letter=12)
    for split in ("val", "test"):
        write_line(root, f"{split}/short", "ab", letter=12)
        write_line(root, f"{split}/long", "abcabcab?", letter=12)
    return root


@pytest.fixture(scope="module")
def splits(root, data_dir):
    return TextLinesFolder(root=root, data_dir=data_dir, line=LINE).load()


@pytest.fixture(scope="module")
def varied(root, data_dir):
    return TextLinesFolder(root=root, data_dir=data_dir, line={**LINE, "augment": VARIED}).load()


def streamed(dataset, batches=None):
    return [
        (inputs["line"].copy(), inputs["width"].copy(), targets.copy())
        for inputs, targets in dataset.take(-1 if batches is None else batches).as_numpy_iterator()
    ]


# Streams


def test_an_epoch_shows_every_line_once_in_batches_of_alike_widths(splits):
    batches = streamed(splits.train_stream(4, seed=1), 12)
    assert [len(widths) for _, widths, _ in batches] == [4, 4, 4, 4, 4, 1] * 2
    for epoch in (batches[:6], batches[6:]):
        widths = np.concatenate([widths for _, widths, _ in epoch])
        assert sorted(widths) == [12 * letters for letters in range(3, 24)]
    spread = np.mean([np.ptp(widths) for _, widths, _ in batches if len(widths) == 4])
    assert spread < 0.4 * 12 * 20
    first, second = ([widths.tolist() for _, widths, _ in part] for part in (batches[:6], batches[6:]))
    assert first != second
    for lines, widths, targets in batches:
        assert lines.shape[1:] == (16, widths.max(), 1) and lines.dtype == np.uint8
        for line, width, target in zip(lines, widths, targets, strict=True):
            assert not line[:, width:].any() and line[:, :width].all()  # zeros fill up; a line has none here
            letters = width // 12 - 2
            assert target[:letters].tolist() == [0, 1, 2] * (letters // 3) + [0, 1, 2][: letters % 3]
            assert (target[letters:] == PADDING).all()
    assert splits.spec.target.alphabet == ("a", "b", "c")


def test_the_order_is_a_function_of_seed_and_epoch(splits):
    again = streamed(splits.train_stream(4, seed=1), 12)[6:]
    tf.random.set_seed(3)
    resumed = streamed(splits.train_stream(4, seed=1, first_epoch=1), 6)
    for one, other in zip(again, resumed, strict=True):
        for tensor, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(tensor, same)
    later = streamed(splits.train_stream(4, seed=1, first_epoch=1, first_step=5), 1)
    for one, other in zip(later[0], again[5], strict=True):
        np.testing.assert_array_equal(one, other)
    other = streamed(splits.train_stream(4, seed=2, first_epoch=1), 6)
    assert any(one[1].tolist() != same[1].tolist() for one, same in zip(other, resumed, strict=True))
    full = streamed(splits.train_stream(4, seed=1, drop_remainder=True), 10)
    assert [len(widths) for _, widths, _ in full] == [4] * 10


def test_processes_see_together_what_one_would_see_and_lines_as_long(splits):
    """Both fill up to the widest line of the whole batch."""
    whole = streamed(splits.train_stream(4, 1, 1, 1, drop_remainder=True), 4)
    parts = [
        streamed(splits.train_stream(4, 1, 1, 1, drop_remainder=True, share=Share(number, 2)), 4) for number in (0, 1)
    ]
    for tensors, *halves in zip(whole, *parts, strict=True):
        for tensor, one, other in zip(tensors, *halves, strict=True):
            np.testing.assert_array_equal(tensor, np.concatenate([one, other]))


def test_evaluation_sees_lines_in_stored_order_as_they_are(splits, monkeypatch):
    (both,) = streamed(splits.eval_stream("val", 8))
    lines, widths, targets = both
    names = [judged.name for judged in splits.judged("val")]
    assert dict(zip(names, widths.tolist(), strict=True)) == {"val/short.png": 24, "val/long.png": 108}
    assert lines.shape == (2, 16, 108, 1)
    long = names.index("val/long.png")
    np.testing.assert_array_equal(targets[long], [0, 1, 2, 0, 1, 2, 0, 1, UNKNOWN])
    np.testing.assert_array_equal(targets[1 - long], [0, 1] + [PADDING] * 7)
    np.testing.assert_array_equal(lines[long, ..., 0], line_of("abcabcab?", letter=12))
    np.testing.assert_array_equal(splits.pictures("val", [long])[long], lines[long, ..., 0])
    alone = streamed(splits.eval_stream("val", 1))
    assert [line.shape[2] for line, _, _ in alone] == widths.tolist()
    (second,) = streamed(splits.eval_stream("val", 1, batches=range(1, 2)))
    for one, other in zip(second, alone[1], strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.setattr("lstm_zoo.data.pipeline.media.KEPT_BYTES", 0)  # nothing is kept in memory
    for one, other in zip(streamed(splits.eval_stream("val", 8))[0], both, strict=True):
        np.testing.assert_array_equal(one, other)


def test_outputs_end_where_the_line_ends(splits):
    widths = streamed(splits.eval_stream("val", 8))[0][1]
    outputs = np.arange(2 * 27 * 4).reshape(2, 27, 4)
    merged = list(splits.merged("val", [{LOG_PROBABILITIES: outputs}]))
    for one, whole, width in zip(merged, outputs, widths, strict=True):
        np.testing.assert_array_equal(one[LOG_PROBABILITIES], whole[: width // 4])


def test_a_file_is_shown_as_evaluation_sees_it(root, splits):
    config = TextLinesFolder(root=root, line=LINE)
    views = config.views(root / "val/short.png", splits.spec)
    assert views.inputs["line"].shape == (1, 16, 24, 1) and views.inputs["width"].tolist() == [24]
    merged = views.merge(iter([{LOG_PROBABILITIES: np.zeros((9, 4))}]))
    assert merged[LOG_PROBABILITIES].shape == (6, 4)


def test_training_lines_vary_with_seed_and_epoch_and_keep_their_size(splits, varied):
    assert varied.augmented and not splits.augmented
    assert varied.fingerprint != splits.fingerprint and varied.folder == splits.folder
    for lines in (splits, varied):  # networks without recurrence take all of the height at once
        assert lines.train_stream(4, seed=1).element_spec[0]["line"].shape[1:] == (16, None, 1)
    plain = streamed(splits.train_stream(4, seed=1), 6)
    first = streamed(varied.train_stream(4, seed=1), 12)
    for (lines, widths, targets), (changed, same_widths, same_targets) in zip(plain, first, strict=False):
        np.testing.assert_array_equal(widths, same_widths)
        np.testing.assert_array_equal(targets, same_targets)
        assert lines.shape == changed.shape and (lines != changed).any()
    again = streamed(varied.train_stream(4, seed=1, first_epoch=1), 6)
    for (lines, _, _), (same, _, _) in zip(first[6:], again, strict=True):
        np.testing.assert_array_equal(lines, same)
    assert first[0][0].tobytes() != again[0][0].tobytes()


# Chance


@pytest.mark.parametrize("name", VARIED)
def test_every_change_is_a_function_of_its_seed(name):
    line = tf.constant(line_of("abcdef")[..., None])
    augment = LineAugment(**{name: VARIED[name]})
    one, same, other = (vary(line, augment, tf.constant([seed, 0], tf.int64)).numpy() for seed in (1, 1, 2))
    assert one.shape == line.shape and one.dtype == np.uint8
    np.testing.assert_array_equal(one, same)
    assert (one != other).any() and (one != line.numpy()).any()


def test_no_change_is_none():
    line = tf.constant(line_of("abcdef")[..., None])
    np.testing.assert_array_equal(vary(line, LineAugment(), tf.constant([1, 2], tf.int64)), line)


def test_a_long_line_turns_less():
    line = np.full((16, 1600, 1), 240, np.uint8)
    line[7:9] = 20
    turned = vary(tf.constant(line), LineAugment(rotation=10), tf.constant([4, 0], tf.int64)).numpy()
    assert (turned.min(axis=(0, 2)) < 150).all()  # the stroke leaves the picture nowhere


# Pixels


def test_lines_keep_their_ratio_and_are_dark_on_light():
    pixels = line_of("abcd", height=32)[..., None]
    config = LineConfig(height=16)
    line = as_line(tf.constant(pixels), config).numpy()
    assert line.shape == (16, 16, 1) and config.width_at_height((32, 32)) == 16
    np.testing.assert_allclose(as_line(tf.constant(255 - pixels), config).numpy().astype(int), line, atol=1)
    for ink, expected in (("dark", line), ("light", 255 - line)):
        fixed = as_line(tf.constant(pixels), LineConfig(height=16, ink=ink)).numpy()
        np.testing.assert_allclose(fixed.astype(int), expected, atol=1)
    thin = as_line(tf.constant(pixels[:, :1]), LineConfig(height=8, deskew=True)).numpy()
    assert thin.shape == (8, 1, 1)


@pytest.mark.parametrize("slope", [-0.06, -0.02, 0.0, 0.04])
def test_lines_that_run_up_or_down_are_made_level(slope):
    x = np.arange(300)
    middle = 20 + slope * (x - 149.5)
    pixels = np.where(np.abs(np.arange(40)[:, None] - middle) < 3, 30, 220).astype(np.uint8)[..., None]
    rows = [
        (as_line(tf.constant(pixels), LineConfig(height=40, deskew=deskew)).numpy()[..., 0] < 125).any(axis=1).sum()
        for deskew in (False, True)
    ]
    assert rows[1] <= 7 and rows[0] >= 5 + 250 * abs(slope)


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "LA", "P", "I;16", "1", "clear", "inverse", "turned"])
def test_all_kinds_of_files_read_like_the_plain_one(tmp_path, kind):
    grey = Image.fromarray(np.where(line_of("abc") < 128, 0, 255).astype(np.uint8))
    file, options = tmp_path / "line.png", {}
    if kind == "I;16":
        image = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    elif kind == "clear":  # ink on a ground that is black, and transparent
        image = Image.new("RGBA", grey.size, (0, 0, 0, 0))
        image.putalpha(grey.point(lambda value: 255 - value))
    elif kind == "inverse":
        image = grey.point(lambda value: 255 - value)
    elif kind == "turned":
        image, file = grey.transpose(Image.Transpose.ROTATE_90), tmp_path / "line.tif"
        image.getexif()[0x0112] = 6
        options = {"exif": image.getexif()}
    else:
        image = grey.convert(kind)
    image.save(file, **options)
    config = TextLinesFolder(root=tmp_path, line=LINE)
    read = config.read(file)["line"]
    np.testing.assert_array_equal(read[..., 0], grey)
    if file.suffix == ".png":
        encoded = tf.constant([file.read_bytes()])
        shown = config.from_encoded(config.spec_with(["a"]))(encoded)
        np.testing.assert_array_equal(shown["line"][0], read)
        assert grey_of(encoded[0]).shape[-1] == 1


def test_files_of_different_widths_become_one_batch(tmp_path):
    files = [write_line(tmp_path, text, text) for text in ("abcdef", "ab")]
    config = TextLinesFolder(root=tmp_path, line=LINE)
    shown = config.from_encoded(config.spec_with(["a"]))(tf.constant([file.read_bytes() for file in files]))
    assert shown["line"].shape == (2, 16, 48, 1) and shown["width"].numpy().tolist() == [48, 16]
    np.testing.assert_array_equal(shown["line"][1, :, :16], config.read(files[1])["line"])
    assert not shown["line"][1, :, 16:].numpy().any()

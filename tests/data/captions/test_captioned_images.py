"""Captioned images as a network is shown them, and captions as numbers."""

import numpy as np
import pytest
import tensorflow as tf
from captioned import SIDE, captions_of, sentences, settings, shown, write_table
from conftest import picture, write_image
from PIL import Image

from lstm_zoo.contracts import InputError, Spec, Tensor, Words
from lstm_zoo.contracts.words import END, PADDING, SPECIAL, UNKNOWN, words_of
from lstm_zoo.data.captions.captioned_folder import CaptionedFolder
from lstm_zoo.data.captions.vocabulary import build_vocabulary, number_words
from lstm_zoo.data.pictures.pixels import eval_photo


@pytest.fixture(scope="module")
def varied_root(tmp_path_factory):
    """Images of which one has seven captions, one has one, and all others have two; eight are to train on."""
    root = tmp_path_factory.mktemp("varied")
    counts = {0: 7, 1: 1}
    rows = [
        f'{n}.png,"{text}",{"train" if n < 8 else "val"}' for n in range(12) for text in sentences(n, counts.get(n, 2))
    ]
    for number in range(12):
        write_image(root / f"{number}.png", number)
    return write_table(root, rows, "image,caption,split")


@pytest.fixture
def varied(varied_root, data_dir):
    return lambda **options: CaptionedFolder(root=varied_root, **settings(data_dir, **options))


def test_what_is_transparent_is_ground_for_all(varied, tmp_path):
    """Hidden colours are noise; an exported network is shown the same as training."""
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 4)).astype(np.uint8)
    pixels[..., 3] = 255 * (np.arange(SIDE) > 9)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for ground in ((255, 255, 255), (0, 9, 200)):
        config = varied(ground=ground)
        spec = config.expected_spec()
        views = config.views(tmp_path / "a.png", spec)
        assert (views.picture[:, :10] == ground).all() and (views.picture[:, 10:] == pixels[:, 10:, :3]).all()
        encoded = config.from_encoded(spec)(tf.constant([(tmp_path / "a.png").read_bytes()]))
        np.testing.assert_array_equal(encoded["image"], views.inputs["image"])
    assert varied(ground=(0, 0, 0)).source_key({}) != varied().source_key({})


def test_evaluation_sees_the_files_as_they_are(varied, varied_root, tmp_path):
    config = varied()
    splits = config.load()
    for split in ("train", "val"):
        pixels = np.concatenate([images for images, _ in shown(splits.eval_stream(split, 5))])
        assert pixels.shape == (splits.size(split), SIDE, SIDE, 3) and pixels.dtype == np.uint8
        pictures = splits.pictures(split, range(len(pixels)))
        for number, (name, image) in enumerate(zip(captions_of(splits, split), pixels, strict=True)):
            file = varied_root / name
            np.testing.assert_array_equal(image, pictures[number])
            np.testing.assert_array_equal(image, eval_photo(file.read_bytes(), SIDE).numpy())
            np.testing.assert_array_equal(image, config.views(file, splits.spec).inputs["image"][0])
            encoded = tf.constant([file.read_bytes()])
            np.testing.assert_array_equal(image, config.from_encoded(splits.spec)(encoded)["image"][0])
    views = config.views(varied_root / "0.png", splits.spec)
    np.testing.assert_array_equal(views.picture, views.inputs["image"][0])
    assert list(views.parts) == []
    assert len(config.files_below(varied_root)) == 12
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(InputError, match=r"text.jpg: is no image that can be read"):
        config.views(tmp_path / "text.jpg", splits.spec)


@pytest.mark.parametrize(
    "options", [{"size": (150, 60)}, {"exif": 6}, {"mode": "CMYK"}], ids=["large", "turned", "printed"]
)
def test_a_file_is_read_as_it_is_stored(tmp_path, data_dir, options):
    exif = Image.Exif()
    exif[0x0112] = options.get("exif", 1)
    for number in range(2):
        one = picture(number, options.get("size", (36, 28))).convert(options.get("mode", "RGB"))
        one.save(tmp_path / f"{number}.jpg", exif=exif)
    write_table(tmp_path, ["0.jpg,A,train", "1.jpg,B,val"], "image,caption,split")
    config = CaptionedFolder(root=tmp_path, **settings(data_dir))
    splits = config.load()
    for split, name in (("train", "0.jpg"), ("val", "1.jpg")):
        ((pixels, _),) = shown(splits.eval_stream(split, 2))
        np.testing.assert_array_equal(pixels, config.views(tmp_path / name, splits.spec).inputs["image"])


def test_captions_are_numbered_as_the_vocabulary_says(varied):
    splits = varied().load()
    vocabulary = splits.spec.target.vocabulary
    assert vocabulary[: len(SPECIAL)] == SPECIAL and splits.spec.target.max_words == 8
    assert splits.spec.inputs == {"image": Tensor(shape=(SIDE, SIDE, 3))}
    assert splits.spec.hints == {"words": Tensor(shape=(None, 8), dtype="int32")}
    for split in ("train", "val"):
        rows = np.concatenate([captions for _, captions in shown(splits.eval_stream(split, 5))])
        assert rows.shape == (splits.size(split), 3, 8) and rows.dtype == np.int32
        for texts, numbers in zip(captions_of(splits, split).values(), rows, strict=True):
            for text, row in zip(texts[:3], numbers, strict=False):
                words = text.lower().replace(",", "").replace(" .", "").split()
                expected = [vocabulary.index(word) if word in vocabulary else UNKNOWN for word in words]
                assert row.tolist() == [*expected, END, *[PADDING] * (7 - len(words))]
                assert words_of(row, vocabulary) == [w if w in vocabulary else "[UNK]" for w in words]
            assert (numbers[len(texts) :] == PADDING).all()
        if split == "val":
            assert (rows == UNKNOWN).any()  # the pictures' own numbers


def test_training_depends_on_seed_and_epoch_alone(varied):
    config = varied(augment={"flip": True})
    splits = config.load()
    assert splits.augmented and not varied().load().augmented
    stream = shown(splits.train_stream(3, seed=1), 6)
    assert [len(pixels) for pixels, _ in stream] == [3, 3, 2, 3, 3, 2]
    orders = []
    for epoch in (0, 1):
        pixels = np.concatenate([pixels for pixels, _ in stream[3 * epoch : 3 * epoch + 3]])
        captions = np.concatenate([captions for _, captions in stream[3 * epoch : 3 * epoch + 3]])
        order = [number_of(image) for image in pixels]
        assert sorted(order) == list(range(8))
        orders.append(order)
        stored = [int(name[:-4]) for name in captions_of(splits, "train")]
        rows = np.array([stored.index(number) for number in order])
        np.testing.assert_array_equal(captions, known(splits, rows, epoch)["target"])
    assert orders[0] != orders[1]
    tf.random.set_seed(99)  # no hidden global generator
    for one, again in zip(stream[3:], shown(config.load().train_stream(3, seed=1, first_epoch=1), 3), strict=True):
        np.testing.assert_array_equal(one[0], again[0])
        np.testing.assert_array_equal(one[1], again[1])
    other = shown(splits.train_stream(8, seed=2), 1)[0][0]
    assert [number_of(image) for image in other] != orders[0]
    full = shown(splits.train_stream(3, seed=1, drop_remainder=True), 4)
    assert [len(pixels) for pixels, _ in full] == [3] * 4


def known(splits, rows, epoch):
    """Return the captions of some training images in an epoch."""
    return splits._family.known(splits._facts("train"), rows, epoch)


def varied_as_in(splits, seed, epoch):
    """Return the training images as an epoch shows them, in stored order."""
    stream = splits._media.in_stored_order(seed, epoch, 5)
    return np.concatenate([media["image"] for _, media in stream.as_numpy_iterator()])


def number_of(image):
    """Return which picture it is, from its blue."""
    return round(np.median(image[..., 2]) / 20)


def test_views_of_an_epoch_are_what_its_stream_shows(varied):
    splits = varied(augment={"flip": True}).load()
    views = varied_as_in(splits, seed=3, epoch=1)
    ((images, _),) = shown(splits.train_stream(8, seed=3, first_epoch=1), 1)
    assert sorted(image.tobytes() for image in views) == sorted(image.tobytes() for image in images)
    assert [number_of(image) for image in views] == [int(name[:-4]) for name in captions_of(splits, "train")]


def test_many_captions_take_turns_and_few_are_padded(varied):
    splits = varied().load()
    names = list(captions_of(splits, "train"))
    many, one = names.index("0.png"), names.index("1.png")
    every = number_words(sentences(0, 7), splits.spec.target.vocabulary, 8)
    for epoch, turns in enumerate([(0, 1, 2), (3, 4, 5), (6, 0, 1), (2, 3, 4)]):
        shown = known(splits, np.arange(8), epoch)
        targets = shown["target"]
        np.testing.assert_array_equal(shown["words"], targets)
        np.testing.assert_array_equal(targets[many], every[list(turns)])
        assert (targets[one][0] != PADDING).any() and (targets[one][1:] == PADDING).all()


@pytest.mark.parametrize("augment", [{"flip": True}, {}], ids=["flipped", "plain"])
def test_pixels_are_the_same_whether_kept_decoded_or_not(varied, monkeypatch, augment):
    kept = varied(augment=augment).load()
    stream = shown(kept.train_stream(3, seed=1), 6)
    assert kept._media._kept[0]["image"].shape == (SIDE, SIDE, 3)
    for module in ("stored", "media"):
        monkeypatch.setattr(f"lstm_zoo.data.pipeline.{module}.KEPT_BYTES", 0)
    read = varied(augment=augment).load()
    for one, other in zip(stream, shown(read.train_stream(3, seed=1), 6), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
    assert read._media._kept is None
    ((pixels, _),) = shown(read.eval_stream("val", 4))
    np.testing.assert_array_equal(pixels, shown(kept.eval_stream("val", 4))[0][0])


def test_crops_show_parts_that_vary(varied):
    splits = varied(augment={"crop_scale": (0.3, 0.6)}).load()
    views = [varied_as_in(splits, seed=0, epoch=epoch) for epoch in (0, 0, 1)]
    assert splits._media._kept is None  # parts of the images as they are stored
    np.testing.assert_array_equal(views[0], views[1])
    assert views[0].shape == (8, SIDE, SIDE, 3) and not np.array_equal(views[0], views[2])


def test_a_finished_run_keeps_its_vocabulary(varied):
    target = Words(vocabulary=(*SPECIAL, "time", "picture"), max_words=5)
    like = varied().expected_spec().model_copy(update={"target": target})
    splits = varied().load(like)
    assert splits.spec == like
    rows = known(splits, np.arange(8), 0)["target"]
    assert rows.shape == (8, 3, 5)
    assert rows[0, 0].tolist() == [5, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]  # cut, so there is no end
    assert splits.fingerprint != varied().load().fingerprint
    other = Spec(inputs={"image": Tensor(shape=(99, 99, 3))}, target=target)
    with pytest.raises(InputError, match=r"^data.image.size: gives images of \(16, 16, 3\), .* on \(99, 99, 3\)"):
        varied().load(other)


def test_what_an_encoder_sees_does_not_depend_on_captions(varied):
    plain, fewer, flipped = (
        varied(**options).family(varied().expected_spec())
        for options in ({}, {"per_image": 1}, {"augment": {"flip": True}})
    )
    assert plain.shown_by == fewer.shown_by != flipped.shown_by
    assert fewer.known_by != plain.known_by == flipped.known_by
    assert plain.trained_as_evaluated and not flipped.trained_as_evaluated
    assert plain.unpacked_bytes([{}] * 8, 1) == 8 * SIDE * SIDE * 3


def test_captions_become_numbers_and_words_again():
    captions = ["A man's dog, running.", "a dog", "", "[start] dog [end]"]
    vocabulary = build_vocabulary(captions, min_count=2)
    assert vocabulary == (*SPECIAL, "dog", "a")
    np.testing.assert_array_equal(
        number_words(captions, vocabulary, 4), [[5, 1, 4, 1], [5, 4, END, 0], [END, 0, 0, 0], [1, 4, 1, END]]
    )
    assert words_of([5, 4, END, 0], vocabulary) == ["a", "dog"]
    assert build_vocabulary([], 1) == build_vocabulary(["", " . "], 1) == SPECIAL

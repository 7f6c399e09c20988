"""Pictures and volumes with the class of every pixel, and what a test asks of their streams."""

import numpy as np
from PIL import Image

from lstm_zoo.contracts import PROBABILITIES, LabelMap, Spec, Tensor
from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.blocks import PictureAugment

CLASSES = "sky\ntree\nroad\nvoid\n"
SIZE = (24, 40)
FLIPS = PictureAugment(flip=("x", "y"))


def labels_of(number, size=SIZE):
    """Return a label map as it is stored, with 3 for void."""
    y, x = np.indices(size)
    return ((y // 5 + x // 7 + number) % 4).astype(np.uint8)


def pixels_of(number, labels):
    """Return an image whose pixels tell their label, its number and where they stand."""
    y, x = np.indices(labels.shape)
    return np.stack([60 * labels + number, 5 * y, 4 * x], axis=-1).astype(np.uint8)


def labels_in(pixels):
    """Return the labels that pixels tell; nothing but void where they are padding."""
    labels = pixels[..., 0] // 60
    known = (labels < 3) & (pixels[..., 3] == 255) if pixels.shape[-1] == 4 else labels < 3
    return np.where(known, labels, VOID)


def write_pair(root, images, labels, number, size=SIZE):
    stored = labels_of(number, size)
    for folder, array in ((images, pixels_of(number, stored)), (labels, stored)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(root / folder / f"{number}.png")


def write_folder(root, sizes=(SIZE,)):
    """Write four images to train, three for validation and two for the test; their sizes take turns."""
    for number in range(9):
        split = "train" if number < 4 else "val" if number < 7 else "test"
        write_pair(root, split, f"{split}annot", number, sizes[number % len(sizes)])
    (root / "classes.txt").write_text(CLASSES)
    return root


def touch(root, *names):
    """Make empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def spec_of(shape, names=("sky", "tree", "road"), masked=False):
    name = "image" if len(shape) == 3 else "volume"
    return Spec(inputs={name: Tensor(shape=shape, masked=masked)}, target=LabelMap(names=names))


def block_of(spec):
    """Return the shape of a block."""
    return spec.only_input[1].shape


def split_sizes(splits):
    return {split: splits.size(split) for split in ("train", "val", "test")}


def dealt(config):
    """Return the names of the images of each split."""
    return {split: [item.name for item in items] for split, items in config.items().items()}


def names_in(splits, split):
    return [judged.name for judged in splits.judged(split)]


def truths_in(splits, split):
    return [judged.truth for judged in splits.judged(split)]


def shown(dataset, batches):
    """Return pictures and labels of some batches of a stream."""
    return [(*inputs.values(), labels) for inputs, labels in dataset.take(batches).as_numpy_iterator()]


def rows(dataset):
    """Return all blocks of a stream and their labels."""
    pixels, labels = zip(*shown(dataset, -1), strict=True)
    return np.concatenate(pixels), np.concatenate(labels)


def in_stored_order(splits, seed, epoch, batch_size=3):
    """Return what a training epoch shows of each picture in stored order, by name."""
    batches = list(splits._media.in_stored_order(seed, epoch, batch_size).as_numpy_iterator())
    return {name: np.concatenate([shown[name] for _, shown in batches]) for name in ("image", "target")}


def as_answers(labels, num_classes=3):
    """Return what a network would answer that knows the labels, and says of void that it is a further class."""
    probabilities = np.eye(num_classes + 1, dtype=np.float32)[np.where(labels == VOID, num_classes, labels)]
    return {PROBABILITIES: probabilities, "labels": np.zeros(labels.shape, np.int32)}


def answered(outputs, num_classes=3):
    answers = outputs["labels"]
    assert answers.dtype == np.uint8
    if PROBABILITIES in outputs:  # of volumes, labels alone are kept
        np.testing.assert_array_equal(answers, outputs[PROBABILITIES].argmax(axis=-1))
    return np.where(answers == num_classes, VOID, answers)


def check_whole(splits, split, num_classes=3):
    """Check that the label maps of all blocks become those of the pictures again."""
    batches = (as_answers(labels, num_classes) for _, labels in splits.eval_stream(split, 3).as_numpy_iterator())
    targets = truths_in(splits, split)
    whole = list(splits.merged(split, batches))
    assert len(whole) == len(targets) == splits.size(split)
    for outputs, labels in zip(whole, targets, strict=True):
        np.testing.assert_array_equal(answered(outputs, num_classes), labels)


def few(data_dir, **options):
    return {"num_train": 4, "num_val": 2, "num_test": 2, "data_dir": data_dir, **options}


def write_series(folder, array, spacing=(1, 1, 1), origin=(0, 0, 0), heights=None):
    """Write the planes of a volume as DICOM; `heights` are those along z, in millimetres, where they differ."""
    import SimpleITK as itk

    from lstm_zoo.media.itk_volumes import itk_reasons

    folder.mkdir(parents=True)
    writer = itk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for number, plane in enumerate(array):
        image = itk.GetImageFromArray(plane)
        image.SetSpacing(spacing[:2])
        z = origin[2] + spacing[2] * number if heights is None else heights[number]
        tags = {"0020|0032": rf"{origin[0]}\{origin[1]}\{z}", "0020|0037": r"1\0\0\0\1\0", "0018|0050": str(spacing[2])}
        tags |= {"0020|000e": "1.2.3", "0008|0060": "CT", "0020|0013": str(number), "0008|0018": f"1.2.3.{number}"}
        for key, value in tags.items():
            image.SetMetaData(key, value)
        writer.SetFileName(str(folder / f"{100 - number}.dcm"))  # names say nothing of the order
        with itk_reasons():
            writer.Execute(image)
    return folder

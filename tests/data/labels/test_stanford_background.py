"""Stanford Background: its folds and its label maps."""

import numpy as np
import pytest
from labelled import block_of, check_whole, dealt, labels_of, names_in, pixels_of, truths_in
from PIL import Image
from pydantic import ValidationError

from lstm_zoo.contracts.labels import VOID
from lstm_zoo.data.labels.stanford_background import StanfordBackground


def write_stanford(root, count=12):
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        stored = (labels_of(number, (20, 30)).astype(int) + number) % 9 - 1  # -1: unknown
        Image.fromarray(pixels_of(number, labels_of(number, (20, 30)))).save(root / "images" / f"{number:07d}.jpg")
        text = "\n".join(" ".join(map(str, row)) for row in stored.tolist())
        (root / "labels" / f"{number:07d}.regions.txt").write_text(text + "\n")
        (root / "labels" / f"{number:07d}.surfaces.txt").write_text("0 1\n")
    return root


def test_stanford_background(tmp_path, data_dir):
    root = write_stanford(tmp_path / "iccv09Data")
    config = StanfordBackground(root=root, data_dir=data_dir)
    assert list(config.problems()) == [] and config.bad_files() == []
    tests = []
    for fold in range(5):
        splits = dealt(config.model_copy(update={"fold": fold}))
        assert sorted(name for names in splits.values() for name in names) == [f"images/{n:07d}.jpg" for n in range(12)]
        assert all(splits[split] for split in ("train", "val", "test"))
        tests += splits["test"]
    assert sorted(tests) == [f"images/{number:07d}.jpg" for number in range(12)]
    splits = config.load()
    assert block_of(splits.spec) == (20, 30, 3) and splits.spec.num_classes == 8
    for name, labels in zip(names_in(splits, "train"), truths_in(splits, "train"), strict=True):
        number = int(name[7:-4])
        expected = (labels_of(number, (20, 30)).astype(int) + number) % 9 - 1
        np.testing.assert_array_equal(labels, np.where(expected < 0, VOID, expected))
    check_whole(splits, "test", 8)


def test_stanford_background_says_where_it_comes_from(tmp_path):
    (found,) = StanfordBackground(root=tmp_path / "none").problems()
    assert found.key == "root" and "no folder" in found.message and "iccv09Data.tar.gz" in found.message
    with pytest.raises(ValidationError, match="less than 5"):
        StanfordBackground(root=tmp_path, fold=5)

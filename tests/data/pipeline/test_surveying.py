"""One look at all files: what is told of each, which examples are shown, and what comes near to training."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
from labelled import SIZE, block_of, labels_of, pixels_of, write_folder, write_pair

from lstm_zoo.contracts import Neighbour
from lstm_zoo.data.labels.segmentation_folder import SegmentationFolder
from lstm_zoo.data.pipeline.family import Item
from lstm_zoo.data.pipeline.neighbours import nearest_in_training
from lstm_zoo.data.pipeline.surveying import _from_everywhere


def test_each_file_is_told_and_some_are_shown(tmp_path):
    root = write_folder(tmp_path)
    write_pair(root, "train", "trainannot", 5)  # stands in val, too
    (root / "val" / "6.png").write_bytes(b"nothing")
    found = SegmentationFolder(root=root, void="void").survey(num_examples=5)
    assert [(file.split, file.name) for file in found.files[:5]] == [
        ("train", f"train/{n}.png") for n in (0, 1, 2, 3, 5)
    ]
    assert [(file.split, file.name) for file in found.bad_files] == [("val", "val/6.png")]
    first = found.files[0]
    assert first.measures == {"height": SIZE[0], "width": SIZE[1], "channels": 3}
    numbers, counts = np.unique(labels_of(0), return_counts=True)
    assert first.classes == {
        ("sky", "tree", "road", "void")[n]: count for n, count in zip(numbers, counts, strict=True)
    }
    contents = {file.name: file.content for file in found.files}
    assert contents["train/5.png"] == contents["val/5.png"] and len(set(contents.values())) == len(contents) - 1
    assert Counter(one.split for one in found.examples) == {"train": 2, "val": 2, "test": 1}
    for one in found.examples:
        number = int(one.name.split("/")[1][0])
        np.testing.assert_array_equal(one.target, np.where(labels_of(number) == 3, 255, labels_of(number)))
        np.testing.assert_array_equal(one.inputs["image"], pixels_of(number, labels_of(number)))
        assert one.inputs["image"].shape == block_of(found.spec)
    again = SegmentationFolder(root=root, void="void").survey(num_examples=5)
    assert [one.name for one in again.examples] == [one.name for one in found.examples]


def test_what_makes_no_data_set_is_a_problem_beside_the_bad_files(tmp_path):
    root = write_folder(tmp_path)
    for number in range(4):
        (root / "train" / f"{number}.png").write_bytes(b"nothing")
    found = SegmentationFolder(root=root, void="void").survey(num_examples=5)
    assert len(found.bad_files) == 4 and found.spec is None and not found.examples
    assert "no training picture can be read" in found.problems[0]


def test_examples_come_from_all_splits_and_classes():
    places = [("train", Item(f"{n}", "ab"[n < 50])) for n in range(1000)] + [
        ("val", Item(f"v{n}", "a")) for n in range(3)
    ]
    order = [places[number] for number in _from_everywhere(places)]
    assert len(set(order)) == len(order) == len(places)
    assert Counter((split, item.target) for split, item in order[:12]) == {
        ("train", "a"): 5,
        ("train", "b"): 4,
        ("val", "a"): 3,
    }


def test_the_nearest_training_example_is_named(tmp_path):
    folder = tmp_path / "features" / "0"
    folder.mkdir(parents=True)
    assert nearest_in_training(SimpleNamespace(data_dir=tmp_path)) is None
    random = np.random.default_rng(0)
    train, val = random.normal(size=(6, 2, 8)), random.normal(size=(3, 4, 8))  # frames of a clip, regions, two views
    val[1] = train[4].mean(axis=0)
    np.save(folder / "train-view.npy", train.astype(np.float32))
    np.save(folder / "val.npy", val.reshape(6, 2, 8).astype(np.float16))
    rows = {"train": [{"name": f"t{n}"} for n in range(6)], "val": [{"name": f"v{n}"} for n in range(3)]}
    found = nearest_in_training(SimpleNamespace(data_dir=tmp_path, rows=rows.get))
    assert [one.name for one in found] == ["v0", "v1", "v2"]
    assert found[1][:3] == Neighbour("val", "v1", "t4", 0)[:3] and found[1].similarity > 0.999
    assert max(found[0].similarity, found[2].similarity) < 0.95

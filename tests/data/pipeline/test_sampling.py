"""Examples of drawn data sets as files: they show what evaluation shows, and what is true of them lies beside."""

import csv
from pathlib import Path

import numpy as np
import pytest

from lstm_zoo.config.recipe import load
from lstm_zoo.contracts import InputError
from lstm_zoo.data.pipeline.drawn import DrawnData
from lstm_zoo.data.pipeline.family import shown_of
from lstm_zoo.data.pipeline.sampling import write_samples

EXACTLY, NEARLY = 0, 3  # grey levels, as a mean: PNG and NumPy keep pixels, MP4 does not
RECIPES = {
    "cnn_lstm": NEARLY,
    "show_tell": EXACTLY,
    "md_lstm_labeller": EXACTLY,
    "md_lstm_classifier": EXACTLY,
    "pyramid_lstm": EXACTLY,
    "crnn": EXACTLY,
    "conv_lstm_forecaster": NEARLY,
    "frame_predictor": NEARLY,
}


def data_of(recipe):
    data = load(f"smoke/{recipe}.yaml").data
    assert isinstance(data, DrawnData)
    return data


def written(recipe, folder, count=1):
    data = data_of(recipe)
    return data, write_samples(data.samples("test", count), folder)


def rows_in(table: Path):
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("recipe", "most"), RECIPES.items())
def test_a_file_shows_what_evaluation_shows(recipe, most, tmp_path):
    data, (files, *_) = written(recipe, tmp_path / "try")
    spec = data.expected_spec()
    family, item = data.family(spec), data.items()["test"][0]
    expected = shown_of(family, family.needed(data.reader()(item)))[data.gives].astype(float)
    views = list(data.views(files[0], spec).inputs[data.gives])
    shown = np.stack(views[1:] if data.target == "frames" else views)  # of frames, the end of the film comes first
    assert len(shown) >= len(expected) > 0
    assert np.abs(shown[: len(expected)] - expected).mean() <= most


def test_what_is_true_stands_in_a_table_beside(tmp_path):
    for recipe, name, columns in (
        ("cnn_lstm", "test-00000.mp4", ["path", "label"]),
        ("show_tell", "test-00000.png", ["image", "caption"]),
        ("crnn", "test-00000.png", ["image", "text"]),
        ("md_lstm_classifier", "test-00000.png", ["image", "label"]),
        ("frame_predictor", "test-00000.mp4", ["video", "start", "end"]),
    ):
        data, (files, table, labels) = written(recipe, tmp_path / recipe)
        first, *_ = rows_in(table)
        assert files == [tmp_path / recipe / name] and list((tmp_path / recipe).iterdir()) == files and labels is None
        assert list(first) == columns and first[columns[0]] == f"{recipe}/{name}"
        item = data.items()["test"][0]
        if recipe == "frame_predictor":
            flags = data.reader()(item)["flags"]
            assert np.flatnonzero(flags).tolist() == [*range(int(first["start"]), int(first["end"]))]
        else:
            assert first[columns[1]] == (item.target if isinstance(item.target, str) else item.target[0])
    assert written("conv_lstm_forecaster", tmp_path / "film")[1][1:] == (None, None)


@pytest.mark.parametrize(("recipe", "kind"), [("md_lstm_labeller", ".png"), ("pyramid_lstm", ".npy")])
def test_the_classes_of_pixels_lie_in_a_folder_beside(recipe, kind, tmp_path):
    from lstm_zoo.media.label_maps import read_labels
    from lstm_zoo.media.volumes import read_volume_labels

    data, (_, table, labels) = written(recipe, tmp_path / "try", 2)
    for item, row in zip(data.items()["test"], rows_in(table), strict=False):
        file, numbers = tmp_path / row["labels"], {number: number for number in range(len(data.class_names()))}
        assert file.parent == labels and file.suffix == kind and (tmp_path / row["image"]).is_file()
        read = read_labels if kind == ".png" else read_volume_labels
        np.testing.assert_array_equal(read(file, numbers), data.reader()(item)["labels"])


def test_nothing_is_written_over_and_no_more_than_there_is(tmp_path):
    data, _ = written("crnn", tmp_path / "try")
    with pytest.raises(InputError, match="try is there already"):
        write_samples(data.samples("test", 1), tmp_path / "try")
    (tmp_path / "other.csv").touch()
    with pytest.raises(InputError, match=r"other\.csv is there already"):
        write_samples(data.samples("test", 1), tmp_path / "other")
    with pytest.raises(InputError, match=f"data.num_val: is {data.num_val}, but 999"):
        list(data.samples("val", 999))
    with pytest.raises(InputError, match="'video_folder' is not drawn here"):
        list(load("smoke/video_folder.yaml", ["data.root=x"]).data.samples("test", 1))

"""Two databases of handwriting in their makers' layouts: splits, texts, and what is cut out of pages."""

import numpy as np
import pytest
from PIL import Image
from written_pages import written

from lstm_zoo.contracts import InputError
from lstm_zoo.data.lines.iam import IamLines
from lstm_zoo.data.lines.line_config import LineConfig
from lstm_zoo.data.lines.rimes import RimesLines

LINE = LineConfig(height=16, pixels_per_step=2)
FORMS = [f"a01-{number:03d}" for number in range(6)]


def picture(file, size=(60, 20), shade=200):
    file.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(shade)
    Image.fromarray(random.integers(shade - 20, shade, size[::-1]).astype(np.uint8)).save(file)
    return file


def homes(splits):
    """Return the splits of each group."""
    return {
        group: {split for split, items in splits.items() if any(item.group == group for item in items)}
        for group in {item.group for items in splits.values() for item in items}
    }


@pytest.fixture(scope="module")
def iam(tmp_path_factory):
    """Six forms of two lines each."""
    root = tmp_path_factory.mktemp("iam")
    rows = []
    for shade, form in enumerate(FORMS):
        for line in range(2):
            rows.append(f"{form}-{line:02d} {('ok', 'err')[line]} 154 19 408 746 1661 89 {form[-1]}|moves|to|{line}")
            picture(root / "lines" / "a01" / form / f"{form}-{line:02d}.png", shade=100 + 20 * shade + line)
    written(root / "ascii" / "lines.txt", "\n".join(["# lines", *rows]))
    return root


def test_forms_of_iam_are_dealt_where_there_are_no_lists(iam):
    splits = IamLines(root=iam, val_fraction=1 / 6, test_fraction=1 / 3).items()
    assert {split: len(items) for split, items in splits.items()} == {"train": 6, "val": 2, "test": 4}
    assert all(len(home) == 1 for home in homes(splits).values()) and set(homes(splits)) == set(FORMS)
    texts = {item.name: item.target for items in splits.values() for item in items}
    assert texts["lines/a01/a01-003/a01-003-01.png"] == "3 moves to 1"  # its words could not be told apart: err


def test_lists_of_iam_decide(iam, tmp_path, capsys):
    root = tmp_path / "iam"
    root.mkdir()
    for name in ("ascii", "lines"):
        (root / name).symlink_to(iam / name)
    written(root / "trainset.txt", "a01-000-00\na01-000-01\na01-001-00\n")
    written(root / "validationset1.txt", "a01-002-00\n")
    written(root / "validationset2.txt", "a01-003-00\nb99-000-00\n")
    written(root / "testset.txt", "a01-004-00\na01-004-01\n")
    config = IamLines(root=root, line=LINE, data_dir=tmp_path)
    assert {split: [item.name[-14:-4] for item in items] for split, items in config.items().items()} == {
        "train": ["a01-000-00", "a01-000-01", "a01-001-00"],
        "val": ["a01-002-00", "a01-003-00"],
        "test": ["a01-004-00", "a01-004-01"],
    }
    splits = config.load()
    assert "data.root: 5 lines are in no list of a split (such as a01-001-01) and 1 lines of the lists" in (
        capsys.readouterr().err
    )
    (first, *_) = splits.judged("test")
    line = config.read(root / first.name)["line"][..., 0]
    np.testing.assert_array_equal(splits.pictures("test", [0])[0], line)
    assert first.truth.startswith("4 moves to ") and splits.size("train") == 3
    written(root / "testset.txt", "b99-000-01\n")
    with pytest.raises(InputError, match=r"none of the 1 lines in the lists for test, such as b99-000-01, is in lines"):
        config.items()
    written(root / "testset.txt", "a01-000-02\na01-001-01\n")
    with pytest.raises(InputError, match=r"group 'a01-001' stands in both train"):
        config.items()


def annotations(pages, lines=3):
    """Return RIMES' XML for pages with lines of 12 pixels each; the last one has no text."""
    found = []
    for name in pages:
        told = "".join(
            f'<Line Left="5" Top="{4 + 20 * number}" Right="64" Bottom="{15 + 20 * number}" '
            f'Value="{f"Ligne {number}" if number + 1 < lines else " "}"/>'
            for number in range(lines)
        )
        found.append(f'<SinglePage FileName="images/{name}.png"><Paragraph>{told}</Paragraph></SinglePage>')
    return f"<DocumentList>{''.join(found)}</DocumentList>"


@pytest.fixture
def rimes(tmp_path):
    """Five pages to train and two to test on, of three lines each."""
    root = tmp_path / "rimes"
    train, test = ([f"{split}2011-{number}" for number in range(count)] for split, count in (("train", 5), ("eval", 2)))
    written(root / "training_2011.xml", annotations(train))
    written(root / "eval_2011_annotated.xml", annotations(test))
    for shade, name in enumerate([*train, *test]):
        folder = "training_2011" if name in train else "eval_2011"
        picture(root / folder / "images" / f"{name}.png", (80, 70), 100 + 20 * shade)
    return root


def test_pages_of_rimes_for_validation_are_dealt_out_of_those_to_train_on(rimes, tmp_path):
    splits = RimesLines(root=rimes, val_fraction=0.4).items()
    assert {split: len(items) for split, items in splits.items()} == {"train": 6, "val": 4, "test": 4}
    assert all(len(home) == 1 for home in homes(splits).values())
    assert [item.name for item in splits["test"]] == [
        f"eval_2011/images/eval2011-{page}.png#{line}" for page in (0, 1) for line in (1, 2)
    ]
    assert set(RimesLines(root=rimes, val_fraction=0).items()) == {"train", "test"}
    (rimes / "training_2011.xml").unlink()
    assert set(RimesLines(root=rimes).items()) == {"test"}


def test_boxes_of_rimes_are_cut_out_of_pages_that_are_decoded_once(rimes, tmp_path, monkeypatch, capsys):
    from lstm_zoo.media import images

    read, real = [], images.read_grey
    monkeypatch.setattr(images, "read_grey", lambda path: read.append(path) or real(path))
    config = RimesLines(root=rimes, val_fraction=0.2, line=LINE, data_dir=tmp_path)
    splits = config.load()
    assert len(read) == 7 == len(set(read))
    assert "data.root: 7 of its 21 lines have no text and are left out" in capsys.readouterr().err
    for split in ("train", "val", "test"):
        shown = splits.pictures(split, range(splits.size(split)))
        for number, judged in enumerate(splits.judged(split)):
            page, line = judged.name.split("#")
            assert judged.truth == f"Ligne {int(line) - 1}"
            top = 4 + 20 * (int(line) - 1)
            expected = config.record_of(real(rimes / page)[top : top + 12, 5:65])["line"][..., 0]
            np.testing.assert_array_equal(shown[number], expected)
    name = config.builder(config.family(splits.spec)).builder_config.name
    moved = (rimes / "training_2011.xml").read_text().replace('Left="5"', 'Left="06"', 1)
    written(rimes / "training_2011.xml", moved)
    assert config.builder(config.family(splits.spec)).builder_config.name != name
    (rimes / "eval_2011" / "images" / "eval2011-1.png").unlink()
    bad = config.bad_files()
    assert [file.reason for file in bad] == ["no such file"] * 2

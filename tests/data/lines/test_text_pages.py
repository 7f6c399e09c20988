"""Lines out of transcribed pages: which there are, where their pictures are found, and what is cut out."""

import numpy as np
import pytest
from PIL import Image
from written_pages import alto_xml, box_of, page_xml, write_page, write_picture, written

from lstm_zoo.contracts import InputError
from lstm_zoo.data.lines.line_config import LineConfig
from lstm_zoo.data.lines.page_files import open_page, pages_and_lines
from lstm_zoo.data.lines.text_pages import TextPages

TEXTS = ("one line", "and two", None, "the last")


def pages(root, **options):
    options = {"line": LineConfig(height=20, pixels_per_step=2), "data_dir": root.parent / "prepared", **options}
    return TextPages(root=root, **options)


def mistake(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    return caught.value.message


@pytest.fixture
def root(tmp_path):
    """Six pages of four lines, one of them without a text."""
    for number in range(6):
        write_page(tmp_path / "book" / f"{number}.xml", TEXTS, xml=(page_xml, alto_xml)[number % 2])
    return tmp_path / "book"


def test_lines_with_a_text_are_examples_and_pages_stay_whole(root):
    splits = pages(root, val_fraction=1 / 3, test_fraction=1 / 3).items()
    found = {item.name: item.target for items in splits.values() for item in items}
    expected = {f"{page}.xml#l{line}": TEXTS[line] for page in range(6) for line in (0, 1, 3)}
    assert found == expected
    homes = [{split for split, items in splits.items() for item in items if item.group == f"{n}.xml"} for n in range(6)]
    assert all(len(home) == 1 for home in homes) and set.union(*homes) == {"train", "val", "test"}


def test_pages_may_be_torn_if_the_user_says_so(root):
    splits = pages(root, group="none", val_fraction=0.5, test_fraction=0).items()
    assert len(splits["train"]) == len(splits["val"]) == 9
    homes = [{item.name.split("#")[0] for item in items} for items in splits.values()]
    assert set.intersection(*homes)
    for number in range(6):
        (root / f"{number}.xml").unlink()
    write_page(root / "only.xml", TEXTS)
    told = mistake(pages(root).items)
    assert "1 groups cannot fill 3 splits untorn" in told and told.endswith("data.group=none parts the lines of a page")
    assert sum(map(len, pages(root, group="none").items().values())) == 3


def test_folders_of_splits_are_kept(tmp_path):
    for split, number in (("train", 2), ("test", 1)):
        for page in range(number):
            write_page(tmp_path / "b" / split / f"{page}.xml", TEXTS)
    splits = pages(tmp_path / "b").items()
    assert {split: len(items) for split, items in splits.items()} == {"train": 6, "val": 0, "test": 3}
    assert splits["test"][0].name == "test/0.xml#l0"


def test_lines_are_cut_out_and_pages_are_decoded_once(root, monkeypatch, capsys):
    from lstm_zoo.media import images

    read, real = [], images.read_grey
    monkeypatch.setattr(images, "read_grey", lambda path: read.append(path) or real(path))
    config = pages(root)
    splits = config.load()
    assert len(read) == 6 == len(set(read))
    told = capsys.readouterr().err
    assert "data.root: 6 lines of its 6 pages have no text and are left out" in told
    assert splits.spec.target.alphabet == tuple(sorted(set("".join(filter(None, TEXTS)))))
    for split in ("train", "val", "test"):
        shown = splits.pictures(split, range(splits.size(split)))
        for number, judged in enumerate(splits.judged(split)):
            page, line = judged.name.split(".xml#l")
            assert judged.truth == TEXTS[int(line)]
            left, top, right, bottom = box_of(int(line))
            grey = real(root / f"{page}.png")[top : bottom + 1, left : right + 1]
            np.testing.assert_array_equal(shown[number], config.record_of(grey)["line"][..., 0])


def test_outlines_hide_the_neighbours(tmp_path):
    file = write_page(tmp_path / "b" / "0.xml", TEXTS)
    slanted = page_xml("0.png", TEXTS).replace("8,6 100,6 100,26 8,26", "8,6 100,30 100,60 8,26")
    written(file, slanted)
    config = pages(tmp_path / "b", group="none")
    (item,) = [item for items in config.items().values() for item in items if item.name == "0.xml#l0"]
    shown = config.reader()(item)["line"][..., 0].astype(int)
    assert shown.shape[0] == 20 and abs(shown[0, -12:] - 250).max() <= 2  # paper, though the page is white there


@pytest.mark.parametrize(
    ("name", "lies"), [("a.png", "p/a.png"), ("x/a.png", "p/a.png"), ("C:\\y\\a.png", "a.png"), ("a.png", "z/w/a.png")]
)
def test_pictures_are_found_near_the_page_or_below_the_root(tmp_path, name, lies):
    written(tmp_path / "b" / "p" / "page.xml", page_xml(name, TEXTS))
    write_picture(tmp_path / "b" / lies, TEXTS)
    config = pages(tmp_path / "b", group="none")
    assert all(item.target for items in config.items().values() for item in items)
    assert config.bad_files() == []


def test_files_that_cannot_be_used_are_named_once_a_page_and_can_be_skipped(root, capsys):
    (root / "0.png").unlink()
    written(root / "1.xml", "<alto>")
    written(root / "2.xml", page_xml("2.png", TEXTS, size=(80, 75)))
    written(root / "mets.xml", "<mets/>")  # of the whole book
    (root / "3.png").write_bytes(b"no picture")
    bad = {file.name: file.reason for file in pages(root, val_fraction=0.3, test_fraction=0).bad_files()}
    assert bad["0.xml"] == (
        f"its picture 0.png is neither in {root} nor in {root.parent}, nor below the root; expected it there: copy it, "
        "or mend its name in the XML"
    )
    assert bad["1.xml"].startswith("is no XML that can be read: ")
    assert bad["2.xml#l0"].startswith("was transcribed on a picture of 80 x 75 pixels (width x height), but ")
    assert bad["3.xml#l3"] == f"its picture {root / '3.png'} is no image that can be read"
    assert len(bad) == 2 + 3 + 3
    with pytest.raises(InputError, match=r"(?s)8 lines cannot be used:.*data.on_bad_file=skip"):
        pages(root, val_fraction=0.5, test_fraction=0, split_seed=1).load()
    kept = pages(root, group="none", val_fraction=0, test_fraction=0, on_bad_file="skip").load()
    assert kept.size("train") == 6 and len(kept.bad_files) == 8


def test_folders_that_are_no_pages_are_told(tmp_path):
    root = tmp_path / "b"
    assert "no folder" in mistake(pages(root).items)
    root.mkdir()
    assert mistake(pages(root).items).startswith(f"no pages below {root}; expected PAGE-XML or ALTO files (.xml)")
    write_page(root / "0.xml", (None, None))
    assert mistake(pages(root).items).startswith(f"none of the 2 lines below {root} has a text; expected transcribed")
    write_page(root / "page" / "1.xml", TEXTS, "../1.png")
    write_page(root / "alto" / "1.xml", TEXTS, "../1.png", alto_xml)
    told = mistake(pages(root).items)
    assert told.startswith(f"{root / 'alto' / '1.xml'} and {root / 'page' / '1.xml'} are both of 1.png; expected one")


def test_a_change_of_a_picture_or_an_outline_is_noticed(root):
    def prepared():
        config = pages(root)
        return config.builder(config.family(config.expected_spec())).builder_config.name

    before = prepared()
    assert prepared() == before
    Image.open(root / "0.png").resize((161, 150)).save(root / "0.png")
    after = prepared()
    written(root / "1.xml", alto_xml("1.png", TEXTS).replace('HPOS="8"', 'HPOS="9"', 1).replace("><", "> <", 1))
    assert len({before, after, prepared()}) == 3


def test_pages_stand_for_their_pictures_in_folders(root):
    write_picture(root / "line.png", ("one",))
    written(root / "mets.xml", "<mets/>")
    written(root / "9.xml", "<PcGts>")
    names = ["0.xml", "1.xml", "2.xml", "3.xml", "4.xml", "5.xml", "9.xml", "line.png"]
    assert [file.name for file in pages_and_lines(root)] == names == [f.name for f in pages(root).files_below(root)]


def test_pages_that_name_no_picture_are_told(tmp_path):
    from conftest import reason

    file = written(tmp_path / "0.xml", page_xml("", TEXTS))
    assert reason(open_page, file).startswith("names no picture; expected the name of the page's image file")
    for folder in ("x", "y"):
        write_picture(tmp_path / folder / "a" / "0.png", TEXTS)
    written(file, page_xml("0.png", TEXTS))
    below = {"0.png": [tmp_path / folder / "a" / "0.png" for folder in ("x", "y")]}
    assert "its picture 0.png is in 2 places" in reason(open_page, file, below)
    assert reason(open_page, file).endswith("expected it there: copy it, or mend its name in the XML")

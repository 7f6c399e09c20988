import pytest
from conftest import write_image

from lstm_zoo.contracts import InputError
from lstm_zoo.data.lines.iam_lists import iam_lines, iam_splits
from lstm_zoo.data.lines.rimes_lists import RimesLine, rimes_lines

IAM = """#--- lines.txt ---#
# format: a01-000u-00 ok 154 19 408 746 1663 91 A|MOVE|to|stop|Mr.|Gaitskell|from

a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop
a01-000u-01 err 156 19 395 932 1850 105 M Ps|#1|,|he|'s
b02-001-00 ok 156 19 395 932 1850 105 Hello|.
"""


def written(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def mistake(function, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert caught.value.key == "data.root"
    return caught.value.message


@pytest.mark.parametrize("listed", ["ascii/lines.txt", "lines.txt"])
def test_lines_of_iam(tmp_path, listed):
    written(tmp_path / listed, IAM)
    write_image(tmp_path / "lines/a01/a01-000u/a01-000u-00.png")
    write_image(tmp_path / "lines/b02-001-00.png")
    assert iam_lines(tmp_path) == [
        ("lines/a01/a01-000u/a01-000u-00.png", "A MOVE to stop", "a01-000u"),
        ("lines/a01/a01-000u/a01-000u-01.png", "M Ps #1 , he 's", "a01-000u"),  # is missing: preparation will tell
        ("lines/b02-001-00.png", "Hello .", "b02-001"),
    ]


def test_what_is_no_iam_is_told(tmp_path):
    assert "no folder" in mistake(iam_lines, tmp_path / "none")
    assert mistake(iam_lines, tmp_path).startswith(
        f"no ascii/lines.txt and no lines.txt in {tmp_path}; expected the folder of the IAM Handwriting Database"
    )
    file = written(tmp_path / "lines.txt", IAM)
    assert mistake(iam_lines, tmp_path) == (
        f"none of the 3 pictures that {file} lists are there; expected the first one at "
        f"{tmp_path}/lines/a01/a01-000u/a01-000u-00.png: unpack lines.tgz into {tmp_path}/lines"
    )
    written(file, "# a\n")
    assert f"{file} lists no lines; expected rows such as a01-" in mistake(iam_lines, tmp_path)
    for row in ("a01-000u-00 ok 154", "a01-000u-00 good 154 19 408 746 1661 89 A|MOVE"):
        written(file, f"# a\n{row}\n")
        assert f"{file}:2: '{row}'; expected nine fields, such as a01-000u-00" in mistake(iam_lines, tmp_path)


@pytest.mark.parametrize("folder", ["", "splits", "largeWriterIndependentTextLineRecognitionTask"])
def test_splits_of_iam(tmp_path, folder):
    assert iam_splits(tmp_path) is None
    written(tmp_path / folder / "trainset.txt", "a01-000u-00\na01-000u-01 \r\n\n")
    written(tmp_path / folder / "validationset1.txt", "b02-001-00")
    written(tmp_path / folder / "validationset2.txt", "b02-002-00\n")
    written(tmp_path / folder / "testset.txt", "c03-000-00\n")
    assert iam_splits(tmp_path) == {
        "train": {"a01-000u-00", "a01-000u-01"},
        "val": {"b02-001-00", "b02-002-00"},
        "test": {"c03-000-00"},
    }
    (tmp_path / folder / "validationset1.txt").unlink()
    assert (iam_splits(tmp_path) or {})["val"] == {"b02-002-00"}


def test_splits_of_iam_that_cannot_be_are_told(tmp_path):
    written(tmp_path / "trainset.txt", "a01-000u-00\nb02-001-00\n")
    assert mistake(iam_splits, tmp_path).startswith(
        f"validationset1.txt or validationset2.txt in {tmp_path} is missing; expected ids of lines for each split"
    )
    written(tmp_path / "validationset1.txt", "\n")
    assert "validationset2.txt in" in (told := mistake(iam_splits, tmp_path)) and "holds no ids of lines" in told
    file = written(tmp_path / "validationset1.txt", "b02-002-00\nb02-001\n")
    assert mistake(iam_splits, tmp_path) == f"{file}:2: 'b02-001'; expected the id of one line, such as a01-000u-00"
    written(file, "b02-001-00\n")
    assert mistake(iam_splits, tmp_path) == (
        f"the lists in {tmp_path} put 1 lines, such as b02-001-00, into both train and val; expected each line in one "
        "split: remove it from the others"
    )


RIMES = """<?xml version="1.0" encoding="UTF-8"?>
<DocumentList>
  <SinglePage FileName="images/PAGE-0.png">
    <Paragraph Left="0" Top="0" Right="99" Bottom="99" Value="Madame,\\nvous">
      <Line Left="-2" Top="3" Right="90" Bottom="41" Value=" Madame,  10&amp;euro;"/>
      <Line Left="4" Top="43" Right="91" Bottom="81" Value="d&apos;\u00eatre &amp; vous"/>
    </Paragraph>
  </SinglePage>
  <SinglePage FileName="images/PAGE-1.png">
    <Paragraph><Line Left="1" Top="2" Right="3" Bottom="4" Value=""/></Paragraph>
  </SinglePage>
</DocumentList>
"""


def test_lines_of_rimes(tmp_path):
    written(tmp_path / "training_2011.xml", RIMES.replace("PAGE", "train2011"))
    write_image(tmp_path / "training_2011/images/train2011-0.png")
    assert rimes_lines(tmp_path) == {
        "train": [
            RimesLine("training_2011/images/train2011-0.png", (0, 3, 90, 41), "Madame, 10\u20ac", "train2011-0"),
            RimesLine("training_2011/images/train2011-0.png", (4, 43, 91, 81), "d'\u00eatre & vous", "train2011-0"),
            RimesLine("images/train2011-1.png", (1, 2, 3, 4), "", "train2011-1"),  # is missing: preparation will tell
        ]
    }
    written(tmp_path / "eval_2011_annotated.xml", RIMES.replace("PAGE", "eval2011"))
    write_image(tmp_path / "images_gray/eval2011-0.png")
    write_image(tmp_path / "images/eval2011-1.png")
    splits = rimes_lines(tmp_path)
    assert [(split, len(lines)) for split, lines in splits.items()] == [("train", 3), ("test", 3)]
    assert [line.picture for line in splits["test"][1:]] == ["images_gray/eval2011-0.png", "images/eval2011-1.png"]


def test_what_is_no_rimes_is_told(tmp_path):
    assert mistake(rimes_lines, tmp_path).startswith(
        f"no training_2011.xml and no eval_2011_annotated.xml in {tmp_path}; expected the folder of RIMES 2011: get its"
    )
    file = written(tmp_path / "training_2011.xml", RIMES)
    assert mistake(rimes_lines, tmp_path) == (
        f"none of the pages that {file} names are there; expected the first one at {tmp_path}/images/PAGE-0.png: "
        f"unpack their archive into {tmp_path}"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<a>", " is no XML that can be read: no element found: line 1, column 3"),
        ("<!DOCTYPE a><a/>", " has a document type (<!DOCTYPE ...>), which may hide a bomb"),
        ("<a/>", " holds no lines; expected <SinglePage> with <Line> elements, as RIMES 2011 has"),
        (RIMES.replace(' FileName="images/PAGE-1.png"', ""), ": a SinglePage without its FileName; expected the name"),
        (
            RIMES.replace('Left="4" Top="43"', 'Left="x"'),
            ": line 2 of images/PAGE-0.png: Left=x, Top=nothing, Right=91, Bottom=81; expected whole numbers of pixels",
        ),
        (RIMES.replace(' Value=""', ""), ": line 1 of images/PAGE-1.png: no Value; expected the text of the line"),
    ],
)
def test_annotations_of_rimes_that_cannot_be_read_are_told(tmp_path, content, message):
    file = written(tmp_path / "eval_2011_annotated.xml", content)
    write_image(tmp_path / "images/PAGE-0.png")
    assert mistake(rimes_lines, tmp_path).startswith(f"{file}{message}")

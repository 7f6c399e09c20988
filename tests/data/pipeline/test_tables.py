"""Tables as spreadsheets of several systems write them."""

import codecs
import csv

import pytest
from by_chance import few, lines_of, words
from hypothesis import given
from hypothesis import strategies as some

from lstm_zoo.contracts import InputError
from lstm_zoo.data.pipeline.tables import header_of, read_rows

TEXT = "path;label\r\na.mp4;Übung\r\nb.mp4;NA, null\r\n"


def rows(file):
    return [
        (place.rpartition(":")[2], row["path"], row["label"])
        for place, row in read_rows(file, ("path", "label"), ("path",), {}, "data.table")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(tmp_path, encoding, separator):
    text = TEXT.replace("NA, null", "NA").replace(";", separator)
    file = tmp_path / "t.csv"
    file.write_bytes(text.encode(encoding))
    assert rows(file) == [("2", "a.mp4", "Übung"), ("3", "b.mp4", "NA")] and header_of(file, "") == ["path", "label"]
    if encoding == "utf-16-be":
        file.write_bytes(codecs.BOM_UTF16_BE + text.encode(encoding))
        assert rows(file)[0][2] == "Übung"


def test_a_first_line_may_name_the_separator(tmp_path):
    (tmp_path / "t.csv").write_text("sep=;\n" + TEXT.replace("\r", ""), encoding="utf-8")
    assert rows(tmp_path / "t.csv") == [("3", "a.mp4", "Übung"), ("4", "b.mp4", "NA, null")]


def test_another_encoding_is_named(tmp_path):
    (tmp_path / "t.csv").write_bytes(TEXT.encode("cp1252"))
    with pytest.raises(InputError, match=r"t.csv:2: is not UTF-8 text; .* \(cp1252\) this line is 'a.mp4;Übung'"):
        rows(tmp_path / "t.csv")


@few
@given(some.lists(some.tuples(words.filter(str.strip), words), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_again(tmp_path, written):
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "label"), *written])
    found = [
        (row["path"], row["label"])
        for _, row in read_rows(tmp_path / "t.csv", ("path", "label"), ("path",), {}, "", (), ("path", "label"))
    ]
    lines = [tuple(cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row) for row in written]
    assert found == lines


@few
@given(lines_of("path,label\n", "path;label;split\r\n", "a.mp4,walk\n", '"', "sep=;\n", ",train\n"))
def test_any_text_is_a_table_or_refused(tmp_path, text):
    (tmp_path / "t.csv").write_bytes(text.encode())
    try:
        found = list(read_rows(tmp_path / "t.csv", ("path", "label", "split"), ("path",), {}, "data.table"))
        header_of(tmp_path / "t.csv", "data.table")
    except InputError as error:
        assert error.key == "data.table" and "t.csv" in str(error)
    else:
        assert all(row["path"] and row["split"] in ("", "train", "val", "test") for _, row in found)


def test_a_header_that_is_none_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a" * 200_000)
    for read in (header_of, lambda file, key: list(read_rows(file, ("path",), ("path",), {}, key))):
        with pytest.raises(InputError, match=r"t.csv:1: field larger than field limit"):
            read(tmp_path / "t.csv", "data.table")

"""Tables as spreadsheets of several systems write them."""

import codecs

import pytest

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

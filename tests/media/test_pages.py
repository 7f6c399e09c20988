from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import reason

from lstm_zoo.media.line_cutting import cut_line
from lstm_zoo.media.page_writing import with_text
from lstm_zoo.media.pages import Page, PageLine, read_page
from lstm_zoo.media.xml_files import parse_xml

PAGE_2013 = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15"
ALTO_4 = "http://www.loc.gov/standards/alto/ns-v4#"
PAGE = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<?keep this?>
<PcGts xmlns="{PAGE_2013}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{PAGE_2013} a.xsd">
  <Metadata><Creator>Tom &amp; Jerry</Creator></Metadata>
  <Page imageFilename="scan 1.jpg" imageWidth="40" imageHeight="30">
    <!-- a comment -->
    <TextRegion id="r1">
      <Coords points="0,0 39,0 39,29 0,29"/>
      <TextLine id="r1l1" custom="readingOrder {{index:0;}}">
        <Coords points="2,3 7,3 7,6 2,6"/>
        <Baseline points="2,5 7,5"/>
        <Word id="w1"><Coords points="2,3 4,3 4,6"/><TextEquiv><Unicode>wrong</Unicode></TextEquiv></Word>
        <TextEquiv index="1"><Unicode>second</Unicode></TextEquiv>
        <TextEquiv index="0"><PlainText>plain</PlainText><Unicode>  two\u00a0bits
          &lt;here&gt; </Unicode></TextEquiv>
        <TextStyle fontSize="8"/>
      </TextLine>
      <TextLine id="r1l2">
        <Coords points="1.5,8 9,8.25 -1,12"/>
        <Word id="w2"><TextEquiv><Unicode>from</Unicode></TextEquiv></Word>
        <Word id="w3"><TextEquiv><Unicode>words</Unicode></TextEquiv></Word>
        <TextEquiv><Unicode/></TextEquiv>
      </TextLine>
      <TextLine>
        <Coords points=""/>
      </TextLine>
    </TextRegion>
  </Page>
</PcGts>
"""
ALTO = f"""<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="{ALTO_4}">
  <Description>
    <MeasurementUnit>pixel</MeasurementUnit>
    <sourceImageInformation><fileName>a.tif</fileName></sourceImageInformation>
  </Description>
  <Layout><Page ID="p" PHYSICAL_IMG_NR="1"><PrintSpace><TextBlock ID="b">
    <TextLine ID="l1" HPOS="2" VPOS="3" WIDTH="5.5" HEIGHT="4">
      <String CONTENT="A" WC="0.5"/><SP WIDTH="2"/><String CONTENT="hyphen" SUBS_CONTENT="hyphenated"/>
      <HYP CONTENT="-"/>
    </TextLine>
    <TextLine ID="l2">
      <Shape><Polygon POINTS="1 2 8,2 (8.5,6) 1 6"/></Shape>
      <String CONTENT="no"/><String CONTENT="blanks"/>
    </TextLine>
    <TextLine ID="l2" HPOS="2" VPOS="3"/>
  </TextBlock></PrintSpace></Page></Layout>
</alto>
"""
PAGE_2010 = """<pc:PcGts xmlns:pc="http://schema.primaresearch.org/PAGE/gts/pagecontent/2010-03-19"
 xmlns:ns1="urn:unused">
<pc:Page imageFilename="a.png"><pc:TextRegion id="r"><pc:TextLine id="l">
<pc:Coords><pc:Point x="1" y="2"/><pc:Point x="5" y="2"/><pc:Point x="5" y="7"/></pc:Coords>
</pc:TextLine></pc:TextRegion></pc:Page></pc:PcGts>"""


def written(tmp_path, content):
    file = tmp_path / "a.xml"
    if isinstance(content, str):
        file.write_text(content, encoding="utf-8")
    else:
        file.write_bytes(content)
    return file


def texts(page):
    return [line.text for line in page.lines]


def test_page_xml_is_read(tmp_path):
    assert read_page(written(tmp_path, PAGE)) == Page(
        "scan 1.jpg",
        (
            PageLine("r1l1", ((2, 3), (7, 3), (7, 6), (2, 6)), "two\u00a0bits <here>"),
            PageLine("r1l2", ((1.5, 8), (9, 8.25), (-1, 12)), "from words"),
            PageLine("3", (), None),
        ),
        (40, 30),
    )


def test_page_xml_of_2010_has_points_as_elements_and_may_have_prefixes(tmp_path):
    page = read_page(written(tmp_path, PAGE_2010))
    assert page == Page("a.png", (PageLine("l", ((1, 2), (5, 2), (5, 7)), None),))


def test_alto_is_read(tmp_path):
    assert read_page(written(tmp_path, ALTO)) == Page(
        "a.tif",
        (
            PageLine("l1", ((2, 3), (7.5, 3), (7.5, 7), (2, 7)), "A hyphen-"),
            PageLine("2", ((1, 2), (8, 2), (8.5, 6), (1, 6)), "no blanks"),  # ids that two lines share name neither
            PageLine("3", (), None),
        ),
    )


@pytest.mark.parametrize("version", ["2", "3"])
def test_older_alto_without_a_unit_is_in_pixels(tmp_path, version):
    older = ALTO.replace("ns-v4", f"ns-v{version}").replace("<MeasurementUnit>pixel</MeasurementUnit>", "")
    assert read_page(written(tmp_path, older)) == read_page(written(tmp_path, ALTO))


def test_other_encodings_are_read(tmp_path):
    page = PAGE.replace("second", "zweit\u00f6").replace('index="0"', 'index="2"')
    for encoding in ("ISO-8859-1", "UTF-16", "windows-1252"):
        file = written(tmp_path, page.replace("UTF-8", encoding).encode(encoding))
        assert texts(read_page(file))[0] == "zweit\u00f6"


BOMB = '<!DOCTYPE PcGts [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty (0 bytes)"),
        ("no xml", "is no XML that can be read: syntax error: line 1, column 0"),
        (PAGE.replace("UTF-8", "UTF-99"), "is no XML that can be read: unknown encoding: UTF-99"),
        (PAGE[:-20], "is no XML that can be read: "),
        ("<html/>", "is XML with the root <html>; expected <PcGts> (PAGE-XML) or <alto> (ALTO)"),
        (PAGE.replace("<PcGts", BOMB + "<PcGts"), "has a document type (<!DOCTYPE ...>), which may hide a bomb"),
        (
            PAGE.replace("TextLine", "Line"),
            "holds no lines (TextLine); expected a page whose lines are marked: segment",
        ),
        (PAGE.replace("2,3 7,3 7,6", "2,3 7,3 7"), "has 7 coordinates in the outline of line 'r1l1'; expected pairs"),
        (
            ALTO.replace(">pixel<", ">mm10<"),
            "is measured in 'mm10' (MeasurementUnit); expected 'pixel': export it anew",
        ),
        (ALTO.replace(">pixel<", "> inch1200 <"), "is measured in 'inch1200' (MeasurementUnit); expected 'pixel'"),
        (ALTO.replace("</Layout>", '<Page ID="q"/></Layout>'), "holds 2 pages; expected one: split it into a file for"),
    ],
)
def test_files_that_are_no_pages_are_refused(tmp_path, content, message):
    assert reason(read_page, written(tmp_path, content)).startswith(message)


def test_an_entity_bomb_is_refused_in_any_encoding(tmp_path):
    bomb = PAGE.replace("UTF-8", "UTF-16").replace("<PcGts", BOMB + "<PcGts").replace("second", "&b;")
    assert "DOCTYPE" in reason(parse_xml, written(tmp_path, bomb.encode("utf-16")))
    assert reason(parse_xml, tmp_path / "none.xml") == "no such file"


def test_a_line_is_cut_out_of_its_page():
    page = np.arange(30 * 40, dtype=np.int64).reshape(30, 40).astype(np.uint8)
    cut = cut_line(page, ((2, 3), (7, 3), (7, 6), (2, 6)))
    assert cut.dtype == np.uint8
    np.testing.assert_array_equal(cut, page[3:7, 2:8])


def test_outside_of_the_outline_is_paper():
    page = np.full((30, 40), 200, np.uint8)
    page[:, ::5] = 10  # ink, the lesser part
    page[18, 12:20] = 255  # a glint
    page[:5, 30:] = 90  # a neighbour, above the diagonal
    cut = cut_line(page, ((10, 0), (39, 20), (10, 20)))
    assert cut.shape == (21, 30)
    assert cut[0, 29] == cut[4, 25] == 200
    np.testing.assert_array_equal(cut[20], page[20, 10:])
    assert {10, 200, 255} == set(np.unique(cut).tolist())


def test_a_cut_ends_where_the_page_ends():
    page = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(cut_line(page, ((-5, 1), (1.6, 1), (1.6, 90), (-5, 90))), page[1:, :3])
    np.testing.assert_array_equal(cut_line(page, ((-1e9, -1e9), (1e300, -1e9), (1e999, 1e9), (-1e9, 1e9))), page)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        (((1, 1), (2, 2)), "has a line with an outline of 2 points; expected three or more: mark it anew"),
        (
            ((4, 0), (9, 0), (9, 1.6)),
            "has a line at x 4 to 9 and y 0 to 2, of which nothing lies on the page of 4 x 3 pixels (width x height); "
            "expected the very picture that was transcribed",
        ),
        (
            ((0, -9), (3, -9), (3, -1)),
            "has a line at x 0 to 3 and y -9 to -1, of which nothing lies on the page of 4 x",
        ),
        (
            ((-9, 1), (1, 9), (-9, 9)),
            "has a line at x -9 to 1 and y 1 to 9, of which nothing lies on the page of 4 x 3",
        ),
    ],
)
def test_lines_beside_the_page_are_refused(polygon, message):
    assert reason(cut_line, np.zeros((3, 4), np.uint8), polygon).startswith(message)


def test_new_texts_of_page_xml_take_the_place_of_old_ones(tmp_path):
    new = with_text(written(tmp_path, PAGE), {"r1l1": "n\u00ebw <1>", "3": "third"})
    assert new.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<?keep this?>\n<PcGts xmlns="http')
    old = new.decode()
    assert "wrong" not in old and "second" not in old and "plain" not in old
    assert "<!-- a comment -->" in old and "Tom &amp; Jerry" in old and "from" in old
    assert f'xsi:schemaLocation="{PAGE_2013} a.xsd"' in old
    assert "</TextEquiv>\n        <TextStyle" in old
    third = "<TextEquiv><Unicode>third</Unicode></TextEquiv>"
    assert f'<Coords points="" />\n        {third}\n      </TextLine>' in old
    file = written(tmp_path, new)
    assert texts(read_page(file)) == ["n\u00ebw <1>", "from words", "third"]
    line = next(ElementTree.parse(file).iter(f"{{{PAGE_2013}}}TextLine"))
    order = ["Coords", "Baseline", "Word", "TextEquiv", "TextStyle"]  # as the schema wants them
    assert [child.tag for child in line] == [f"{{{PAGE_2013}}}{name}" for name in order]


def test_without_new_texts_a_page_stays_as_it_is(tmp_path):
    for content in (PAGE, ALTO, PAGE_2010):
        same = with_text(written(tmp_path, content), {})
        assert ElementTree.canonicalize(same) == ElementTree.canonicalize(content.encode())


def test_prefixes_stay_even_those_of_no_name(tmp_path):
    new = with_text(written(tmp_path, PAGE_2010), {"l": "text"}).decode()
    assert 'xmlns:ns1="urn:unused"' in new
    assert "</pc:Coords>\n<pc:TextEquiv><pc:Unicode>text</pc:Unicode></pc:TextEquiv>\n</pc:TextLine>" in new


def test_new_texts_of_alto_are_one_string_in_the_line_s_box(tmp_path):
    file = written(tmp_path, with_text(written(tmp_path, ALTO), {"l1": "new one", "2": 'a "b"', "3": "c"}))
    assert texts(read_page(file)) == ["new one", 'a "b"', "c"]
    strings = [string.attrib for string in ElementTree.parse(file).iter(f"{{{ALTO_4}}}String")]
    assert strings == [
        {"HPOS": "2", "VPOS": "3", "WIDTH": "5.5", "HEIGHT": "4", "CONTENT": "new one"},
        {"HPOS": "1", "VPOS": "2", "WIDTH": "7.5", "HEIGHT": "4", "CONTENT": 'a "b"'},
        {"HPOS": "2", "VPOS": "3", "CONTENT": "c"},
    ]
    content = file.read_bytes().replace(b" />", b"/>")
    assert content.count(b'<TextLine ID="l1" HPOS="2" VPOS="3" WIDTH="5.5" HEIGHT="4">\n      <String ') == 1
    assert content.count(b"</Shape>\n      <String HPOS=") == 1 and content.count(b"/>\n    </TextLine>") == 2
    assert b"HYP" not in content and b"<SP" not in content


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"r1l9": "a"}, "has no line 'r1l9' (did you mean 'r1l2'?); expected one of its 3 lines"),
        ({"r1l1": "a\x0b"}, "cannot hold the text of line 'r1l1': XML has no character U+000B; remove it"),
    ],
)
def test_texts_that_cannot_be_put_in_are_refused(tmp_path, new, message):
    assert reason(with_text, written(tmp_path, PAGE), new) == message

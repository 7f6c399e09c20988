"""Pages for tests: pictures with a word a line, and PAGE-XML or ALTO that says where each line is."""

from PIL import Image, ImageDraw, ImageFont

SIZE = (160, 150)  # of a page, width and height
STEP = 30  # from line to line, in pixels


def box_of(number):
    """Return left, top, right and bottom of a line on a page; each line is as wide as no other."""
    return 8, 6 + STEP * number, 100 + 12 * number, 26 + STEP * number


def write_picture(file, texts):
    """Write a page with a text a line, on paper whose shade differs from line to line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(picture)
    for number, text in enumerate(texts):
        draw.rectangle(box_of(number), fill=250 - 10 * number)
        draw.text((12, 8 + STEP * number), text or "", fill=0, font=ImageFont.load_default(12))
    picture.save(file)
    return file


def page_xml(picture, texts, size=SIZE):
    """Return PAGE-XML of lines l0, l1, ... with texts; None: a line without one."""
    lines = []
    for number, text in enumerate(texts):
        left, top, right, bottom = box_of(number)
        told = "" if text is None else f"<TextEquiv><Unicode>{text}</Unicode></TextEquiv>"
        points = f"{left},{top} {right},{top} {right},{bottom} {left},{bottom}"
        lines.append(f'<TextLine id="l{number}"><Coords points="{points}"/>{told}</TextLine>')
    sides = f'imageWidth="{size[0]}" imageHeight="{size[1]}"'
    return (
        '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">'
        f'<Page imageFilename="{picture}" {sides}><TextRegion id="r">{"".join(lines)}</TextRegion></Page></PcGts>'
    )


def alto_xml(picture, texts):
    """Return the same as ALTO."""
    lines = []
    for number, text in enumerate(texts):
        left, top, right, bottom = box_of(number)
        told = "" if text is None else f'<String CONTENT="{text}"/>'
        box = f'HPOS="{left}" VPOS="{top}" WIDTH="{right - left}" HEIGHT="{bottom - top}"'
        lines.append(f'<TextLine ID="l{number}" {box}>{told}</TextLine>')
    return (
        '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description><MeasurementUnit>pixel</MeasurementUnit>'
        f"<sourceImageInformation><fileName>{picture}</fileName></sourceImageInformation></Description><Layout>"
        f'<Page><PrintSpace><TextBlock ID="b">{"".join(lines)}</TextBlock></PrintSpace></Page></Layout></alto>'
    )


def written(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def write_page(file, texts, picture=None, xml=page_xml):
    """Write a page's XML, and its picture beside it or where that is said (from the XML's folder)."""
    picture = picture or f"{file.stem}.png"
    write_picture(file.parent / picture, texts)
    return written(file, xml(picture, texts))

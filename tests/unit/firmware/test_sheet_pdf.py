"""A sheet becomes an A4 document that carries its own characters, codes and seal."""

import io
import subprocess
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageDraw

from firmware.sheet_pdf import SheetPdfError, compose
from hal.events.sheets import Row, Sheet

NUMBER = "PZH01-20261123-00007"


def seal() -> bytes:
    picture = Image.new("RGBA", (200, 200), (255, 255, 255, 0))
    ImageDraw.Draw(picture).ellipse((5, 5, 195, 195), outline=(200, 0, 0, 255), width=8)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


NOTICE = Sheet(
    title="一次性告知书",
    number=NUMBER,
    rows=[
        Row(label="申请人", value="示例"),
        Row(label="事项", value="社会保险参保登记" * 12),
    ],
    paragraphs=["尚缺以下材料:", "1. 劳动合同原件。"],
    barcode=f"OW:C:{NUMBER}",
    check_code="OWCHK-7F3K-92QD",
    seal_png=seal(),
    issuer="示范市社会保险事务中心",
    issued_on="2026-11-23",
)


@pytest.fixture(scope="module")
def notice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "notice.pdf"
    path.write_bytes(compose(NOTICE))
    return path


def text_of(path: Path) -> str:
    command = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_every_word_is_on_the_sheet(notice: Path) -> None:
    """Title, number, rows over several lines, paragraphs, issuer, date, check code."""
    told = "".join(text_of(notice).split())
    for words in ("一次性告知书", NUMBER, "申请人", "尚缺以下材料:", "示范市社会保险事务中心"):
        assert words in told
    for words in ("2026-11-23", "OWCHK-7F3K-92QD", "劳动合同原件"):
        assert words in told
    assert told.count("社会保险参保登记") >= 8


def test_its_codes_can_be_read_and_its_seal_seen(notice: Path, tmp_path: Path) -> None:
    """At 200 dpi, as a gun and a person see it."""
    command = ["pdftoppm", "-r", "200", "-png", "-singlefile", str(notice), str(tmp_path / "page")]
    subprocess.run(command, timeout=60, check=True)
    page = Image.open(tmp_path / "page.png").convert("RGB")
    found = {code.text for code in zxingcpp.read_barcodes(page)}
    assert found == {NOTICE.barcode, NOTICE.check_code}
    red, green, _ = page.split()
    stamped = ImageChops.subtract(red, green).point(lambda level: 255 * (level > 100))
    assert stamped.histogram()[255] > 500


def test_only_what_is_used_of_the_font_is_inside(notice: Path) -> None:
    """One page, its font embedded, far smaller than the font of 5 MB."""
    told = subprocess.run(
        ["pdffonts", str(notice)], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "yes yes yes" in told
    assert notice.stat().st_size < 200_000


def test_a_long_sheet_has_more_pages() -> None:
    """Nothing falls off the end: the last row and the seal are there."""
    rows = [Row(label=f"第{n}项", value="内容") for n in range(80)]
    pdf = compose(Sheet(title="明细", number="N2", rows=rows, issuer="社保中心"))
    assert pdf.count(b"/Type /Page\n") == 3
    assert pdf.startswith(b"%PDF")


def test_a_character_that_the_font_lacks_is_not_printed_as_a_box() -> None:
    """A certificate with a hole in somebody's name is none."""
    rare = Sheet(title="证明", number="N3", rows=[Row(label="姓名", value="示\U0002b4e7")])
    with pytest.raises(SheetPdfError):
        compose(rare)


@pytest.mark.parametrize("font", ["/nowhere/font.ttc", "/dev/null"])
def test_without_a_font_there_is_no_sheet(font: str) -> None:
    """A typed error without a word of the sheet; nothing half made."""
    with pytest.raises(SheetPdfError) as error:
        compose(NOTICE, font)
    assert error.value.__cause__ is None
    assert "示例" not in str(error.value)

"""The child process that lays out a sheet: JSON comes in, a PDF with its own fonts goes out.

Only the characters that the sheet has are embedded, so any printer prints it the same. The seal
(电子印章) stands over issuer and date, as on paper.
"""

import io
import sys
from typing import cast

import msgspec
import zxingcpp
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import TTFFont
from PIL import Image

from hal.events.sheets import Row, Sheet

_HAN = "han"
_MARGIN_MM, _LABEL_MM, _LINE_MM = 20.0, 42.0, 8.0
_TITLE_PT, _TEXT_PT, _SMALL_PT = 20, 11, 9
_SEAL_MM = 40.0
_BAR_MM = (80.0, 12.0)
_QR_MM = 22.0


def lay_out(sheet: Sheet, font: str) -> bytes:
    """The document. FileNotFoundError and the like if the font is not there.

    ValueError if it lacks a character: a box in somebody's name is no certificate.
    """
    pdf = FPDF(format="A4")
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=_MARGIN_MM)
    pdf.add_font(_HAN, fname=font, collection_font_number=0)
    if not _characters(sheet) <= set(cast(TTFFont, pdf.fonts[_HAN]).cmap):
        raise ValueError("the font lacks a character")
    pdf.set_title(sheet.number)
    pdf.add_page()
    _head(pdf, sheet)
    for row in sheet.rows:
        _row(pdf, row)
    pdf.ln(_LINE_MM / 2)
    for paragraph in sheet.paragraphs:
        pdf.multi_cell(0, _LINE_MM, paragraph, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    _foot(pdf, sheet)
    return bytes(pdf.output())


def _characters(sheet: Sheet) -> set[int]:
    """All that is to be seen, as code points."""
    parts = [sheet.title, sheet.number, *sheet.paragraphs, sheet.check_code or ""]
    parts += [sheet.issuer or "", sheet.issued_on or ""]
    parts += [text for row in sheet.rows for text in (row.label, row.value)]
    return {ord(each) for each in "".join(parts) if not each.isspace()}


def _head(pdf: FPDF, sheet: Sheet) -> None:
    pdf.set_font(_HAN, size=_TITLE_PT)
    pdf.multi_cell(0, 12, sheet.title, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font(_HAN, size=_TEXT_PT)
    pdf.cell(0, _LINE_MM, f"编号 {sheet.number}", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if sheet.barcode:
        width, height = _BAR_MM
        bars = _code(sheet.barcode, zxingcpp.BarcodeFormat.Code128)
        pdf.image(bars, x=_MARGIN_MM, y=pdf.get_y(), w=width, h=height)
        pdf.ln(height + 2)


def _row(pdf: FPDF, row: Row) -> None:
    """Label and value in frames as high as the longer of both needs."""
    width = pdf.epw - _LABEL_MM
    texts = ((row.label, _LABEL_MM), (row.value, width))
    height = max(_height_mm(pdf, text, w) for text, w in texts)
    if pdf.will_page_break(height):
        pdf.add_page()
    left, top = pdf.get_x(), pdf.get_y()
    for text, w in texts:
        pdf.rect(left, top, w, height)
        pdf.set_xy(left, top)
        pdf.multi_cell(w, _LINE_MM, text)
        left += w
    pdf.set_xy(pdf.l_margin, top + height)


def _height_mm(pdf: FPDF, text: str, width_mm: float) -> float:
    lines = pdf.multi_cell(width_mm, _LINE_MM, text, dry_run=True, output=MethodReturnValue.LINES)
    return max(1, len(cast(list[str], lines))) * _LINE_MM


def _foot(pdf: FPDF, sheet: Sheet) -> None:
    """Who made it and when, under the seal, and what shows that it is real; on one page."""
    if pdf.will_page_break(_SEAL_MM + _QR_MM):
        pdf.add_page()
    pdf.ln(_LINE_MM)
    top = pdf.get_y()
    for text in (sheet.issuer, sheet.issued_on):
        if text:
            pdf.cell(0, _LINE_MM, text, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if sheet.seal_png is not None:
        x = pdf.w - _MARGIN_MM - _SEAL_MM
        pdf.image(io.BytesIO(sheet.seal_png), x=x, y=top - _SEAL_MM / 4, w=_SEAL_MM, h=_SEAL_MM)
    if sheet.check_code:
        code = _code(sheet.check_code, zxingcpp.BarcodeFormat.QRCode)
        pdf.image(code, x=_MARGIN_MM, y=top, w=_QR_MM, h=_QR_MM)
        pdf.set_font(_HAN, size=_SMALL_PT)
        pdf.set_xy(_MARGIN_MM, top + _QR_MM)
        pdf.cell(0, _LINE_MM, f"校验码 {sheet.check_code}")


def _code(text: str, kind: zxingcpp.BarcodeFormat) -> Image.Image:
    bars = zxingcpp.create_barcode(text, kind)
    return Image.fromarray(zxingcpp.write_barcode_to_image(bars, scale=4, add_hrt=True))


def main() -> None:
    # A library that prints must not print into the document.
    bytes_out, sys.stdout = sys.stdout.buffer, sys.stderr
    sheet = msgspec.json.decode(sys.stdin.buffer.read(), type=Sheet)
    bytes_out.write(lay_out(sheet, sys.argv[1]))
    bytes_out.flush()


if __name__ == "__main__":
    main()

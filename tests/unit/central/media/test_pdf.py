"""A document as PDF/A-2b, read back by pikepdf; veraPDF, which would judge it, is not here."""

import hashlib
import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from central.media.pdf import A4_PT, Unprintable, make_pdf

MADE_AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
A4_PX = (620, 877)


def jpeg(size_px: tuple[int, int] = A4_PX, shade: int = 200, mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.new(mode, size_px, (shade,) * len(mode) if mode != "L" else shade).save(written, "JPEG")
    return written.getvalue()


def images(pdf: pikepdf.Pdf) -> list[Any]:
    return [image for page in pdf.pages for image in page.Resources.XObject.values()]


def test_the_pages_are_in_it_byte_for_byte_and_in_order() -> None:
    """Whoever has the hash of a page can prove that it is the one in the file."""
    pages = [jpeg(shade=shade) for shade in (200, 100, 150)]
    with pikepdf.open(io.BytesIO(make_pdf(pages, "D1", MADE_AT))) as pdf:
        assert len(pdf.pages) == 3
        found = [hashlib.sha256(image.read_raw_bytes()).hexdigest() for image in images(pdf)]
    assert found == [hashlib.sha256(page).hexdigest() for page in pages]


def test_it_says_what_it_is_and_what_its_colours_mean() -> None:
    """ISO 19005-2: XMP with part and level (6.6.4), an RGB output intent (6.2.3), an ID (6.1.3)."""
    with pikepdf.open(io.BytesIO(make_pdf([jpeg(), jpeg(mode="L")], "D1", MADE_AT))) as pdf:
        metadata = pdf.open_metadata()
        assert metadata.pdfa_status == "2B"
        assert metadata["dc:title"] == "D1"
        assert metadata["xmp:CreateDate"] == "2026-11-25T09:30:00+00:00"
        assert "/Info" not in pdf.trailer
        assert len(pdf.trailer.ID) == 2
        (intent,) = pdf.Root.OutputIntents
        profile = intent.DestOutputProfile.read_bytes()
        assert (intent.S, intent.DestOutputProfile.N) == ("/GTS_PDFA1", 3)
        assert (profile[12:20], profile[36:40]) == (b"mntrRGB ", b"acsp")
        assert int.from_bytes(profile[:4], "big") == len(profile)
        assert profile[8] < 5
        assert {image.ColorSpace for image in images(pdf)} == {"/DeviceRGB", "/DeviceGray"}
        # Nothing that part 2 forbids: no encryption, scripts, transparency, files, LZW.
        assert not pdf.is_encrypted
        assert set(pdf.Root.keys()) == {"/Type", "/Pages", "/Metadata", "/OutputIntents"}
        assert {image.Filter for image in images(pdf)} == {"/DCTDecode"}
        assert all("/SMask" not in image and "/Interpolate" not in image for image in images(pdf))


def test_a_binary_comment_follows_the_header() -> None:
    """ISO 19005-2, 6.1.2: four bytes above 127, so that nobody takes the file for text."""
    first, second, *_ = make_pdf([jpeg()], "D1", MADE_AT).split(b"\n")
    assert first == b"%PDF-1.7"
    assert second.startswith(b"%")
    assert all(byte > 127 for byte in second[1:5])


@pytest.mark.parametrize(
    ("size_px", "sheet_pt"),
    [(A4_PX, A4_PT), (A4_PX[::-1], A4_PT[::-1]), ((856, 540), (A4_PT[1], A4_PT[1] * 540 / 856))],
)
def test_a_page_is_as_large_as_paper(
    size_px: tuple[int, int], sheet_pt: tuple[float, float]
) -> None:
    """A4 upright or lying; of another form, as large as it goes on one."""
    with pikepdf.open(io.BytesIO(make_pdf([jpeg(size_px)], "D1", MADE_AT))) as pdf:
        box = [float(side) for side in pdf.pages[0].MediaBox]
    assert box == pytest.approx([0, 0, *sheet_pt], abs=0.01)


def test_the_same_pages_give_the_same_file() -> None:
    """So two people who fetched a document can compare what they have."""
    assert make_pdf([jpeg()], "D1", MADE_AT) == make_pdf([jpeg()], "D1", MADE_AT)


@pytest.mark.parametrize("page", [b"", b"GIF89a", jpeg()[:40], jpeg(mode="CMYK")])
def test_what_is_no_picture_of_a_page_is_named(page: bytes) -> None:
    """By its number; nothing is made without it."""
    with pytest.raises(Unprintable, match="page 2"):
        make_pdf([jpeg(), page], "D1", MADE_AT)


def test_nothing_is_written_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is opened in memory only: no file is opened for writing while the PDF is made."""
    written: list[object] = []

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event == "open" and watching and str(args[1]) not in ("r", "rb", "None"):
            written.append(args)

    watching = True
    sys.addaudithook(watch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    make_pdf([jpeg()], "D1", MADE_AT)
    watching = False
    assert (written, list(tmp_path.iterdir())) == ([], [])

"""A document (材料) as one PDF/A-2b file (ISO 19005-2), from the pictures of its pages, in memory.

The pictures go in as they are, not encoded anew: their bytes in the file have the hash they had.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import img2pdf  # type: ignore[import-untyped]
import pikepdf
from PIL import Image, ImageCms

A4_PT = (210 / 25.4 * 72, 297 / 25.4 * 72)
_RATIO_TOLERANCE = 0.01  # of width to height: such a page is A4
_MOST_PX = 50_000_000
_SRGB = "sRGB IEC61966-2.1"
# ICC.1:2004-10, 7.2: the profile's version and its date, in its header.
_VERSION_AT, _DATE_AT = 8, 24
_VERSION, _DATE = bytes.fromhex("04200000"), bytes.fromhex("07ea00010001000000000000")


class Unprintable(ValueError):
    """A picture that is no JPEG of a page."""


def make_pdf(pages: Sequence[bytes], title: str, made_at: datetime) -> bytes:
    """The JPEGs `pages`, in this order, a sheet each. `title` must not be personal.

    Unprintable says which page is no picture, counted from 1; ValueError without pages.
    """
    for number, page in enumerate(pages, start=1):
        _check(number, page)
    plain = img2pdf.convert(list(pages), layout_fun=_layout, nodate=True)
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(plain)) as pdf:
        _declare(pdf, title, made_at)
        pdf.save(
            made,
            min_version="1.7",
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            deterministic_id=True,
        )
    return made.getvalue()


def _check(number: int, page: bytes) -> None:
    try:
        with Image.open(io.BytesIO(page), formats=["JPEG"]) as image:
            if image.mode in ("RGB", "L") and image.width * image.height <= _MOST_PX:
                return
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unprintable(f"page {number} is no JPEG") from error
    raise Unprintable(f"page {number} is no picture of a page")


def _layout(
    width_px: int, height_px: int, _dpi: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Sheet and picture in points: A4, upright or lying, or as large as it goes on one."""
    short, long = A4_PT
    across, down = (short, long) if height_px >= width_px else (long, short)
    if abs(width_px / height_px / (across / down) - 1) > _RATIO_TOLERANCE:
        scale = min(across / width_px, down / height_px)
        across, down = width_px * scale, height_px * scale
    return across, down, across, down


def _declare(pdf: pikepdf.Pdf, title: str, made_at: datetime) -> None:
    """Metadata (6.6.2, 6.6.4) and output intent (6.2.3).

    There is no Info dictionary that could contradict them: img2pdf makes none without a date.
    """
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        metadata["pdfaid:part"], metadata["pdfaid:conformance"] = "2", "B"
        metadata["dc:title"] = title
        metadata["xmp:CreateDate"] = made_at.isoformat(timespec="seconds")
        metadata["xmp:CreatorTool"] = "OneWindow"
    profile = pikepdf.Stream(pdf, srgb_profile(), N=3, Alternate=pikepdf.Name.DeviceRGB)
    pdf.Root.OutputIntents = pikepdf.Array(
        [
            pikepdf.Dictionary(
                Type=pikepdf.Name.OutputIntent,
                S=pikepdf.Name.GTS_PDFA1,  # also in part 2 of the standard
                OutputConditionIdentifier=_SRGB,
                Info=_SRGB,
                DestOutputProfile=pdf.make_indirect(profile),
            )
        ]
    )


@cache
def srgb_profile() -> bytes:
    """sRGB as LittleCMS makes it, declared as ICC version 4.2, whose tags it has, and dated
    always the same: the same pages give the same file.
    """
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    dated = made[:_DATE_AT] + _DATE + made[_DATE_AT + len(_DATE) :]
    return dated[:_VERSION_AT] + _VERSION + dated[_VERSION_AT + len(_VERSION) :]

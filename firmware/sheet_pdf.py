"""A sheet as a document of A4 pages. Composed by a child process, see firmware.sheet_pdf_child.

fpdf2 takes 65 MB and a second to import, and the terminal has no room for that all day; the sheet
goes there and the document comes back through pipes, never over the disk.
"""

import subprocess
import sys

import msgspec

from hal.events.sheets import Sheet

COMPOSE_S = 30.0
"""For Python, fpdf2 and a font of 5 MB from a slow card."""
FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
_COMMAND = (sys.executable, "-P", "-m", "firmware.sheet_pdf_child")


class SheetPdfError(Exception):
    """No document came of it. The message is a sentence, without a word of the sheet."""


def compose(sheet: Sheet, font: str = FONT) -> bytes:
    """The document, PDF. Blocks some seconds; SheetPdfError if there can be none."""
    try:
        done = subprocess.run(
            [*_COMMAND, font], input=msgspec.json.encode(sheet), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=COMPOSE_S, check=True, process_group=0,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        # Without its cause: a process error holds what came out.
        raise SheetPdfError("the sheet cannot be composed; call a technician") from None
    return done.stdout

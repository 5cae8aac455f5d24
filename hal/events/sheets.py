"""An A4 sheet as the centre composes it: printed by the terminal, or shown to the citizen.

It is fetched by HTTPS with the terminal's certificate, never sent over MQTT: it is personal.
"""

from typing import Annotated

import msgspec

SHEETS_PATH = "/api/v1/sheets/"


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a table: what, and its value."""

    label: str
    value: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A title, rows (申请表), paragraphs, a barcode, and what makes it genuine.

    `check_code` is what anybody can look up to see that the sheet is real; `seal_png` is the
    picture of the electronic seal (电子印章), base64.
    """

    title: Annotated[str, msgspec.Meta(max_length=80)]
    number: str
    rows: list[Row] = []
    paragraphs: list[str] = []
    barcode: str | None = None
    check_code: str | None = None
    seal_png: bytes | None = None
    issuer: str | None = None
    issued_on: str | None = None

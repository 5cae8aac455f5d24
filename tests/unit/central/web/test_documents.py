"""A captured document as PDF/A, for who may open it and says what for."""

import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pikepdf
import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from PIL import Image

from central.media.files import Files, Name
from hal.events.facts import DocumentCaptured, Page
from hal.events.media import SealedMedia, media_info, pack

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
ID = "01JD8Z3K5M7N9P1Q3R5S7T9V1W"
ADDRESS = "/api/v1/documents/D.pdf"
OPENED = f"{ADDRESS}?purpose=review+12"

Upload = Callable[[bytes], str]


def jpeg(shade: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (310, 438), (shade, shade, shade)).save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def upload(media: Files, seal_key: X25519PrivateKey) -> Upload:
    """Seal and store a picture as a terminal does; its name."""

    def store(plain: bytes) -> str:
        box = SUITE.encrypt(plain, seal_key.public_key(), media_info("pzh01-w01", ID))
        packed = pack(SealedMedia("dev1", ID, box))
        name = Name(hashlib.sha256(packed).hexdigest(), "pzh01-w01")
        with media.open_part(name, 0) as file:
            file.write(packed)
        media.finish(name)
        return name.sha256

    return store


@pytest.fixture
def capture(hall: Any) -> Callable[..., None]:
    """Have a terminal tell of a page."""
    visits: list[str] = []

    def tell(hash: str, page: int | None, verdict: str = "good", document: str = "D") -> None:
        if not visits:
            visits.append(hall.visit().visit.id)
        one = Page(
            hash=hash, size_bytes=1, width_px=1, height_px=1, dpi=200, sharpness=1, glare=0,
            skew_deg=0, verdict=verdict, page=page,
        )  # fmt: skip
        data = DocumentCaptured(document=document, pages=[one])
        stored(hall, "document.captured", data, visits[0])

    return tell


def stored(hall: Any, kind: str, data: DocumentCaptured, visit: str) -> None:
    """Apply the fact, and store a row of it, as ingest does in one transaction."""
    fact = hall.fact(kind, data, visit)
    hall.store.do(
        lambda link: link.exec_driver_sql(
            "INSERT OR IGNORE INTO fact (id, type, visit, state, envelope) VALUES (?, ?, ?, ?, ?)",
            (fact, f"onewindow.{kind}", visit, "stored", b""),
        )
    )


def shades(pdf: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(pdf)) as read:
        return [
            image.read_raw_bytes()
            for page in read.pages
            for image in page.Resources.XObject.values()
        ]


def test_the_good_pages_of_a_document_are_one_file(
    caller: Any, capture: Callable[..., None], upload: Upload
) -> None:
    """In the order of their numbers, whatever came first; bad pages and other documents are not."""
    one, two, other = upload(jpeg(10)), upload(jpeg(20)), upload(jpeg(30))
    capture(two, 2)
    capture("", None, "repeated")
    capture(other, 1, document="E")
    capture(one, 1)
    answer = caller.get(OPENED, "teller")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert shades(answer.content) == [jpeg(10), jpeg(20)]


def test_who_opened_it_and_what_for_is_in_the_trail(
    caller: Any, capture: Callable[..., None], upload: Upload, store: Any
) -> None:
    """Each time; a refusal is no opening."""
    capture(upload(jpeg(10)), 1)
    for role in ("kiosk", "hall", "observer"):
        assert caller.get(OPENED, role).status_code == 403
    for address in (ADDRESS, f"{ADDRESS}?purpose=+"):
        answer = caller.get(address, "auditor")
        assert (answer.status_code, answer.json()["code"]) == (422, "purpose_missing")
    trail = "SELECT who, subject, detail FROM audit WHERE what = 'document.opened'"
    assert store.rows(trail) == []
    for role in ("teller", "auditor"):
        assert caller.get(OPENED, role).status_code == 200
    detail = '{"purpose":"review 12","pages":1}'
    assert store.rows(trail) == [("teller", "D", detail), ("auditor", "D", detail)]


def test_what_cannot_be_recorded_does_not_leave(
    caller: Any, capture: Callable[..., None], upload: Upload, store: Any
) -> None:
    """Without the trail nobody sees a page."""
    capture(upload(jpeg(10)), 1)
    store.do(lambda link: link.exec_driver_sql("DROP TABLE audit"))
    body = b""
    with suppress(httpx.ReadError):  # the server may end the connection of a fault
        body = caller.get(OPENED, "auditor").content
    assert b"%PDF" not in body


def test_a_document_that_is_not_whole_yet_is_not_shown_in_parts(
    caller: Any, capture: Callable[..., None], upload: Upload
) -> None:
    """A page on its way may be the one that matters: the answer says how many are missing."""
    capture(upload(jpeg(10)), 1)
    capture("1" * 64, 2)
    answer = caller.get(OPENED, "teller")
    assert (answer.status_code, answer.json()["code"]) == (409, "pages_missing")
    assert "1 of 2" in answer.json()["detail"]


def test_a_page_that_is_no_picture_is_said(
    caller: Any, capture: Callable[..., None], upload: Upload
) -> None:
    """The document must be captured again; what was sent instead does not come out."""
    capture(upload(b"GIF89a secret"), 1)
    answer = caller.get(OPENED, "teller")
    assert (answer.status_code, answer.json()["code"]) == (409, "pages_unusable")
    assert "secret" not in answer.text


@pytest.mark.parametrize("name", ["X", "%25", "a%20b", "..%2f..%2fcentre.db"])
def test_a_document_that_nobody_captured_is_unknown(caller: Any, name: str) -> None:
    """Or whose name is none."""
    answer = caller.get(f"/api/v1/documents/{name}.pdf?purpose=review", "auditor")
    assert answer.status_code in (404, 422)

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from PIL import Image, ImageDraw

from central.media.files import Files, Name
from central.web.pictures import Unshowable, reduce
from hal.events.facts import DocumentCaptured, Page
from hal.events.media import SealedMedia, media_info, pack

TOKEN = {"Authorization": "Bearer observer-token"}
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
ID = "01JD8Z3K5M7N9P1Q3R5S7T9V1W"
A4 = (1240, 1754)

Upload = Callable[..., str]


def page(ink: str = "black") -> bytes:
    """A page with bars as wide as the strokes of a 40-point heading, as JPEG."""
    image = Image.new("RGB", A4, "white")
    draw = ImageDraw.Draw(image)
    for x in range(100, 1100, 24):
        draw.rectangle((x, 200, x + 11, 300), fill=ink)
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def upload(media: Files, seal_key: X25519PrivateKey) -> Upload:
    """Seal and store a picture as a terminal does; its hash."""

    def store(plain: bytes, terminal: str = "pzh01-w01", sealed_for: str | None = None) -> str:
        info = media_info(sealed_for or terminal, ID)
        packed = pack(SealedMedia("dev1", ID, SUITE.encrypt(plain, seal_key.public_key(), info)))
        name = Name(hashlib.sha256(packed).hexdigest(), terminal)
        with media.open_part(name, 0) as file:
            file.write(packed)
        media.finish(name)
        return name.sha256

    return store


def test_a_page_is_shown_so_small_that_nothing_can_be_read(
    client: httpx.Client, upload: Upload
) -> None:
    """The thumbnail is of the page's form, and the strokes of a heading are one even grey."""
    address = f"/media/{upload(page())}/thumbnail"
    assert client.get(address).status_code == 401
    answer = client.get(address, headers=TOKEN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    image = Image.open(io.BytesIO(answer.content)).convert("L")
    assert image.size == (96, 136)
    greys = image.crop((16, 18, 78, 21)).tobytes()
    assert max(greys) - min(greys) < 60
    assert max(greys) < 230


@pytest.mark.parametrize("sha256", ["0" * 64, "0" * 63, "..%2f..%2fcentre.db", "A" * 64, "*"])
def test_a_page_that_is_not_here_is_a_problem(client: httpx.Client, sha256: str) -> None:
    """A name that no terminal uploaded, or that is no name, is 404."""
    answer = client.get(f"/media/{sha256}/thumbnail", headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_what_does_not_open_or_is_no_picture_is_not_shown(
    client: httpx.Client, upload: Upload
) -> None:
    """A box sealed under another terminal's name, and bytes that are no JPEG, give 404."""
    for sha256 in (
        upload(page(), "pzh01-w01", sealed_for="pzh01-w02"),
        upload(b"GIF89a no page"),
        upload(page()[:300]),
    ):
        assert client.get(f"/media/{sha256}/thumbnail", headers=TOKEN).status_code == 404


def test_only_pictures_of_pages_are_reduced() -> None:
    """Another format than the camera's is refused, whatever it shows."""
    written = io.BytesIO()
    Image.new("RGB", (9, 9)).save(written, "PNG")
    with pytest.raises(Unshowable):
        reduce(written.getvalue())


def test_a_captured_document_lies_in_the_tray_by_its_pages(
    client: httpx.Client, hall: Any, upload: Upload
) -> None:
    """A page that is here is shown, one that is still on its way is named with its verdict."""
    visit = hall.visit().visit.id
    here, coming = upload(page()), "1" * 64
    hall.fact("document.captured", captured(here, coming), visit)
    text = client.get("/fragments/windows", headers=TOKEN).text
    assert f'src="/media/{here}/thumbnail"' in text
    assert coming not in text
    assert "清晰" in text
    assert "模糊" in text


def captured(*hashes: str) -> DocumentCaptured:
    verdicts = ("good", "blurred")
    return DocumentCaptured(
        document="D",
        codes=["6901234567892"],
        pages=[
            Page(
                hash=each,
                size_bytes=1,
                width_px=1,
                height_px=1,
                dpi=200,
                sharpness=1,
                glare=0,
                skew_deg=0,
                verdict=verdict,
            )
            for each, verdict in zip(hashes, verdicts, strict=True)
        ],
    )


def test_a_display_is_shown_to_whoever_may_see_the_page(client: httpx.Client, panels: Path) -> None:
    """Of registered terminals that have a picture, and of nobody else."""
    for name in ("pzh01-w01", "elsewhere"):
        (panels / f"{name}.png").write_bytes(b"picture")
    assert client.get("/panels/pzh01-w01.png").status_code == 401
    answer = client.get("/panels/pzh01-w01.png?v=1", headers=TOKEN)
    assert (answer.status_code, answer.content) == (200, b"picture")
    assert answer.headers["content-type"] == "image/png"
    for name in ("pzh01-w02", "elsewhere", "..%2fpanels%2fpzh01-w01"):
        assert client.get(f"/panels/{name}.png", headers=TOKEN).status_code == 404
    assert 'id="panel-pzh01-w01"' in client.get("/", headers=TOKEN).text

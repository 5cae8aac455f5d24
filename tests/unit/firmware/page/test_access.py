"""Who may see the terminal's page, and who may do something on it."""

from pathlib import Path

import pytest

from firmware.page.access import COOKIE, Access, page_token

OWN = "127.0.0.1:8090"


@pytest.fixture
def access() -> Access:
    return Access("secret", "127.0.0.1", 8090)


def test_the_token_is_made_once(tmp_path: Path) -> None:
    """Long, for its owner only, and the same after a restart."""
    token = page_token(tmp_path)
    assert len(token) >= 40
    assert (tmp_path / "page.token").stat().st_mode & 0o777 == 0o600
    assert page_token(tmp_path) == token
    assert [path.name for path in tmp_path.iterdir()] == ["page.token"]


@pytest.mark.parametrize("left", [bytes(43), b"\xff\xfe", b"short", b"with spaces in it and more"])
def test_what_is_no_token_is_made_anew(tmp_path: Path, left: bytes) -> None:
    """What a power cut or a stray program left in the file keeps no terminal from starting."""
    (tmp_path / "page.token").write_bytes(left)
    assert len(page_token(tmp_path)) >= 40


def test_an_empty_token_is_none(tmp_path: Path) -> None:
    """A file that a power cut left empty lets nobody in without a token."""
    (tmp_path / "page.token").touch()
    (tmp_path / "page.token.new").touch()
    assert len(page_token(tmp_path)) >= 40


@pytest.mark.parametrize("host", [OWN, "localhost:8090", "[::1]:8090"])
def test_our_own_addresses_are_right(access: Access, host: str) -> None:
    """The address it listens on, and the names of loopback."""
    assert access.right_host({"Host": host})


@pytest.mark.parametrize(
    "host",
    ["", "127.0.0.1", "127.0.0.1:80", "evil.example:8090", "192.168.1.5:8090", "127.0.0.1.x:8090"],
)
def test_other_names_are_wrong(access: Access, host: str) -> None:
    """A name that leads to loopback is how a strange web page would come in."""
    assert not access.right_host({"Host": host})


def test_a_page_on_all_addresses_takes_addresses_only() -> None:
    """Whatever number it is called by, but no name."""
    access = Access("secret", "0.0.0.0", 8090)
    assert access.right_host({"Host": "192.168.1.5:8090"})
    assert not access.right_host({"Host": "evil.example:8090"})


@pytest.mark.parametrize(
    ("headers", "see", "do"),
    [
        ({}, False, False),
        ({"Authorization": "Bearer secret"}, True, True),
        ({"Authorization": "bearer  secret"}, True, True),
        ({"Authorization": "Bearer secre"}, False, False),
        ({"Authorization": "Basic secret"}, False, False),
        ({"Cookie": f"{COOKIE}=secret"}, True, False),
        ({"Cookie": f"{COOKIE}=secret", "Origin": f"http://{OWN}"}, True, True),
        ({"Cookie": f"{COOKIE}=secret", "Origin": "http://evil.example"}, True, False),
        ({"Cookie": f"{COOKIE}=secret", "Origin": "null"}, True, False),
        ({"Cookie": f"{COOKIE}=秘密", "Origin": f"http://{OWN}"}, False, False),
        ({"Cookie": "]]", "Origin": f"http://{OWN}"}, False, False),
    ],
)
def test_seeing_needs_the_token_and_doing_our_origin(
    access: Access, headers: dict[str, str], see: bool, do: bool
) -> None:
    """A header is enough for both; a cookie comes by itself, so it must come from our page."""
    headers = {"Host": OWN, **headers}
    assert (access.may_see(headers), access.may_do(headers)) == (see, do)

"""Pictures over the wire, as a terminal sends them."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from central.media import app as module
from central.media.files import Name

W01 = "pzh01-w01"
PICTURE = os.urandom(300_000)
SHA256 = hashlib.sha256(PICTURE).hexdigest()
NAME = Name(SHA256, W01)


def test_a_picture_is_kept_as_it_came(listener: Any, caller: Any) -> None:
    """201, the sealed bytes below the first digits of their hash, and who uploaded them."""
    answer = caller.put(PICTURE)
    assert (answer.status_code, answer.headers["Upload-Complete"]) == (201, "?1")
    place = listener.folder / "centre" / "media" / SHA256[:2] / f"{SHA256}.{W01}"
    assert place.read_bytes() == PICTURE
    assert place.stat().st_mode & 0o077 == 0
    assert listener.files.uploaders(SHA256) == [W01]
    assert list((place.parent.parent / "partial").iterdir()) == []


def test_a_repeat_changes_nothing(listener: Any, caller: Any) -> None:
    """The second time is 204, whole or in part, and the picture stays as it is."""
    assert caller.put(PICTURE).status_code == 201
    assert caller.put(PICTURE).status_code == 204
    assert caller.put(b"x", name=SHA256, span="bytes 0-0/300000").status_code == 204
    told = caller.head(SHA256)
    assert (told.status_code, told.headers["Upload-Complete"]) == (204, "?1")
    assert listener.files.read(NAME) == PICTURE


def test_parts_make_a_whole(listener: Any, caller: Any) -> None:
    """Each part is confirmed with the offset to go on at; the last one with 201."""
    assert caller.head(SHA256).headers["Upload-Offset"] == "0"
    first = caller.put(PICTURE[:1000], name=SHA256, span="bytes 0-999/300000")
    assert (first.status_code, first.headers["Upload-Offset"]) == (202, "1000")
    told = caller.head(SHA256).headers
    assert (told["Upload-Offset"], told["Upload-Complete"]) == ("1000", "?0")
    last = caller.put(PICTURE[1000:], name=SHA256, span="bytes 1000-299999/300000")
    assert last.status_code == 201
    assert listener.files.read(NAME) == PICTURE


def test_a_cut_is_gone_on_from(listener: Any, caller: Any) -> None:
    """What came before the line broke is told and not sent again."""
    head = f"PUT /api/v1/media/{SHA256} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    line = listener.raw(W01, head, PICTURE[:200_000])
    line.unwrap().close()  # a close in order: all that was sent has arrived
    offset = 0
    while offset < 200_000:  # the listener may be reading still; each answer is an event
        offset = int(caller.head(SHA256).headers["Upload-Offset"])
    span = f"bytes {offset}-299999/300000"
    while (rest := caller.put(PICTURE[offset:], name=SHA256, span=span)).status_code == 409:
        pass  # the listener has not seen yet that the line is cut
    assert rest.status_code == 201
    assert listener.files.read(NAME) == PICTURE


def test_a_part_that_does_not_fit_is_refused(caller: Any) -> None:
    """409 says where to go on; beginning at 0 is always possible."""
    caller.put(PICTURE[:1000], name=SHA256, span="bytes 0-999/300000")
    answer = caller.put(PICTURE[2000:], name=SHA256, span="bytes 2000-299999/300000")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_offset")
    assert answer.headers["Upload-Offset"] == "1000"
    assert caller.put(PICTURE).status_code == 201


def test_a_wrong_hash_keeps_nothing(listener: Any, caller: Any) -> None:
    """A whole that is not what its name says is a typed problem, and the next try begins anew."""
    answer = caller.put(PICTURE[:-1] + b"\0\0", name=SHA256)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_hash")
    assert answer.headers["content-type"] == "application/problem+json"
    assert not listener.files.complete(NAME)
    assert caller.head(SHA256).headers["Upload-Offset"] == "0"
    assert caller.put(PICTURE).status_code == 201


@pytest.mark.parametrize(
    ("span", "status", "code"),
    [
        ("bytes 0-9/10", 400, "wrong_range"),
        ("bytes 5-1/10", 400, "wrong_range"),
        ("bytes 8-10/10", 400, "wrong_range"),
        ("bytes 0-2/*", 400, "wrong_range"),
        ("0-2/10", 400, "wrong_range"),
        ("bytes 0-2/16777217", 413, "too_large"),
    ],
)
def test_a_range_must_be_of_the_body(caller: Any, span: str, status: int, code: str) -> None:
    """What does not fit, or is to become too large, is refused before a byte is kept."""
    answer = caller.put(b"abc", name=SHA256, span=span)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert caller.head(SHA256).headers["Upload-Offset"] == "0"


def test_an_empty_or_endless_body_is_refused(caller: Any) -> None:
    """A picture has a length, and at least one byte."""
    assert caller.put(b"").json()["code"] == "wrong_range"
    endless = caller.client.put(f"/api/v1/media/{SHA256}", content=iter([b"a", b"b"]))
    assert endless.json()["code"] == "length_required"


@pytest.mark.parametrize("name", ["ab", "A" * 64, "..%2F..%2Fcentre.db", "g" * 64])
def test_a_name_is_a_hash(caller: Any, name: str) -> None:
    """Nothing else becomes the name of a file."""
    assert caller.put(b"abc", name=name).status_code == 404


def test_only_registered_terminals(listener: Any) -> None:
    """A good certificate of somebody who is no terminal is answered with 403."""
    for name in ("observer", "centre"):
        caller = listener.caller(name)
        with caller.client:
            answer = caller.put(PICTURE)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_registered")
            assert caller.head(SHA256).status_code == 403


def test_terminals_do_not_touch_each_other(listener: Any, caller: Any) -> None:
    """Neither what another one has sent nor what it is sending can be seen or changed."""
    other = listener.caller("pzh01-w02")
    with other.client:
        caller.put(PICTURE[:1000], name=SHA256, span="bytes 0-999/300000")
        assert other.head(SHA256).headers["Upload-Offset"] == "0"
        assert other.put(PICTURE).status_code == 201
    assert caller.head(SHA256).headers["Upload-Offset"] == "1000"
    assert caller.put(PICTURE).status_code == 201
    assert listener.files.uploaders(SHA256) == ["pzh01-w01", "pzh01-w02"]


def test_beginnings_do_not_pile_up(listener: Any, caller: Any) -> None:
    """A terminal has one picture under way: a new one takes the place of what it left."""
    for digit in "abc":
        caller.put(b"x", name=digit * 64, span="bytes 0-0/2")
    partial: Path = listener.folder / "centre" / "media" / "partial"
    assert [path.name for path in partial.iterdir()] == [f"{'c' * 64}.{W01}"]


def test_a_silent_upload_is_given_up(
    listener: Any, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that died without a word does not keep its terminal from sending."""
    monkeypatch.setattr(module, "IDLE_S", 0.05)
    head = f"PUT /api/v1/media/{SHA256} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    with listener.raw(W01, head, PICTURE[:1000]) as line:
        assert line.recv(12) == b"HTTP/1.1 408"
    assert caller.put(PICTURE).status_code == 201


def test_one_upload_at_a_time(listener: Any, caller: Any) -> None:
    """Two at once would write one file: the second is told to come again."""
    head = f"PUT /api/v1/media/{SHA256} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    with listener.raw(W01, head, PICTURE[:100_000]):
        while caller.head(SHA256).headers["Upload-Offset"] == "0":
            pass  # each answer is an event; the first bytes come at their own time
        answer = caller.put(PICTURE)
        assert (answer.status_code, answer.json()["code"]) == (409, "busy")
        assert answer.headers["Retry-After"] == "1"


def test_a_full_disk_is_told(listener: Any, caller: Any) -> None:
    """507, to be tried again later; a file where the folder should be stands for any fault."""
    (listener.folder / "centre" / "media").write_text("")
    answer = caller.put(PICTURE)
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")

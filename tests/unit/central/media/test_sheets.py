"""Sheets from the centre to the one terminal that prints them, over the real listener."""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.media.sheets import SWEEP_S
from central.media.sheets import Sheets as Kept
from firmware.sheets import SheetError, Sheets
from hal.events.sheets import Row, Sheet

NOTICE = Sheet(
    title="一次性告知书",
    number="PZH01-20261123-00007",
    rows=[Row(label="申请人", value="示例")],
    seal_png=b"\x89PNG",
)
SHA256 = hashlib.sha256(msgspec.json.encode(NOTICE)).hexdigest()
DAY_S = 86_400


def fetch(listener: Any, sha256: str, terminal: str = "pzh01-w01") -> Sheet:
    """As a terminal does."""
    url = f"https://127.0.0.1:{listener.port}"
    return Sheets(url, listener.context(terminal)).fetch(sha256)


def test_a_terminal_gets_the_sheet_that_was_made_for_it(listener: Any) -> None:
    """Whole, by the hash that its order names; and as often as it asks."""
    assert listener.sheets.keep(NOTICE, "pzh01-w01") == SHA256
    assert fetch(listener, SHA256) == fetch(listener, SHA256) == NOTICE


def test_nobody_else_gets_it(listener: Any) -> None:
    """Another terminal, and one that is not registered, learn not even that it is there."""
    listener.sheets.keep(NOTICE, "pzh01-w01")
    with pytest.raises(SheetError, match="404"):
        fetch(listener, SHA256, "pzh01-w02")
    with pytest.raises(SheetError, match="403"):
        fetch(listener, SHA256, "centre")
    with pytest.raises(SheetError, match="cannot be reached"):
        Sheets(f"https://127.0.0.1:{listener.port}", listener.context(None)).fetch(SHA256)


def test_what_is_not_there_is_not_found(listener: Any) -> None:
    """Neither a sheet that nobody made nor a name that is none."""
    for name in (SHA256, "..%2f..%2fcentre.toml", "AB" * 32):
        with pytest.raises(SheetError, match="404"):
            fetch(listener, name)


def test_on_the_disk_it_is_sealed(listener: Any) -> None:
    """No word of it in any file, and nobody but the centre may read the file."""
    listener.sheets.keep(NOTICE, "pzh01-w01")
    (path,) = (listener.folder / "centre" / "sheets").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    for word in ("示例", "告知书", "PZH01-2026"):
        assert word.encode() not in path.read_bytes()


def test_a_sheet_moved_to_another_terminal_does_not_open(listener: Any) -> None:
    """Its box is bound to the terminal; so is one that was damaged."""
    listener.sheets.keep(NOTICE, "pzh01-w01")
    folder = listener.folder / "centre" / "sheets"
    (folder / f"{SHA256}.pzh01-w02").write_bytes((folder / f"{SHA256}.pzh01-w01").read_bytes())
    with pytest.raises(SheetError, match="404"):
        fetch(listener, SHA256, "pzh01-w02")


def test_after_a_day_it_goes(tmp_path: Path) -> None:
    """The folder holds a day's sheets, not a year's; it is looked through at most once an hour."""
    folder, keys = tmp_path / "sheets", {"dev1": X25519PrivateKey.generate()}
    sheets = Kept(folder, keys)
    for title, age_s in (("first", 2 * SWEEP_S), ("second", DAY_S + 60)):
        old = folder / f"{sheets.keep(Sheet(title=title, number='N'), 'pzh01-w01')}.pzh01-w01"
        seconds = old.stat().st_mtime - age_s
        os.utime(old, (seconds, seconds))
    sheets.keep(Sheet(title="third", number="N"), "pzh01-w01")
    assert old.exists()
    Kept(folder, keys).keep(Sheet(title="fourth", number="N"), "pzh01-w01")
    assert not old.exists()
    assert len(list(folder.iterdir())) == 3


def test_bytes_that_are_not_the_sheet_are_refused(listener: Any) -> None:
    """The terminal checks the hash itself: what the centre gives must be what was ordered."""
    other = Sheet(title="别的", number="N3")
    listener.sheets.read = lambda sha256, terminal: msgspec.json.encode(other)
    with pytest.raises(SheetError, match="not what its name says"):
        fetch(listener, SHA256)

"""provisioning.tokens: the line in the file is what its hash among the principals stands for."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from provisioning import tokens
from provisioning.errors import FolderError
from provisioning.folder import PRIVATE, Folder


def _principals(path: Path) -> list[dict[str, str]]:
    parsed: list[dict[str, str]] = json.loads((path / tokens.FILE).read_bytes())
    return parsed


def test_each_role_has_one(tmp_path: Path) -> None:
    """Every role has a token of one line, private, and the hash of just that token."""
    tokens.ensure(Folder(tmp_path))
    expected = []
    for role in ("kiosk", "teller", "hall", "auditor", "observer"):
        path = tmp_path / f"{role}.token"
        lines = path.read_text().splitlines()
        assert len(lines) == 1
        assert len(lines[0]) >= 43
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        digest = hashlib.sha256(lines[0].encode()).hexdigest()
        expected.append({"name": role, "role": role, "token_sha256": digest})
    assert _principals(tmp_path) == expected


def test_again_keeps_tokens_and_other_principals(tmp_path: Path) -> None:
    """A second run writes nothing; somebody else's principal stays; a lost hash comes back."""
    tokens.ensure(Folder(tmp_path))
    before = _principals(tmp_path)
    other = {"name": "li", "role": "teller", "token_sha256": "0" * 64}
    Folder(tmp_path).write(tokens.FILE, json.dumps([other, *before[1:]]).encode(), mode=PRIVATE)
    tokens.ensure(Folder(tmp_path))
    assert _principals(tmp_path) == [*before, other]
    again = Folder(tmp_path)
    tokens.ensure(again)
    assert again.written == []


def test_broken_principals_are_not_overwritten(tmp_path: Path) -> None:
    """A principals file that does not read is an error, not a fresh start."""
    folder = Folder(tmp_path)
    folder.write(tokens.FILE, b"[{]", mode=PRIVATE)
    with pytest.raises(FolderError, match="mend the file"):
        tokens.ensure(folder)

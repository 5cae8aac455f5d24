"""provisioning.register: who stands where."""

from pathlib import Path

import pytest

from provisioning import register
from provisioning.errors import FolderError, UsageError
from provisioning.folder import PUBLIC, Folder
from provisioning.register import Register, Terminal


def test_window_is_the_number_in_the_name_where_free() -> None:
    """w03 gets window 3; a name without a number, or with a taken one, the lowest free one."""
    known = Register()
    for name in ("pzh01-w03", "desk", "other-03", "w00"):
        assert known.add_terminal(name, "pzh01") is True
    known.add_terminal("mzh-w03", "mzh")
    assert [(t.terminal, t.window) for t in known.terminals] == [
        ("pzh01-w03", 3),
        ("desk", 1),
        ("other-03", 2),
        ("w00", 4),
        ("mzh-w03", 3),
    ]


def test_same_again_changes_nothing() -> None:
    """Registering what is registered already says so and adds no line."""
    known = Register([Terminal("pzh01-w01", "pzh01", 1)], ["observer"])
    assert known.add_terminal("pzh01-w01", "pzh01") is False
    assert known.add_observer("observer") is False
    assert known == Register([Terminal("pzh01-w01", "pzh01", 1)], ["observer"])


def test_a_name_has_one_meaning() -> None:
    """A terminal moves to no other site, and is never an observer too."""
    known = Register([Terminal("pzh01-w01", "pzh01", 1)], ["eye"])
    with pytest.raises(UsageError, match="pass --site pzh01"):
        known.add_terminal("pzh01-w01", "mzh")
    with pytest.raises(UsageError, match="is a terminal"):
        known.add_observer("pzh01-w01")
    with pytest.raises(UsageError, match="is an observer"):
        known.add_terminal("eye", "pzh01")
    with pytest.raises(UsageError, match="use a-z"):
        known.add_terminal("x", "Pzh")


def test_round_trip(tmp_path: Path) -> None:
    """What is saved is loaded, and nothing is there before."""
    folder = Folder(tmp_path)
    assert register.load(folder) == Register()
    known = Register([Terminal("pzh01-w01", "pzh01", 1)], ["observer"])
    register.save(folder, known)
    assert register.load(folder) == known


@pytest.mark.parametrize("text", [b"{", b'{"terminals": [{"terminal": 1}]}', b'{"windows": []}'])
def test_broken_register_is_not_overwritten(tmp_path: Path, text: bytes) -> None:
    """A register that does not read, or has an unknown field, is no fresh start."""
    folder = Folder(tmp_path)
    folder.write(register.FILE, text, mode=PUBLIC)
    with pytest.raises(FolderError, match="mend the file"):
        register.load(folder)

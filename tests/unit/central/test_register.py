import logging
from pathlib import Path

import msgspec
import pytest

from central.errors import ConfigurationError
from central.register import Register
from central.service.places import Place


def write(path: Path, *terminals: tuple[str, str, int]) -> None:
    rows = [{"terminal": name, "site": site, "window": window} for name, site, window in terminals]
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode({"terminals": rows, "observers": ["observer"]}))
    new.replace(path)


def test_a_terminal_that_is_issued_later_is_found(tmp_path: Path) -> None:
    """The file is read again when it has changed and somebody unknown is met."""
    path = tmp_path / "register.json"
    write(path, ("pzh01-w01", "pzh01", 1))
    register = Register(path)
    assert register.find("pzh01-w02") is None
    write(path, ("pzh01-w01", "pzh01", 1), ("pzh01-w02", "pzh01", 2))
    assert register.find("pzh01-w02") == Place("pzh01-w02", "pzh01", 2)
    assert [place.window for place in register.all()] == [1, 2]


def test_a_file_that_breaks_later_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The centre goes on with what it knew and says so, until the file is mended."""
    path = tmp_path / "register.json"
    write(path, ("pzh01-w01", "pzh01", 1))
    register = Register(path)
    path.write_text("{")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert register.find("pzh01-w02") is None
            assert register.find("pzh01-w01") == Place("pzh01-w01", "pzh01", 1)
    assert len(caplog.records) == 1
    write(path, ("pzh01-w02", "pzh01", 2))
    assert register.find("pzh01-w02") is not None


@pytest.mark.parametrize("text", ["{", "{}", '{"terminals":[{"terminal":"a"}]}', None])
def test_a_centre_does_not_start_on_a_broken_register(tmp_path: Path, text: str | None) -> None:
    """At the start a missing or broken register is an error with its remedy."""
    path = tmp_path / "register.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"register\.json"):
        Register(path)

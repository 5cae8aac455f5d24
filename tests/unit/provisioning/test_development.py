"""provisioning.development: the whole folder, as broker, centre and terminals find it."""

import stat
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from provisioning import register
from provisioning.development import develop, issue, revoke
from provisioning.errors import FolderError, UsageError
from provisioning.folder import Folder

FILES = [
    *("auditor.token", "broker.key", "broker.pem", "ca.key", "ca.pem", "centre.key", "centre.pem"),
    *("centre.toml", "crl.pem", "hall.token", "kiosk.token", "observer.key", "observer.pem"),
    *("observer.token", "principals.json", "pzh01-w01.key", "pzh01-w01.pem", "pzh01-w02.key"),
    *("pzh01-w02.pem", "register.json", "seal.pem", "seal.pub.pem", "teller.token"),
    "teller2.token",
]
PUBLIC = {"ca.pem", "crl.pem", "seal.pub.pem", "register.json", "centre.toml"}


def _is_public(name: str) -> bool:
    return name in PUBLIC or (name.endswith(".pem") and name != "seal.pem")


def test_everything_is_there_and_closed(folder: Folder) -> None:
    """The folder holds exactly what was promised, and all that is private is 0600."""
    found = sorted(path.name for path in folder.path.iterdir())
    assert found == FILES
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.path.iterdir()}
    assert modes == {name: 0o644 if _is_public(name) else 0o600 for name in FILES}
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_again_writes_nothing(folder: Folder, now: datetime) -> None:
    """The same command again, or one with fewer terminals, leaves every byte as it was."""
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    develop(folder, terminals=2, site="pzh01", now=now)
    develop(folder, terminals=1, site="pzh01", now=now)
    assert folder.written == []
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


def test_more_terminals_are_added(folder: Folder, now: datetime) -> None:
    """With a larger number only the new terminal is made and registered, and one more teller."""
    assert develop(folder, terminals=3, site="pzh01", now=now)[-1] == "pzh01-w03"
    assert folder.written == [
        *("pzh01-w03.key", "pzh01-w03.pem", "teller3.token", "principals.json", "register.json"),
    ]
    windows = [(t.terminal, t.site, t.window) for t in register.load(folder).terminals]
    assert windows == [(f"pzh01-w0{n}", "pzh01", n) for n in (1, 2, 3)]


def test_settings_name_files_that_are_there(folder: Folder) -> None:
    """Every file that centre.toml names stands beside it."""
    settings = tomllib.loads((folder.path / "centre.toml").read_text())
    names = [settings["centre"][key] for key in ("register", "principals")]
    names += [settings["broker"][key] for key in ("ca", "cert", "key", "crl")]
    names += [settings["broker"][key] for key in ("server_cert", "server_key")]
    names += settings["seal"].values()
    assert [name for name in names if not folder.has(name)] == []
    assert list(settings["seal"]) == ["dev1"]


@pytest.mark.parametrize("name", ["pzh01-w01", "centre", "observer"])
def test_broker_takes_each_by_its_name(
    folder: Folder, handshake: Callable[[Path, str], str], name: str
) -> None:
    """In TLS 1.3 with the revocation list on, the broker sees whose certificate it is."""
    assert handshake(folder.path, name) == name


def test_server_certificate_is_no_client(
    folder: Folder, handshake: Callable[[Path, str], str]
) -> None:
    """The broker's own certificate does not pass as a client's."""
    assert handshake(folder.path, "broker") in {
        "unsupported certificate purpose",
        "unsuitable certificate purpose",
    }


def test_revoked_is_refused_and_may_come_back(
    folder: Folder, now: datetime, handshake: Callable[[Path, str], str]
) -> None:
    """A revoked terminal fails the handshake, `dev` does not bring it back, `issue` does."""
    revoke(folder, name="pzh01-w02", now=now)
    develop(folder, terminals=2, site="pzh01", now=now)
    assert handshake(folder.path, "pzh01-w02") == "certificate revoked"
    assert handshake(folder.path, "pzh01-w01") == "pzh01-w01"
    assert issue(folder, role="terminal", name="pzh01-w02", site="pzh01", now=now) is True
    assert handshake(folder.path, "pzh01-w02") == "pzh01-w02"


def test_issue_registers_by_role(folder: Folder, now: datetime) -> None:
    """A terminal issued is in the register with its site, an observer among the observers."""
    assert issue(folder, role="terminal", name="mzh-w09", site="mzh", now=now) is True
    assert issue(folder, role="observer", name="eye", site="pzh01", now=now) is True
    assert issue(folder, role="observer", name="eye", site="pzh01", now=now) is False
    known = register.load(folder)
    assert known.terminals[-1] == register.Terminal("mzh-w09", "mzh", 9)
    assert known.observers == ["observer", "eye"]


@pytest.mark.parametrize("name", ["centre", "broker", "observer", "ca", "teller", "../dev/ca"])
def test_no_terminal_takes_a_service_name(folder: Folder, now: datetime, name: str) -> None:
    """A terminal called as the centre would have the centre's rights: refused, nothing written."""
    with pytest.raises(UsageError):
        issue(folder, role="terminal", name=name, site="pzh01", now=now)
    assert folder.written == []


def test_empty_folder_is_no_deployment(tmp_path: Path, now: datetime) -> None:
    """Issuing or revoking where there is no authority says what to run first."""
    folder = Folder(tmp_path)
    with pytest.raises(FolderError, match="ow-provision dev"):
        issue(folder, role="terminal", name="pzh01-w01", site="pzh01", now=now)
    with pytest.raises(FolderError, match="ow-provision dev"):
        revoke(folder, name="pzh01-w01", now=now)
    assert list(tmp_path.iterdir()) == []

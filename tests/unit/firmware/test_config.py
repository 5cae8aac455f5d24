"""The terminal's TOML: what is read, and the one sentence when it is wrong."""

from pathlib import Path

import pytest

from firmware.config import read
from hal.errors import ConfigurationError

GOOD = """
[terminal]
site = "pzh01"
id = "pzh01-w03"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 8883
ca = "ca.pem"
cert = "/etc/w03.pem"
key = "w03.key"
[centre]
url = "https://127.0.0.1:8443"
[seal]
kid = "dev1"
public_key = "seal.pub.pem"
[device.identity]
driver = "id_serial"
port = "/dev/ttyUSB0"
baud = "search"
essential = true
[device.gun]
driver = "scanner_serial"
port = "/dev/ttyUSB1"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "terminal.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    """Relative paths lie beside the file, absolute ones where they say."""
    found = read(written(tmp_path, GOOD))
    assert found.terminal.state_dir == tmp_path / "state"
    assert found.broker.cert == Path("/etc/w03.pem")
    assert found.seal.public_key == tmp_path / "seal.pub.pem"


def test_devices_keep_their_names_drivers_and_weight(tmp_path: Path) -> None:
    """Each table becomes a driver with its options; essential is false unless said."""
    devices = read(written(tmp_path, GOOD)).devices
    assert [(d.name, d.spec.name, d.spec.role, d.essential) for d in devices] == [
        ("identity", "id_serial", "identity", True),
        ("gun", "scanner_serial", "code", False),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("port = 8883", "port = 0", "broker.port"),
        ("port = 8883", 'port = 8883\ncolour = "red"', "colour"),
        ('kid = "dev1"', "", "kid"),
        ('id = "pzh01-w03"', 'id = "W03/x"', "terminal.id"),
        ('driver = "scanner_serial"', 'driver = "scanner_psychic"', "device.gun"),
        ('driver = "scanner_serial"', "", "device.gun has no driver"),
        ("essential = true", 'essential = "yes"', "device.identity.essential"),
        ('baud = "search"', 'baud = "fast"', "device.identity"),
        ('baud = "search"', "speed = 9600", "speed"),
        ("[device.gun]", "[device.Gun1]", "device.Gun1"),
        ("[terminal]", "[terminal", "not TOML"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """Nothing is guessed: an unknown key, a wrong kind, a missing table each stop the start."""
    assert old in GOOD
    with pytest.raises(ConfigurationError) as wrong:
        read(written(tmp_path, GOOD.replace(old, new)))
    sentence = str(wrong.value)
    assert said in sentence
    assert "terminal.toml" in sentence
    assert "\n" not in sentence


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """The path stands in the sentence."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        read(tmp_path / "nowhere.toml")

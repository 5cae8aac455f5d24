from pathlib import Path

import pytest

from central.config import OWN_CATALOGUE, Address, load
from central.errors import ConfigurationError

GOOD = """\
mode = "development"
[centre]
state_dir = "centre"
http_port = 8090
register = "register.json"
principals = "principals.json"
[broker]
ca = "ca.pem"
cert = "centre.pem"
key = "centre.key"
crl = "crl.pem"
server_cert = "broker.pem"
server_key = "broker.key"
[seal]
dev1 = "seal.pem"
"""


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """A folder can be moved: what the file names lies beside it, whoever reads it from where."""
    path = tmp_path / "centre.toml"
    path.write_text(GOOD)
    config = load(path)
    assert config.database == tmp_path / "centre" / "centre.db"
    assert config.broker.cert == tmp_path / "centre.pem"
    assert config.seal == {"dev1": tmp_path / "seal.pem"}
    assert config.http == Address("127.0.0.1", 8090)
    assert config.media == Address("127.0.0.1", 8443)
    assert config.catalogue == OWN_CATALOGUE
    assert config.panels is None


def test_a_folder_of_displays_can_be_named(tmp_path: Path) -> None:
    """`panels` is a folder beside the file, like every other path."""
    path = tmp_path / "centre.toml"
    path.write_text(GOOD.replace("[broker]", 'panels = "shown"\n[broker]'))
    assert load(path).panels == tmp_path / "shown"


PRODUCTION = GOOD.replace('"development"', '"production"').replace("dev1", "hall1")


def test_a_production_configuration_is_read(tmp_path: Path) -> None:
    """The mode is known to whoever must behave otherwise then."""
    path = tmp_path / "centre.toml"
    path.write_text(PRODUCTION)
    assert load(path).mode == "production"
    path.write_text(GOOD)
    assert load(path).mode == "development"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[broker]", 'panels = "shown"\n[broker]', "centre.panels"),
        ("hall1", "dev1", "seal.dev1 is a development key"),
    ],
)
def test_what_is_for_developers_is_refused_in_production(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """No simulated displays, and no key that every developer has."""
    path = tmp_path / "centre.toml"
    path.write_text(PRODUCTION.replace(old, new))
    with pytest.raises(ConfigurationError, match=told):
        load(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("http_port = 8090", "http_prot = 8090", "unknown field `http_prot`"),
        ("http_port = 8090", "http_port = 0", "$.centre.http_port"),
        ("http_port = 8090", 'http_port = "8090"', "$.centre.http_port"),
        ('ca = "ca.pem"\n', "", "missing required field `ca`"),
        ("[seal]", "[sael]", "unknown field `sael`"),
        ('dev1 = "seal.pem"', "", "[seal] names no key"),
        ('"development"', '"play"', "$.mode"),
        ("[centre]", "[centre", "is not TOML"),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """The file and the key are named, with what to do; a misspelt key is never ignored."""
    path = tmp_path / "centre.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """Somebody who starts in an empty folder learns the command."""
    with pytest.raises(ConfigurationError, match="ow-provision dev --dir"):
        load(tmp_path / "centre.toml")

"""provisioning.identities: what is kept, what is made anew."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from provisioning.authority import LIFE, Uses
from provisioning.errors import IdentityError
from provisioning.folder import PUBLIC, Folder
from provisioning.identities import RENEW_BEFORE, Identities

CLIENT = Uses(client=True)


def _serial(folder: Folder, name: str) -> int:
    return x509.load_pem_x509_certificate((folder.path / f"{name}.pem").read_bytes()).serial_number


def test_keeps_what_is_good(folder: Folder, now: datetime) -> None:
    """A second run writes nothing for an identity that is good."""
    assert Identities.open(folder, now).ensure("pzh01-w01", CLIENT) is False
    assert folder.written == []


def test_renews_before_the_end_with_the_same_key(folder: Folder, now: datetime) -> None:
    """A certificate near its end is signed anew for the key that is there."""
    before = _serial(folder, "pzh01-w01"), folder.read("pzh01-w01.key")
    late = now + LIFE - RENEW_BEFORE + timedelta(hours=1)
    assert Identities.open(folder, late).ensure("pzh01-w01", CLIENT) is True
    assert folder.written == ["pzh01-w01.pem"]
    assert _serial(folder, "pzh01-w01") != before[0]
    assert folder.read("pzh01-w01.key") == before[1]


def test_certificate_without_its_key_is_made_anew(folder: Folder, now: datetime) -> None:
    """A power cut between key and certificate, or a lost key, is mended by the next run."""
    (folder.path / "pzh01-w01.key").unlink()
    (folder.path / "pzh01-w02.pem").unlink()
    identities = Identities.open(folder, now)
    identities.ensure("pzh01-w01", CLIENT)
    identities.ensure("pzh01-w02", CLIENT)
    assert folder.written == ["pzh01-w01.key", "pzh01-w01.pem", "pzh01-w02.pem"]


def test_foreign_certificate_is_replaced(folder: Folder, now: datetime) -> None:
    """A certificate that another authority signed is not good."""
    other = Folder(folder.path.parent / "other")
    other.make()
    Identities.create(other, now).ensure("pzh01-w01", CLIENT)
    for name in ("pzh01-w01.pem", "pzh01-w01.key"):
        (folder.path / name).write_bytes((other.path / name).read_bytes())
    assert Identities.open(folder, now).ensure("pzh01-w01", CLIENT) is True


def test_lost_authority_is_never_replaced(folder: Folder, now: datetime) -> None:
    """Without its key the authority is missed, not made anew: everybody trusts the old one."""
    (folder.path / "ca.key").unlink()
    with pytest.raises(IdentityError, match=r"ca\.key is missing; restore it"):
        Identities.create(folder, now)


def test_interrupted_first_run_is_completed(folder: Folder, now: datetime) -> None:
    """An authority's key without a certificate gets one; identities of that key stay good."""
    (folder.path / "ca.pem").unlink()
    identities = Identities.create(folder, now)
    assert identities.ensure("pzh01-w01", CLIENT) is False
    assert folder.written == ["ca.pem"]


def test_revoked_stays_until_asked(folder: Folder, now: datetime) -> None:
    """A revoked identity is replaced, key and all, only by somebody who says so."""
    key = folder.read("pzh01-w01.key")
    identities = Identities.open(folder, now)
    identities.revoke("pzh01-w01")
    assert identities.ensure("pzh01-w01", CLIENT) is False
    assert identities.ensure("pzh01-w01", CLIENT, replace_revoked=True) is True
    assert folder.read("pzh01-w01.key") != key
    assert _serial(folder, "pzh01-w01") not in identities.revocations().revoked


def test_revoking_keeps_earlier_revocations(folder: Folder, now: datetime) -> None:
    """The list grows: number by one, serials kept with their first moment."""
    first = now.replace(microsecond=0)
    later = first + timedelta(hours=1)
    serials = _serial(folder, "pzh01-w01"), _serial(folder, "pzh01-w02")
    Identities.open(folder, first).revoke("pzh01-w01")
    Identities.open(folder, later).revoke("pzh01-w02")
    Identities.open(folder, later).revoke("pzh01-w01")
    known = Identities.open(folder, later).revocations()
    assert dict(known.revoked) == {serials[0]: first, serials[1]: later}
    assert known.number == 4


def test_list_is_refreshed_before_it_is_stale(folder: Folder, now: datetime) -> None:
    """A list with 15 days left is left alone; with fewer it is written anew, revocations kept."""
    Identities.open(folder, now).revoke("pzh01-w01")
    folder.written.clear()
    Identities.open(folder, now + timedelta(days=14)).refresh_list()
    assert folder.written == []
    late = now + timedelta(days=16)
    Identities.open(folder, late).refresh_list()
    known = Identities.open(folder, late).revocations()
    assert folder.written == ["crl.pem"]
    assert set(known.revoked) == {_serial(folder, "pzh01-w01")}
    assert known.next_update > late + timedelta(days=29)


@pytest.mark.parametrize(
    ("name", "said"),
    [("ca.key", "no private key"), ("ca.pem", "no certificate"), ("crl.pem", "no revocation list")],
)
def test_broken_file_is_named(folder: Folder, now: datetime, name: str, said: str) -> None:
    """A file that is not what it should be is named, with what to do."""
    folder.write(name, b"garbage", mode=PUBLIC)
    with pytest.raises(IdentityError, match=f"{said}; restore it"):
        Identities.open(folder, now).refresh_list()

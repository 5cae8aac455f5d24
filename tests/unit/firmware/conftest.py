"""A clock that stands still until told, and a stamp whose seal can be opened again."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.outbox import Outbox
from firmware.seal import load_seal
from firmware.stamp import Stamp
from hal.events.envelope import Clock as Quality
from hal.events.envelope import Fact, SealedData, info_of
from hal.events.ids import new_ulid
from hal.events.topics import Branch

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


class StillClock:
    """Moves only by `pass_s`."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        self._ns = 1_000_000_000

    def pass_s(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._ns += int(seconds * 1e9)

    def now(self) -> datetime:
        return self._now

    def monotonic_ns(self) -> int:
        return self._ns

    def quality(self) -> Quality:
        return "synced"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def seal_key() -> X25519PrivateKey:
    return X25519PrivateKey.generate()


@pytest.fixture
def open_box(seal_key: X25519PrivateKey) -> Callable[[Fact, SealedData], bytes]:
    """Opens a box as the centre does, with the info of the fact it lies in."""

    def opened(fact: Fact, sealed: SealedData) -> bytes:
        box = base64.urlsafe_b64decode(sealed.box + "=" * (-len(sealed.box) % 4))
        return SUITE.decrypt(box, seal_key, info_of(fact))

    return opened


@pytest.fixture
def stamp(clock: StillClock, seal_key: X25519PrivateKey, tmp_path: Path) -> Stamp:
    public = tmp_path / "seal.pub.pem"
    public.write_bytes(
        seal_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return Stamp(Branch("pzh01", "pzh01-w03"), clock, load_seal("dev1", public))


@pytest.fixture
def new_id() -> Callable[[], str]:
    return lambda: new_ulid(1_795_000_000_000)


@pytest.fixture
def outbox(tmp_path: Path, new_id: Callable[[], str]) -> Outbox:
    return Outbox(tmp_path / "state" / "outbox.db", new_id)

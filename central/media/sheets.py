"""Sheets (文书) that wait to be printed or shown: sealed on the disk, opened for one terminal.

    sheets/{sha256}.{terminal}      one line that says which key, then the box

The hash is of the plain JSON, as the order names it. HPKE as for facts and pictures (ADR 0004): a
copied disk tells nothing without the centre's key. A sheet is made for its moment; after a day it
goes, within the hour in which others are made, and is made again if it is wanted again.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.ingest.keys import Unopenable
from hal.events.sheets import Sheet

KEEP_S = 86_400
SWEEP_S = 3_600
"""Not with every sheet: a day's are looked through, while a citizen and the writer wait."""
_MAGIC = "onewindow/sheet/1"
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
_NS_PER_S = 1_000_000_000


class Sheets:
    """One folder. Safe to use from several threads."""

    def __init__(self, folder: Path, keys: Mapping[str, X25519PrivateKey]) -> None:
        """Makes `folder` with its first sheet. `keys`: the centre's, by kid; the last one seals."""
        self._folder = folder
        self._keys = keys
        self._swept_ns = 0

    def keep(self, sheet: Sheet, terminal: str) -> str:
        """Seal it for `terminal`; its hash, as an order names it. Returns after the fsync.

        OSError if the disk does not take it: give no order then.
        """
        body = msgspec.json.encode(sheet)
        sha256 = hashlib.sha256(body).hexdigest()
        kid, key = next(reversed(list(self._keys.items())))
        box = _SUITE.encrypt(body, key.public_key(), _info(terminal, sha256))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._place(sha256, terminal)
        part = place.with_name(f".{place.name}.{os.getpid()}")
        with open(part, "wb", opener=_private) as file:
            file.write(f"{kid}\n".encode() + box)
            file.flush()
            os.fsync(file.fileno())
            newest_ns = os.fstat(file.fileno()).st_mtime_ns
        part.replace(place)
        if newest_ns - self._swept_ns >= SWEEP_S * _NS_PER_S:
            self._swept_ns = newest_ns
            self._drop_older(newest_ns - KEEP_S * _NS_PER_S)
        return sha256

    def read(self, sha256: str, terminal: str) -> bytes | None:
        """The plain JSON; None if there is no such sheet for this terminal. Unopenable."""
        try:
            packed = self._place(sha256, terminal).read_bytes()
        except FileNotFoundError:
            return None
        kid, _, box = packed.partition(b"\n")
        key = self._keys.get(kid.decode("ascii", "replace"))
        if key is None:
            raise Unopenable("unknown key")
        try:
            return _SUITE.decrypt(box, key, _info(terminal, sha256))
        except (InvalidTag, ValueError) as error:
            raise Unopenable("the box does not open") from error

    def _place(self, sha256: str, terminal: str) -> Path:
        return self._folder / f"{sha256}.{terminal}"

    def _drop_older(self, than_ns: int) -> None:
        for path in self._folder.iterdir():
            if path.stat().st_mtime_ns < than_ns:
                path.unlink(missing_ok=True)


def _info(terminal: str, sha256: str) -> bytes:
    """A box under another terminal's name or another hash does not open."""
    return "\n".join((_MAGIC, terminal, sha256)).encode()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

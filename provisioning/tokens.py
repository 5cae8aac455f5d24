"""Tokens of people and screens, and principals.json, which holds only their hashes."""

import hashlib
import secrets

import msgspec

from provisioning.errors import FolderError
from provisioning.folder import PRIVATE, Folder

FILE = "principals.json"
ROLES = ("kiosk", "teller", "hall", "auditor", "observer")
_TOKEN_BYTES = 32


class Principal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who may call the centre. `token_sha256` is in lower-case hex."""

    name: str
    role: str
    token_sha256: str


def ensure(folder: Folder, tellers: int = 1) -> None:
    """A token for each role, and its hash among the principals; other principals stay.

    The first teller is called `teller`, the others `teller2`, `teller3` and so on.
    """
    known = _load(folder)
    names = {role: role for role in ROLES}
    names |= {f"teller{number}": "teller" for number in range(2, tellers + 1)}
    wanted = {
        name: Principal(name, role, _hash(_token(folder, name))) for name, role in names.items()
    }
    kept = [principal for principal in known if principal.name not in wanted]
    principals = [*wanted.values(), *kept]
    if principals != known:
        text = msgspec.json.format(msgspec.json.encode(principals), indent=1)
        folder.write(FILE, text + b"\n", mode=PRIVATE)


def _token(folder: Folder, principal: str) -> bytes:
    name = f"{principal}.token"
    line = folder.read(name)
    if line is not None and line.strip():
        folder.close_to_others(name)
        return line.strip()
    token = secrets.token_urlsafe(_TOKEN_BYTES).encode()
    folder.write(name, token + b"\n", mode=PRIVATE)
    return token


def _hash(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()


def _load(folder: Folder) -> list[Principal]:
    text = folder.read(FILE)
    if text is None:
        return []
    try:
        return msgspec.json.decode(text, type=list[Principal])
    except msgspec.MsgspecError as error:
        raise FolderError(f"{folder.path / FILE}: {error}; mend the file.") from error

"""Who may call: names, roles and the hashes of their tokens. The tokens themselves are not here."""

import hashlib
import hmac
from typing import Literal

import msgspec

from central.service.context import Actor

Role = Literal["kiosk", "teller", "hall", "auditor", "observer"]

ANYBODY = frozenset({"kiosk", "teller", "hall", "auditor", "observer"})
TAKES_TICKETS = frozenset({"kiosk", "hall"})  # 取号机, 大厅管理
SERVES = frozenset({"teller"})  # 综合柜员
LOOKS_AFTER = frozenset({"hall", "auditor", "observer"})  # who sees what terminals log
TAKES_CARDS = frozenset({"teller", "hall"})
OPENS_DATA = frozenset({"auditor"})  # 稽核
OPENS_DOCUMENTS = frozenset({"teller", "auditor"})  # who decides by a document, and who checks


class Principal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of principals.json; `token_sha256` is lower-case hex."""

    name: str
    role: Role
    token_sha256: str


class Principals:
    """Finds who a token belongs to."""

    def __init__(self, known: list[Principal]) -> None:
        self._known = known

    def find(self, token: str) -> Actor | None:
        """The owner of `token`. Takes as long for a wrong token as for a right one."""
        found = None
        digest = hashlib.sha256(token.encode()).hexdigest()
        for principal in self._known:
            if hmac.compare_digest(digest, principal.token_sha256):
                found = Actor(principal.name, principal.role)
        return found

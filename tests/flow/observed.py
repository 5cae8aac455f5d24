"""What an observer has seen of the line, and what is in its boxes for who has the key."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.hazmat.primitives import hpke

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
Message = tuple[str, bytes]


def messages(file: bytes) -> Iterator[Message]:
    """Topic and payload of each whole line of a capture."""
    for line in file[: file.rfind(b"\n") + 1].decode().splitlines():
        topic, _, payload = line.partition(" ")
        yield topic, bytes.fromhex(payload)


def facts(seen: Iterable[Message]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Every fact, as it was sent and as it reads."""
    for topic, payload in seen:
        if topic.split("/")[4:5] == ["fact"]:
            yield payload, json.loads(payload)


def kind_of(type_: str) -> str:
    return type_.removeprefix("cn.onewindow.").removesuffix(".v1")


def box(fact: dict[str, Any]) -> bytes:
    """The sealed bytes of a personal fact."""
    text = fact["data"]["box"]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(seen: Iterable[Message], key: Any) -> Iterator[dict[str, Any]]:
    """The plain data of every personal fact, by the contract's recipe."""
    for _, fact in facts(seen):
        if fact["dataclass"] != "personal":
            continue
        names = ("source", "type", "id", "epoch", "sequence", "subject", "time")
        info = "\n".join(["onewindow/1", *(fact.get(name) or "" for name in names)])
        yield json.loads(SUITE.decrypt(box(fact), key, info.encode()))

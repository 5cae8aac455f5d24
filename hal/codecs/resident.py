"""The resident layout of an identity card's text, and the base reply that carries it.

Source: docs/protocols/resident-id-reader.md, "The 256 bytes of text"; GA/T 467-2019;
GB/T 2261.1 (sex), GB/T 3304 (nation).
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from hal.errors import DeviceRefused, WireError
from hal.events.facts import IdentityRead
from hal.identity_number import Number, read

TEXT_SIZE, PHOTO_SIZE = 256, 1024
_TYPE_AT = slice(248, 250)
_RESIDENT = " "
LONG = "long"

# (offset, length) in bytes of UTF-16LE.
_FIELDS = {
    "name": (0, 30),
    "sex": (30, 2),
    "nation": (32, 4),
    "birth": (36, 16),
    "address": (52, 70),
    "number": (122, 36),
    "issuer": (158, 30),
    "from": (188, 16),
    "until": (204, 16),
}
_SEXES = frozenset("0129")
_NATIONS = {f"{number:02d}" for number in range(1, 57)} | {"97", "98"}


@dataclass(frozen=True)
class Base:
    """The parts of a base reply; `fingerprint` is empty when the card or the module has none."""

    text: bytes
    photo: bytes
    fingerprint: bytes


def split_base(data: bytes) -> Base:
    """Take apart what follows the status of a read reply: lengths, then the parts.

    Two lengths stand first (read base), or three (base and fingerprint, of which the last may be
    0). WireError when they do not add up.
    """
    for count in (2, 3):
        lengths = [int.from_bytes(data[2 * n : 2 * n + 2], "big") for n in range(count)]
        if lengths[:2] == [TEXT_SIZE, PHOTO_SIZE] and sum(lengths) + 2 * count == len(data):
            text_end = 2 * count + TEXT_SIZE
            photo_end = text_end + PHOTO_SIZE
            return Base(data[2 * count : text_end], data[text_end:photo_end], data[photo_end:])
    raise WireError(f"the lengths of a read reply of {len(data)} bytes do not add up")


def identity(base: Base, today: date) -> IdentityRead:
    """The document in `base`. DeviceRefused for a layout that this version does not read."""
    if len(base.text) != TEXT_SIZE:
        raise WireError(f"the text has {len(base.text)} bytes, not {TEXT_SIZE}")
    kind = _text(base.text[_TYPE_AT])
    if kind not in ("", _RESIDENT):
        raise DeviceRefused(f"documents of type {kind!r} cannot be read yet", remedy="clear")
    fields = {name: _text(base.text[at : at + size]) for name, (at, size) in _FIELDS.items()}
    until = _until(fields["until"])
    number = read(fields["number"], today)
    return IdentityRead(
        document="resident",
        name=fields["name"],
        number=fields["number"],
        birth_date=_date(fields["birth"]),
        valid_from=_date(fields["from"]),
        valid_until=until,
        number_valid=_agrees(number, fields),
        expired=until != LONG and date.fromisoformat(until) < today,
        fingerprint_present=bool(base.fingerprint.strip(b"\0")),
        photo_hash=hashlib.sha256(base.photo).hexdigest(),
        sex=_code(fields["sex"], _SEXES, "sex"),
        nation=_code(fields["nation"], _NATIONS, "nation"),
        address=fields["address"],
        issuer=fields["issuer"],
    )


def _agrees(number: object, fields: dict[str, str]) -> bool:
    """Whether the number is possible and says the same birth date as the card."""
    return isinstance(number, Number) and f"{number.birth_date:%Y%m%d}" == fields["birth"]


def _text(field: bytes) -> str:
    try:
        return field.decode("utf-16-le").rstrip(" \0\u3000")
    except UnicodeDecodeError as error:
        raise WireError("a text field is not UTF-16") from error


def _date(text: str) -> str:
    """`YYYYMMDD` as the card prints it → `YYYY-MM-DD`."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])).isoformat()
    except ValueError as error:
        raise WireError("a date field is no date") from error


def _until(text: str) -> str:
    return LONG if text == "长期" else _date(text)


def _code(text: str, known: frozenset[str] | set[str], what: str) -> str:
    if text not in known:
        raise WireError(f"the {what} code is not of the standard")
    return text

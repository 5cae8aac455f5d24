"""The basic data of a social-security card (社会保障卡): commands, status words, records.

Source: docs/protocols/social-security-card.md (LD/T 32-2015). Reading only: no command here can
change the card. VERIFY is never sent, since it burns the holder's tries, and the bank's
application is never selected. The card is not trusted: every loop and length is bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import Final

from hal.codecs import gb18030
from hal.errors import DeviceRefused, WireError
from hal.events.facts import CardRead
from hal.names import stored

SCHEME: Final = "social_security"
APPLICATION: Final = "sx1.sh.社会保障".encode("gbk")
MAX_REPLY: Final = 258  # 256 bytes of data and the status word: a short APDU's most
MAX_STEPS: Final = 4  # commands for one answer: itself, with the card's Le, and twice the rest

Exchange = Callable[[bytes], bytes]
"""One command to the card, its whole answer back: data and the two bytes of the status word."""

_WITH_LE_ONLY = 5  # bytes of a command that has Le and no data
_ATR_HEAD = bytes.fromhex("3B6D0000")
_ATR_SIZE = 17
_FILLERS = (b"\x00", b"\xff")
_FILLING = b"\0\xff "
_SEXES = frozenset(b"0129") | {0, 1, 2, 9}


class StatusWord(IntEnum):
    """SW1 SW2 of ISO/IEC 7816-4, as far as this application answers with them."""

    DONE = 0x9000
    NOT_ALLOWED = 0x6982
    NO_FILE = 0x6A82
    NO_RECORD = 0x6A83
    WRONG_PARAMETERS = 0x6A86


_NOT_HERE = frozenset({StatusWord.NO_FILE, StatusWord.NO_RECORD, StatusWord.WRONG_PARAMETERS})
_MORE = 0x61  # SW2 more bytes wait for GET RESPONSE
_WRONG_LE = 0x6C  # SW2 is the Le to ask with


@dataclass(frozen=True)
class File:
    """An elementary file: its identifier, and P2 of a read by tag through its short identifier."""

    identifier: int
    p2: int
    sizes: dict[int, int]
    """tag → bytes of its value."""


_NAME, _NAME_EXTENSION, _CARD_NUMBER = 0x09, 0x4E, 0x07
EF05 = File(0xEF05, 0x28, {0x01: 16, 0x03: 4, 0x04: 12, 0x05: 4, 0x06: 4, 0x07: 9})
EF06 = File(0xEF06, 0x30, {0x08: 18, 0x09: 30, 0x4E: 20, 0x0A: 1, 0x0B: 1, 0x0C: 3, 0x0D: 4})


def atr_family(atr: bytes) -> str | None:
    """The scheme that an answer to reset belongs to, None where it says nothing known to us."""
    known = len(atr) == _ATR_SIZE and atr.startswith(_ATR_HEAD)
    return SCHEME if known else None


def select_application() -> bytes:
    return bytes((0x00, 0xA4, 0x04, 0x00, len(APPLICATION))) + APPLICATION


def select_file(identifier: int) -> bytes:
    return bytes((0x00, 0xA4, 0x02, 0x00, 0x02)) + identifier.to_bytes(2, "big")


def read_record(tag: int, p2: int, size: int) -> bytes:
    """By identifier, never by number: numbers moved between the generations of the card."""
    return bytes((0x00, 0xB2, tag, p2, size + 2))


def get_response(size: int) -> bytes:
    return bytes((0x00, 0xC0, 0x00, 0x00, size))


def ask(exchange: Exchange, command: bytes) -> tuple[bytes, int]:
    """Send `command`, follow 61xx and 6Cxx, give data and the last status word.

    WireError if the card's answer is no answer, or does not come to an end.
    """
    data = b""
    for _ in range(MAX_STEPS):
        reply = exchange(command)
        if not 2 <= len(reply) <= MAX_REPLY:
            raise WireError(f"the card answered {len(reply)} bytes", remedy="clear")
        data, sw1, sw2 = data + reply[:-2], reply[-2], reply[-1]
        if sw1 == _MORE:
            command = get_response(sw2)
        elif sw1 == _WRONG_LE and len(command) == _WITH_LE_ONLY:
            command = command[:-1] + bytes((sw2,))
        else:
            return data, sw1 << 8 | sw2
    raise WireError("the card's answer does not end", remedy="clear")


def read_card(exchange: Exchange) -> CardRead:
    """Read everything that the application gives without a key.

    DeviceRefused: the card is no social-security card, or will not be read. WireError: what it
    answered is not of the protocol. Both name tags and status words only, never what was read.
    """
    _select(exchange)
    values: dict[int, bytes] = {}
    withheld: list[str] = []
    for file in (EF05, EF06):
        _read_file(exchange, file, values, withheld)
    if not values and not withheld:
        raise WireError("the card has the application and no record in it", remedy="replace")
    if len(values) + len(withheld) < len(EF05.sizes) + len(EF06.sizes):
        _check_selection(exchange, values)
    return _card(values, withheld)


def _select(exchange: Exchange) -> None:
    reply = exchange(select_application())
    if not 2 <= len(reply) <= MAX_REPLY:
        raise WireError(f"the card answered {len(reply)} bytes", remedy="clear")
    status = int.from_bytes(reply[-2:], "big")
    # What waits after 61xx is the application's own description, which tells nothing needed.
    if status == StatusWord.DONE or status >> 8 == _MORE:
        return
    if status == StatusWord.NO_FILE:
        raise DeviceRefused("this is no social-security card", remedy="clear", code=status)
    raise DeviceRefused("the card will not be read", remedy="replace", code=status)


def _read_file(
    exchange: Exchange, file: File, values: dict[int, bytes], withheld: list[str]
) -> None:
    """Read by short identifier; where the first tag is not found so, in the selected file."""
    p2, selected = file.p2, False
    for tag, size in file.sizes.items():
        data, status = ask(exchange, read_record(tag, p2, size))
        if status in _NOT_HERE and not selected and not values.keys() & file.sizes.keys():
            selected = True
            if ask(exchange, select_file(file.identifier))[1] == StatusWord.DONE:
                p2 = 0x00
                data, status = ask(exchange, read_record(tag, p2, size))
        if status == StatusWord.DONE:
            values[tag] = _value(data, tag, size)
        elif status == StatusWord.NOT_ALLOWED:
            withheld.append(f"{tag:02X}")
        elif status not in _NOT_HERE:
            raise WireError(f"tag {tag:02X} cannot be read", remedy="clear", code=status)


def _check_selection(exchange: Exchange, values: dict[int, bytes]) -> None:
    """Whether what was not found is absent, or the card lost its selection, as by a bad contact."""
    for tag in list(values)[:1]:
        file = EF05 if tag in EF05.sizes else EF06
        again: dict[int, bytes] = {}
        _read_file(exchange, replace(file, sizes={tag: file.sizes[tag]}), again, [])
        if again != {tag: values[tag]}:
            raise WireError("the card was reset while it was read", remedy="clear")


def _value(record: bytes, tag: int, size: int) -> bytes:
    """What one record holds: tag, length, value, and nothing behind it.

    A card number may be longer than is asked for; then its first bytes are the number.
    """
    if len(record) >= 2 and record[0] == tag:
        value = record[2:]
        if tag == _CARD_NUMBER and record[1] > size <= len(value) <= record[1]:
            return value[:size]
        if record[1] == len(value) <= size:
            return value
    raise WireError(f"the record of tag {tag:02X} is malformed", remedy="replace")


def _card(values: dict[int, bytes], withheld: list[str]) -> CardRead:
    fields = {tag: value for tag, value in values.items() if not _is_blank(value, tag)}
    identifier = fields.get(0x01)
    version = _text(fields, 0x03)
    name, name_extension = _names(fields)
    return CardRead(
        scheme=SCHEME,
        generation=version[0] if version and version[0].isdecimal() else None,
        card_number=_text(fields, 0x07),
        social_security_number=_text(fields, 0x08),
        name=name,
        name_extension=name_extension,
        sex=_sex(fields.get(0x0A)),
        nation=_digits(fields, 0x0B, 1),
        birth_date=_date(fields, 0x0D),
        birthplace=_digits(fields, 0x0C, 3),
        issuer=fields[0x04].hex().upper() if 0x04 in fields else None,
        issued_on=_date(fields, 0x05),
        valid_until=_date(fields, 0x06),
        area_code=_digits({0x01: identifier[:3]}, 0x01, 3) if identifier else None,
        withheld=withheld,
    )


def _is_blank(value: bytes, tag: int) -> bool:
    """Whether the issuer left the record empty; a sex of 0 is said, and no blank."""
    return tag != 0x0A and any(not value.strip(filler) for filler in _FILLERS)


def _text(fields: dict[int, bytes], tag: int) -> str | None:
    if tag not in fields:
        return None
    try:
        text = fields[tag].rstrip(_FILLING).decode("ascii")
    except UnicodeDecodeError:
        # Not chained: the codec's own error carries the bytes, which are personal.
        raise _no_text(tag) from None
    if not text.isprintable():
        raise _no_text(tag)
    return text or None


def _names(fields: dict[int, bytes]) -> tuple[str | None, str | None]:
    """The name, and its extension, where it goes on: if need be from within a character."""
    decoder = gb18030.Decoder()
    name, extension = (_name(decoder, fields, tag) for tag in (_NAME, _NAME_EXTENSION))
    return name, extension


def _name(decoder: gb18030.Decoder, fields: dict[int, bytes], tag: int) -> str | None:
    """A full field may end within a character, which is left out where nothing follows."""
    value = fields.get(tag, b"").rstrip(_FILLING)
    try:
        text = decoder.decode(value, final=0 < len(value) < EF06.sizes[tag])
    except UnicodeDecodeError:
        raise _no_text(tag) from None
    if not gb18030.is_text(text):
        raise _no_text(tag)
    return stored(text) or None


def _no_text(tag: int) -> WireError:
    return WireError(f"tag {tag:02X} is no text", remedy="replace")


def _digits(fields: dict[int, bytes], tag: int, size: int) -> str | None:
    if tag not in fields:
        return None
    digits = fields[tag].hex()
    if len(fields[tag]) != size or not digits.isdecimal():
        raise WireError(f"tag {tag:02X} is no BCD", remedy="replace")
    return digits


def _date(fields: dict[int, bytes], tag: int) -> str | None:
    """BCD `YYYYMMDD` → `YYYY-MM-DD`."""
    digits = _digits(fields, tag, 4)
    if digits is None:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        raise WireError(f"tag {tag:02X} is no date", remedy="replace") from None


def _sex(value: bytes | None) -> str | None:
    """The code of GB/T 2261.1; cards hold the character, some the number itself."""
    if value is None:
        return None
    if len(value) != 1 or value[0] not in _SEXES:
        raise WireError("tag 0A is no sex code", remedy="replace")
    return chr(value[0]) if value[0] > 9 else str(value[0])

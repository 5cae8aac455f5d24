"""公民身份号码: is an 18-character identity number possible, and what does it say.

Source: GB 11643-1999 (structure, check character by ISO 7064 MOD 11-2). Residence permits of
people from Hong Kong, Macao (81, 82) and Taiwan (83) follow it; so do the 2017 and 2023 permanent
residence cards of foreigners, which start with 9 (National Immigration Administration samples).
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_LENGTH = 18
_FIRST_BIRTH = date(1880, 1, 1)
# First two digits of GB/T 2260: provinces, regions and municipalities.
_PROVINCES = frozenset(
    str(code)
    for codes in (
        range(11, 16), range(21, 24), range(31, 38), range(41, 47),
        range(50, 55), range(61, 66), (71, 81, 82, 83),
    )
    for code in codes
)  # fmt: skip


class NumberFault(Enum):
    """Why a number is impossible."""

    LENGTH = "not 18 characters"
    CHARACTERS = "other characters than digits and a final X"
    AREA = "no such area"
    BIRTH_DATE = "no such birth date"
    CHECK = "wrong check character"


class Kind(Enum):
    """Who bears such a number."""

    RESIDENT = "resident"  # 居民
    HONG_KONG = "hong_kong"  # 香港居民居住证
    MACAO = "macao"  # 澳门居民居住证
    TAIWAN = "taiwan"  # 台湾居民居住证
    FOREIGNER = "foreigner"  # 外国人永久居留身份证


_SPECIAL = {"81": Kind.HONG_KONG, "82": Kind.MACAO, "83": Kind.TAIWAN}


@dataclass(frozen=True)
class Number:
    """What a possible number says. `sex` is the GB/T 2261.1 code "1" or "2"."""

    kind: Kind
    birth_date: date
    sex: str


def check_character(first_17: str) -> str:
    """The 18th character for 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECK[total % 11]


def read(number: str, today: date) -> Number | NumberFault:
    """Take a number apart, or say why it is impossible. A birth date after `today` is."""
    if len(number) != _LENGTH:
        return NumberFault.LENGTH
    digits, check = number[:-1], number[-1]
    if not (digits.isascii() and digits.isdigit() and check in _CHECK):
        return NumberFault.CHARACTERS
    foreign = digits[0] == "9"
    if not foreign and digits[:2] not in _PROVINCES:
        return NumberFault.AREA
    birth = _birth_date(digits[6:14], today)
    if birth is None:
        return NumberFault.BIRTH_DATE
    if check_character(digits) != check:
        return NumberFault.CHECK
    kind = Kind.FOREIGNER if foreign else _SPECIAL.get(digits[:2], Kind.RESIDENT)
    return Number(kind, birth, "1" if int(digits[16]) % 2 else "2")


def _birth_date(text: str, today: date) -> date | None:
    try:
        birth = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return birth if _FIRST_BIRTH <= birth <= today else None

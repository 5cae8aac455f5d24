"""公民身份号码 and its like: is an identity number possible, and what does it say.

Source: docs/protocols/resident-id-reader.md, "The number". 18 characters by GB 11643-1999 (check
character by ISO 7064 MOD 11-2): residents, residence permits of people from Hong Kong, Macao and
Taiwan, and foreigners' cards since 2023, which start with 9. 15 characters: foreigners' cards of
2017 (check digit as in ICAO Doc 9303). Numbers of 15 digits are of no valid card any more.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_LENGTH, _LENGTH_2017 = 18, 15
_FORM = re.compile(r"[0-9]{17}[0-9X]")
_FORM_2017 = re.compile(r"[A-Z]{3}[0-9]{12}")
_WEIGHTS_2017 = (7, 3, 1)
_FIRST_BIRTH = date(1880, 1, 1)
_CENTURIES = (2000, 1900)
# First two digits of GB/T 2260: provinces, regions and municipalities.
_PROVINCES = frozenset(
    str(code)
    for codes in (
        range(11, 16), range(21, 24), range(31, 38), range(41, 47),
        range(50, 55), range(61, 66), (71,),
    )
    for code in codes
)  # fmt: skip


class NumberFault(Enum):
    """Why a number is impossible."""

    LENGTH = "neither 18 nor 15 characters"
    CHARACTERS = "other characters than such a number has"
    AREA = "no such area"
    BIRTH_DATE = "no such birth date"
    CHECK = "wrong check character"


class Kind(Enum):
    """Who bears such a number."""

    RESIDENT = "resident"  # 居民
    HONG_KONG = "hong_kong"  # 香港居民居住证
    MACAO = "macao"  # 澳门居民居住证
    TAIWAN = "taiwan"  # 台湾居民居住证
    FOREIGN_2017 = "foreign_2017"  # 外国人永久居留身份证, 15 characters
    FOREIGN_2023 = "foreign_2023"  # the same since 2023, 18 characters


_PERMITS = {"810000": Kind.HONG_KONG, "820000": Kind.MACAO, "830000": Kind.TAIWAN}


@dataclass(frozen=True)
class Number:
    """What a possible number says. `sex` is the GB/T 2261.1 code "1" or "2", None if not said.

    A number of 15 characters has two digits of the year: `birth_date` is then the latest possible.
    """

    kind: Kind
    birth_date: date
    sex: str | None

    def fits(self, birth: date) -> bool:
        """Whether somebody born on `birth` can bear it."""
        if self.kind is not Kind.FOREIGN_2017:
            return birth == self.birth_date
        return f"{birth:%y%m%d}" == f"{self.birth_date:%y%m%d}" and birth <= self.birth_date


def check_character(first_17: str) -> str:
    """The 18th character for 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECK[total % 11]


def check_digit_2017(first_14: str) -> str:
    """The 15th character for three letters and eleven digits: weights 7 3 1, A is 10."""
    total = sum(int(each, 36) * _WEIGHTS_2017[at % 3] for at, each in enumerate(first_14))
    return str(total % 10)


def read(number: str, today: date) -> Number | NumberFault:
    """Take a number apart, or say why it is impossible. A birth date after `today` is."""
    if len(number) == _LENGTH_2017:
        return _read_2017(number, today)
    if len(number) != _LENGTH:
        return NumberFault.LENGTH
    if not _FORM.fullmatch(number):
        return NumberFault.CHARACTERS
    kind = _kind(number[:6])
    if kind is None:
        return NumberFault.AREA
    birth = _birth_date(int(number[6:10]), number[10:14], today)
    if birth is None:
        return NumberFault.BIRTH_DATE
    if check_character(number[:17]) != number[17]:
        return NumberFault.CHECK
    return Number(kind, birth, "1" if int(number[16]) % 2 else "2")


def _kind(area: str) -> Kind | None:
    """A foreigner's is 9, the province that took the application, the nationality in digits."""
    if area[0] == "9":
        return Kind.FOREIGN_2023 if area[1:3] in _PROVINCES else None
    return _PERMITS.get(area, Kind.RESIDENT if area[:2] in _PROVINCES else None)


def _read_2017(number: str, today: date) -> Number | NumberFault:
    """Nationality (3 letters), area (4), birth (YYMMDD), sequence (1), check (1)."""
    if not _FORM_2017.fullmatch(number):
        return NumberFault.CHARACTERS
    if number[3:5] not in _PROVINCES:
        return NumberFault.AREA
    years = [century + int(number[7:9]) for century in _CENTURIES]
    births = [_birth_date(year, number[9:13], today) for year in years]
    birth = next((each for each in births if each is not None), None)
    if birth is None:
        return NumberFault.BIRTH_DATE
    if check_digit_2017(number[:14]) != number[14]:
        return NumberFault.CHECK
    return Number(Kind.FOREIGN_2017, birth, None)


def _birth_date(year: int, month_day: str, today: date) -> date | None:
    try:
        birth = date(year, int(month_day[:2]), int(month_day[2:]))
    except ValueError:
        return None
    return birth if _FIRST_BIRTH <= birth <= today else None

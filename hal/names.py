"""How names of people are kept and compared.

Source: the process of the hall, "Names". The dot between the parts of a minority name is U+00B7
(民委发〔2016〕33号; JR/T 0253-2022, 6.1.4: U+00B7, GB 18030 A1A4); people and systems write six
others for it.
"""

import re
import unicodedata
from typing import Final

from hal.codecs import gb18030

DOT: Final = "\u00b7"
VARIANTS: Final = "\u2022\u2027\u30fb\uff65.\uff0e"
_DOTS = str.maketrans(dict.fromkeys(VARIANTS, DOT))
# Beside ASCII a full stop is one: J. DOE.
_BETWEEN_CHARACTERS = re.compile(rf"(?<![\x00-\x7f])[{re.escape(VARIANTS)}](?![\x00-\x7f])")


def stored(name: str) -> str:
    """The name as it is kept: the dot of its parts U+00B7, the characters of GB 18030-2022."""
    return _BETWEEN_CHARACTERS.sub(DOT, gb18030.present(name))


def comparable(name: str) -> str:
    """What is the same for two spellings of one name. Not to be shown or kept."""
    text = unicodedata.normalize("NFC", gb18030.present(name)).translate(_DOTS)
    return "".join(text.split())

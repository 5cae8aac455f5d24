"""What the third status byte of a SAM module says: whose fault it is, and what to do about it.

Source: docs/protocols/resident-id-reader.md, "Frames"; GA/T 467-2019. Every status has a typed
error, its remedy as a word of XFS, and a sentence in Chinese and English for people.
"""

from dataclasses import dataclass
from enum import IntEnum

from hal.errors import DeviceError, DeviceLost, DeviceRefused, WireError
from hal.events.status import Remedy


class Status(IntEnum):
    """SW3, the byte that says what happened."""

    DONE = 0x90
    NOTHING_THERE = 0x91
    FOUND = 0x9F
    CHECKSUM = 0x10
    LENGTH = 0x11
    COMMAND = 0x21
    NO_RIGHT = 0x23
    UNKNOWN = 0x24
    AUTHENTICATION_CARD = 0x31
    AUTHENTICATION_MODULE = 0x32
    VERIFICATION = 0x33
    FINGERPRINT = 0x37
    FIELD_LENGTH = 0x3F
    UNKNOWN_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM = 0x47
    SELF_TEST = 0x60
    NOT_AUTHORISED = 0x66
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81


@dataclass(frozen=True)
class Advice:
    """Who must do what: the kind of error, the word of XFS, and the words for people."""

    kind: type[DeviceError]
    remedy: Remedy
    zh: str
    en: str


_LAY_AGAIN = Advice(
    DeviceRefused, "clear", "请拿起证件，重新放置", "lift the card and lay it again"
)
_OTHER_DOCUMENT = Advice(
    DeviceRefused, "clear", "请出示其他证件", "show another document"
)  # fmt: skip
_CABLE = Advice(WireError, "maintain", "请检查读卡器连线", "check the reader's cable")
_POWER = Advice(DeviceLost, "reset", "请将读卡器断电重启", "switch the reader off and on")
_REPLACE = Advice(DeviceLost, "replace", "请更换读卡器", "replace the reader")
_MAINTAIN = Advice(DeviceLost, "maintain", "请联系技术员", "call a technician")


@dataclass(frozen=True)
class Meaning:
    """`cause` in English is the error's; both languages are for people."""

    zh: str
    cause: str
    advice: Advice


_MEANING: dict[Status, Meaning] = {
    Status.NOTHING_THERE: Meaning(
        "卡内无此项内容", "the card has nothing of this kind", _LAY_AGAIN
    ),
    Status.CHECKSUM: Meaning("指令校验错误", "the module received a wrong checksum", _CABLE),
    Status.LENGTH: Meaning("指令长度错误", "the module received a wrong length", _CABLE),
    Status.COMMAND: Meaning(
        "读卡器不支持此指令", "the module does not know the command", _LAY_AGAIN
    ),
    Status.NO_RIGHT: Meaning("读卡器无此权限", "the module has no right to do this", _MAINTAIN),
    Status.UNKNOWN: Meaning("读卡器未知错误", "the module reports an unknown error", _LAY_AGAIN),
    Status.AUTHENTICATION_CARD: Meaning(
        "证件认证失败", "the card did not prove itself to the module", _OTHER_DOCUMENT
    ),
    Status.AUTHENTICATION_MODULE: Meaning(
        "读卡器认证失败", "the module did not prove itself to the card", _MAINTAIN
    ),
    Status.VERIFICATION: Meaning(
        "证件信息验证失败", "the card's data failed verification", _OTHER_DOCUMENT
    ),
    Status.FINGERPRINT: Meaning("指纹读取失败", "the fingerprint could not be read", _LAY_AGAIN),
    Status.FIELD_LENGTH: Meaning(
        "证件信息长度错误", "a field of the card has a wrong length", _LAY_AGAIN
    ),
    Status.UNKNOWN_CARD: Meaning(
        "无法识别的证件", "the card is of an unknown kind", _OTHER_DOCUMENT
    ),
    Status.READ_FAILED: Meaning("读取证件失败", "the card could not be read", _LAY_AGAIN),
    Status.RANDOM: Meaning("读卡器随机数错误", "the module's random numbers failed", _POWER),
    Status.SELF_TEST: Meaning("读卡器自检失败", "the module failed its self-test", _REPLACE),
    Status.NOT_AUTHORISED: Meaning("读卡器未经授权", "the module is not authorised", _REPLACE),
    Status.FIND_FAILED: Meaning("未找到新证件", "no new card on the reader", _LAY_AGAIN),
    Status.SELECT_FAILED: Meaning("选取证件失败", "the card could not be selected", _LAY_AGAIN),
}
_OUT_OF_TURN = Meaning("读卡器应答错乱", "the module answered out of turn", _CABLE)
_UNLISTED = Meaning(
    "读卡器返回未知状态", "the module answered a status that is not listed", _LAY_AGAIN
)
ASK_AGAIN = frozenset({Status.CHECKSUM, Status.LENGTH})
"""The module did not understand what was sent: the command may be sent once more."""


def meaning(sw3: int) -> Meaning:
    """What a status says where it is no success. Never fails: a newer module may say anything."""
    try:
        return _MEANING.get(Status(sw3), _OUT_OF_TURN)
    except ValueError:
        return _UNLISTED


def error_of(sw3: int) -> DeviceError:
    """A status that is no success as an error, with the byte as its code.

    DeviceRefused: the person lays the card again, or shows another. WireError: send the command
    again. DeviceLost: the module itself is at fault; reopen, then a technician.
    """
    found = meaning(sw3)
    advice = found.advice
    return advice.kind(found.cause, remedy=advice.remedy, code=sw3, words=words(sw3))


def words(sw3: int) -> tuple[str, str]:
    """What people are told, in Chinese and English: the cause, then the remedy."""
    found = meaning(sw3)
    return f"{found.zh}，{found.advice.zh}", f"{found.cause}; {found.advice.en}"

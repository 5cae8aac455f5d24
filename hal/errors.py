"""What can go wrong with a device, and what the caller must do about it.

DeviceError            carries the device's own facts, and a remedy for people
├── DeviceLost         the worker has ended: close, wait, open again
├── DeviceRefused      the device answered "no": tell the person, go on polling
└── WireError          bytes that are not of the protocol: counted, resynchronised, go on
ConfigurationError     the configuration is wrong: say so and stop (exit code 3)
"""

from hal.events.status import Remedy

REMEDIES: dict[Remedy, tuple[str, str]] = {
    "reset": ("请检查连线或重新插拔", "check the cable, or unplug and plug in again"),
    "configure": ("未找到设备,请检查端口配置", "not found: check the port in the configuration"),
    "clear": ("请重新放置", "lay it again"),
    "maintain": ("请联系技术员", "call a technician"),
    "replace": ("请更换设备", "replace the device"),
    "none": ("正常", "good"),
}
"""Each remedy in Chinese and English, for who stands there."""
TRY_AGAIN = ("请重试", "try again")


class DeviceError(Exception):
    """A device did not do what it should. `remedy` is a word of XFS4IoT for the technician.

    `words` say what to do in Chinese and English: the device's own, or those of the remedy.
    """

    def __init__(
        self,
        cause: str,
        *,
        remedy: Remedy = "none",
        code: int | None = None,
        words: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.code = code
        self.words = words or (TRY_AGAIN if remedy == "none" else REMEDIES[remedy])


class DeviceLost(DeviceError):
    """The device is gone or unusable; its worker has ended. Close it and open it again later."""


class DeviceRefused(DeviceError):
    """The device answered that it cannot. The person should try again; the device still works."""


class WireError(DeviceError):
    """Bytes outside the protocol. The codec has resynchronised; nothing needs to be reopened."""


class ConfigurationError(Exception):
    """A sentence that says which key is wrong and what to write instead."""

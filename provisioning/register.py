"""register.json: which terminals there are, where each stands, and who may observe.

The centre believes a fact only if its site is the one this register holds for its terminal.
"""

import re

import msgspec

from provisioning.authority import check_name
from provisioning.errors import FolderError, UsageError
from provisioning.folder import PUBLIC, Folder

FILE = "register.json"
_LAST_NUMBER = re.compile(r"(\d{1,3})$")


class Terminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One window (窗口) and the terminal that stands there."""

    terminal: str
    site: str
    window: int


class Register(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file. A name belongs to one terminal or one observer, for ever."""

    terminals: list[Terminal] = []
    observers: list[str] = []

    def add_terminal(self, name: str, site: str) -> bool:
        """Register a terminal; False if it is there already. UsageError if the name is taken."""
        check_name(site)
        if name in self.observers:
            raise UsageError(f"{name} is an observer; give the terminal another name.")
        for known in self.terminals:
            if known.terminal == name:
                if known.site != site:
                    raise UsageError(f"{name} stands at {known.site}; pass --site {known.site}.")
                return False
        self.terminals.append(Terminal(name, site, self._window(name, site)))
        return True

    def add_observer(self, name: str) -> bool:
        """Register an observer; False if it is there already. UsageError if the name is taken."""
        if any(known.terminal == name for known in self.terminals):
            raise UsageError(f"{name} is a terminal; give the observer another name.")
        if name in self.observers:
            return False
        self.observers.append(name)
        return True

    def _window(self, name: str, site: str) -> int:
        """The number the name ends in (w03 → 3) where it is free, else the lowest free one."""
        taken = {known.window for known in self.terminals if known.site == site}
        match = _LAST_NUMBER.search(name)
        wished = int(match[1]) if match else 0
        if wished > 0 and wished not in taken:
            return wished
        return next(number for number in range(1, len(taken) + 2) if number not in taken)


def load(folder: Folder) -> Register:
    """The register of the folder, empty where there is none; FolderError if it is broken."""
    text = folder.read(FILE)
    if text is None:
        return Register()
    try:
        return msgspec.json.decode(text, type=Register)
    except msgspec.MsgspecError as error:
        raise FolderError(f"{folder.path / FILE}: {error}; mend the file.") from error


def save(folder: Folder, register: Register) -> None:
    text = msgspec.json.format(msgspec.json.encode(register), indent=1)
    folder.write(FILE, text + b"\n", mode=PUBLIC)

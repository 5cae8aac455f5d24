"""Who may write and read which topic, as Mosquitto's ACL file.

A certificate's CN is the name (`%u`). Mosquitto offers `pattern` rules to every name, also to
the centre and to observers, and looks at a name's denials first: so each of these is denied the
branch that would be its own if it were a terminal.
Source: the contract between terminal and centre, version 1, "Topics"; mosquitto.conf(5), acl_file.
"""

from collections.abc import Iterable

from hal.events.topics import CENTRE_STATE, ROOT, valid_name

CENTRE = "centre"

_TOLD = ("state", "about", "device/#", "fact/#", "health", "log/#")
_HEARD = ("order/#", "receipt")


def rules(observers: Iterable[str]) -> str:
    """The text of the ACL file. `observers` read the whole hall and write nothing."""
    sections = [_terminals(), _centre(), *(_observer(name) for name in sorted(observers))]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _terminals() -> list[str]:
    own = f"{ROOT}/+/%u"
    return [
        *(f"pattern write {own}/{part}" for part in _TOLD),
        *(f"pattern read {own}/{part}" for part in _HEARD),
        f"pattern read {CENTRE_STATE}",
    ]


def _centre() -> list[str]:
    return [
        f"user {CENTRE}",
        f"topic deny {ROOT}/+/{CENTRE}/#",
        *(f"topic read {ROOT}/+/+/{part}" for part in _TOLD),
        *(f"topic write {ROOT}/+/+/{part}" for part in _HEARD),
        f"topic write {CENTRE_STATE}",
    ]


def _observer(name: str) -> list[str]:
    if not valid_name(name) or name == CENTRE:
        raise ValueError(f"{name!r} cannot be an observer's name")
    return [
        f"user {name}",
        f"topic deny {ROOT}/+/{name}/#",
        f"topic read {ROOT}/#",
    ]

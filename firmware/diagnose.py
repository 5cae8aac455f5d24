"""What is wrong with a terminal, and what to do: while it runs, and while it does not.

Each part is looked at by itself, so that one that fails hides no other.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware import config
from firmware.config import Configuration
from firmware.diagnosis import bundle, devices, identity, line, state
from firmware.diagnosis.devices import Told, by_page
from firmware.diagnosis.finding import Finding, bad, good
from hal.clock import Clock
from hal.errors import ConfigurationError


def diagnose(path: Path, clock: Clock, told: Told | None = None) -> list[Finding]:
    """Look at all parts of the terminal that the file at `path` describes. Takes some seconds.

    `told`: how its devices are, when the caller is the terminal itself.
    """
    try:
        configuration = config.read(path)
    except ConfigurationError as error:
        return [
            bad("configuration", str(error), "请按提示修改配置文件", "correct the file as it says")
        ]
    return [good("configuration", f"{path} can be read"), *_look(configuration, clock, told)]


def _look(configuration: Configuration, clock: Clock, told: Told | None) -> list[Finding]:
    def ask() -> Told:
        return told or (lambda: by_page(configuration))

    looks: dict[str, Callable[[], Finding | Sequence[Finding]]] = {
        "terminal": lambda: state.terminal(configuration),
        "keys": lambda: identity.keys(configuration),
        "certificate": lambda: identity.certificate(configuration, clock),
        "clock": lambda: identity.time(clock),
        "disk": lambda: state.disk(configuration),
        "outbox": lambda: state.outbox(configuration),
        "spool": lambda: state.spool(configuration),
        "devices": lambda: devices.devices(configuration, clock, ask()),
        "usb": lambda: devices.unknown(configuration),
        "daemons": lambda: devices.daemons(configuration),
        "broker": lambda: line.broker(configuration),
        "centre": lambda: line.centre(configuration),
        "page": lambda: devices.page(configuration),
    }
    return [finding for part, look in looks.items() for finding in _findings(part, look)]


def _findings(part: str, look: Callable[[], Finding | Sequence[Finding]]) -> Sequence[Finding]:
    try:
        found = look()
    except Exception as error:  # noqa: BLE001  atop a part: the others must still be looked at
        what = f"cannot be looked at: {type(error).__name__}"
        return [bad(part, what, "请联系技术支持", "call support")]
    return [found] if isinstance(found, Finding) else found


def write(path: Path, packed: bytes) -> None:
    """Write the bundle for its owner only; OSError if it cannot be."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(packed)


def show(findings: Sequence[Finding]) -> None:
    """Print a table for the technician."""
    from rich.console import Console  # only people need it, and it is large
    from rich.table import Table

    colours = {"good": "green", "note": "yellow", "bad": "bold red"}
    table = Table(title="ow-terminal diagnose", show_lines=False)
    for heading in ("", "部件 part", "情况 what", "处理 remedy"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        remedy = "\n".join(way for way in (finding.remedy_zh, finding.remedy_en) if way)
        mark = f"[{colours[finding.state]}]{finding.state}[/]"
        table.add_row(mark, _plain(finding.part), _plain(finding.what), _plain(remedy))
    Console(emoji=False).print(table)


def _plain(words: str) -> str:
    """Without a meaning for rich, to which `[…]` is markup."""
    return words.replace("[", "\\[")


def run(path: Path, out: Path, log: Path | None, clock: Clock) -> int:
    """The command: a table, a bundle at `out`; 1 if anything is wrong."""
    findings = diagnose(path, clock)
    show(findings)
    try:
        write(out, bundle.pack(findings, path, log, clock.now()))
        print(f"bundle: {out}")
    except OSError as error:
        print(f"bundle: {out}: {error.strerror}; choose another --out.")
        return 1
    return 1 if any(finding.state == "bad" for finding in findings) else 0

"""The devices, the daemons below them, and the terminal's own page."""

import http.client
import json
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from firmware.config import Configuration, DeviceTable
from firmware.diagnosis.finding import Finding, bad, good, note
from firmware.diagnosis.state import running
from firmware.page.access import FILE
from firmware.redaction import text
from firmware.unconfigured import DEV, SYSFS, unconfigured
from hal.clock import Clock
from hal.errors import DeviceError
from hal.events.status import DeviceStatus, Remedy

TIMEOUT_S = 5.0
Told = Callable[[], Mapping[str, DeviceStatus] | None]
"""The devices as a running terminal last told them; None if it cannot be asked."""
_REMEDIES: dict[Remedy, tuple[str, str]] = {
    "reset": ("请检查连线或重新插拔", "check the cable, or unplug and plug in again"),
    "configure": ("请检查配置中的端口", "correct the port in the configuration"),
    "clear": ("请重新放置", "lay it again"),
    "maintain": ("请联系技术员", "call a technician"),
    "replace": ("请更换设备", "replace the device"),
    "none": ("请再试一次", "try again"),
}
_ADD = (
    "如需使用,请填写名称、选择驱动并加入配置",
    "to use it, fill in a name, choose the driver, and add the lines to the configuration",
)
_NO_DRIVER = ("没有适用的驱动", "no driver fits it")


def devices(configuration: Configuration, clock: Clock, told: Told) -> list[Finding]:
    """As a running terminal last told them; else each is opened once, which takes seconds."""
    if not running(configuration.terminal.state_dir):
        return [_tried(table, clock) for table in configuration.devices]
    known = told()
    if known is None:
        return [note("devices", "the terminal runs, but its page does not tell of its devices")]
    return [_as_told(table.name, known.get(table.name)) for table in configuration.devices]


def _tried(table: DeviceTable, clock: Clock) -> Finding:
    part, device = f"device {table.name}", table.spec.build(table.options, clock)
    try:
        device.open()
    except DeviceError as error:
        return bad(part, text(error.cause), *_REMEDIES[error.remedy])
    finally:
        device.close()
    return good(part, f"{table.spec.name} opens")


def _as_told(name: str, status: DeviceStatus | None) -> Finding:
    part = f"device {name}"
    if status is None:
        return note(part, "not heard of yet")
    if status.state in ("online", "busy", "starting"):
        return good(part, f"{status.state} since {status.since}")
    what = f"{status.state} since {status.since}"
    return bad(part, what, status.text_zh, status.text_en)


def unknown(configuration: Configuration, sysfs: Path = SYSFS, dev: Path = DEV) -> list[Finding]:
    """USB devices that nobody configured, each with the lines that would add it."""
    findings = []
    for each in unconfigured(configuration.devices, sysfs, dev):
        name = text(" ".join(filter(None, (each.usb_id, each.manufacturer, each.product))))
        lines = [way.toml for way in each.ways if way.toml]
        what = "\n".join([f"{name}: no device table names it", *lines])
        remedy = _ADD if lines else _NO_DRIVER
        findings.append(Finding(f"usb {each.place}", "note", what, *remedy))
    return findings


def by_page(configuration: Configuration) -> Mapping[str, DeviceStatus] | None:
    """Ask the running terminal's page on this machine; None if it does not answer."""
    page = configuration.page
    try:
        token = (configuration.terminal.state_dir / FILE).read_text(encoding="ascii").strip()
        connection = http.client.HTTPConnection(page.host, page.port, timeout=TIMEOUT_S)
        try:
            bearer = {"Authorization": f"Bearer {token}"}
            connection.request("GET", "/api/status", headers=bearer)
            answer = connection.getresponse()
            body = json.loads(answer.read()) if answer.status == http.HTTPStatus.OK else {}
        finally:
            connection.close()
        found = {line["device"]: msgspec.convert(line, DeviceStatus) for line in body["devices"]}
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    return found


def daemons(configuration: Configuration) -> list[Finding]:
    """Every unit that a device needs is active, as far as a service manager can be asked."""
    units = sorted({table.daemon for table in configuration.devices if table.daemon})
    return [_daemon(unit, configuration.recovery.systemctl) for unit in units]


def _daemon(unit: str, systemctl: Path) -> Finding:
    part = f"daemon {unit}"
    try:
        asked = subprocess.run(
            [str(systemctl), "is-active", unit],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return note(part, "there is no service manager to ask")
    state = asked.stdout.strip()
    if state in ("active", "activating", "reloading"):
        return good(part, state)
    if not state:
        return note(part, "the service manager does not answer")
    return bad(part, state, f"请执行 systemctl restart {unit}", f"run systemctl restart {unit}")


def page(configuration: Configuration) -> Finding:
    """The terminal's page answers, or could be opened."""
    host, port = configuration.page.host, configuration.page.port
    if port == 0:
        return note("page", "switched off by page.port = 0")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trying:
        trying.settimeout(TIMEOUT_S)
        try:
            trying.connect((host, port))
            taken = True
        except OSError:
            taken = False
    if running(configuration.terminal.state_dir) == taken:
        return good("page", f"{host}:{port} {'answers' if taken else 'is free'}")
    if taken:
        return bad(
            "page",
            f"another program has {host}:{port}",
            "请在配置中更换 page.port",
            "choose another page.port in the configuration",
        )
    return bad(
        "page",
        f"the terminal runs, but {host}:{port} does not answer",
        "请更换 page.port 并重启终端",
        "choose another page.port and restart the terminal",
    )

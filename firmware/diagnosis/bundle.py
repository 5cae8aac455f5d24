"""The findings on paper: a text, and a tar.gz to send to support. Nothing personal is in either."""

import io
import json
import platform
import sqlite3
import ssl
import tarfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from firmware.diagnosis.finding import Finding
from firmware.redaction import plain, text
from hal.clock import rfc3339

LAST_BYTES = 256 * 1024
"""So much of the end of a log is looked at."""
_PACKAGES = ("onewindow", "cryptography", "msgspec", "paho-mqtt", "pyscard", "pyserial", "pillow")
_SECRET = frozenset({"key", "password", "secret", "token", "pin"})
_FIXED = ("level", "where", "what")


def pack(findings: Sequence[Finding], config: Path, log: Path | None, now: datetime) -> bytes:
    """The bundle. What cannot be read of `config` and `log` is left out."""
    parts = {
        "report.json": report_json(findings, now),
        "report.txt": report_text(findings, now),
        "configuration.txt": configuration_text(config),
        "versions.json": json.dumps(versions(), indent=2) + "\n",
    }
    if log is not None:
        parts["log.jsonl"] = log_lines(log)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, words in parts.items():
            body = words.encode()
            about = tarfile.TarInfo(f"diagnosis/{name}")
            about.size, about.mtime, about.mode = len(body), int(max(0, now.timestamp())), 0o600
            archive.addfile(about, io.BytesIO(body))
    return packed.getvalue()


def report_json(findings: Sequence[Finding], now: datetime) -> str:
    told = {"at": rfc3339(now), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def report_text(findings: Sequence[Finding], now: datetime) -> str:
    """One line each, and the remedies below what is bad."""
    lines = [f"diagnosis of {rfc3339(now)}"]
    for finding in findings:
        lines.append(f"{finding.state:5} {finding.part:22} {finding.what}")
        lines += [f"{'':29}{way}" for way in (finding.remedy_zh, finding.remedy_en) if way]
    return "\n".join(lines) + "\n"


def configuration_text(config: Path) -> str:
    """`key = value` for each key of the file; comments and secrets are left out."""
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""
    return "".join(f"{key} = {value}\n" for key, value in _flat("", table))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        elif key.lower() in _SECRET:
            yield prefix + key, "‹left out›"
        else:
            yield prefix + key, json.dumps(_without_user(value), ensure_ascii=False, default=str)


def _without_user(value: object) -> object:
    """An address without the name and password that may stand in it."""
    if not isinstance(value, str) or "://" not in value or "@" not in value:
        return value
    url = urlsplit(value)
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))


def versions() -> dict[str, str]:
    """What runs here."""
    found = {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "openssl": ssl.OPENSSL_VERSION,
        "sqlite": sqlite3.sqlite_version,
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def log_lines(log: Path) -> str:
    """The last lines of a log of ours, redacted once more; lines of others are counted only."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LAST_BYTES))
            lines = file.read(LAST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    told = [kept for line in lines if (kept := _ours(line)) is not None]
    told.append(json.dumps({"left_out": len(lines) - len(told)}))
    return "\n".join(told) + "\n"


def _ours(line: str) -> str | None:
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not all(isinstance(fields.get(f), str) for f in _FIXED):
        return None
    fixed = {name: text(fields[name]) for name in _FIXED}
    beside = {key: plain(key, value) for key, value in fields.items() if key not in _FIXED}
    return json.dumps({**fixed, **beside}, ensure_ascii=False)

"""Keys, certificate and clock: who the terminal is, and whether it knows when."""

from datetime import timedelta

from firmware.config import Configuration
from firmware.credentials import expiry, tls_context
from firmware.diagnosis.finding import Finding, bad, good, note
from firmware.errors import KeyFault
from firmware.handshake import Validity
from firmware.seal import load_seal
from hal.clock import Clock, rfc3339

SOON = timedelta(days=14)
_ISSUE_ZH = "请用 ow-provision issue 重新签发证书并放到配置所指的位置"
_ISSUE_EN = "issue a certificate by ow-provision issue and put it where the configuration says"


def keys(configuration: Configuration) -> Finding:
    """Certificate, key, authority and the centre's public key can be read and fit together."""
    try:
        tls_context(configuration.broker, configuration.terminal.id)
        load_seal(configuration.seal.kid, configuration.seal.public_key)
    except KeyFault as fault:
        return bad("keys", str(fault), _ISSUE_ZH, _ISSUE_EN)
    return good("keys", "certificate, key, authority and seal fit together")


def certificate(configuration: Configuration, clock: Clock) -> Finding:
    """It is valid now, and for a while yet."""
    part, cert, now = "certificate", configuration.broker.cert, clock.now()
    try:
        ends = expiry(cert)
        covered = Validity(cert).covers(now)
    except (KeyFault, OSError, ValueError):
        return bad(part, f"{cert} cannot be read", _ISSUE_ZH, _ISSUE_EN)
    if now > ends:
        return bad(part, f"ended at {rfc3339(ends)}", _ISSUE_ZH, _ISSUE_EN)
    if not covered:
        return bad(
            part,
            f"not valid yet at {rfc3339(now)}",
            "请先校准本机时间",
            "set the clock of this machine first",
        )
    days = (ends - now).days
    if ends - now < SOON:
        return bad(part, f"ends in {days} days", _ISSUE_ZH, _ISSUE_EN)
    return good(part, f"valid for {days} days")


def time(clock: Clock) -> Finding:
    """The clock is plausible, and follows a time server."""
    shown = rfc3339(clock.now())
    match clock.quality():
        case "synced":
            return good("clock", f"{shown}, kept by a time server")
        case "holdover":
            return note("clock", f"{shown}, plausible, but no time server keeps it")
        case _:
            return bad(
                "clock",
                f"{shown} cannot be right",
                "请校准时间: timedatectl set-time, 并检查时间服务器",
                "set the time by timedatectl set-time, and look after the time server",
            )

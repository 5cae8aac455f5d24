"""Who may use the terminal's own page: whoever has the token, from a page of ours.

The page listens on loopback, where every program of the machine and, through a browser, every web
page can knock. So the Host must be the address itself (a name that an attacker points at 127.0.0.1
is another), and a change needs the token in a header, or the cookie and our own Origin.
Sources: RFC 9110, section 7.2 (Host); RFC 6454, section 7 (Origin); RFC 6750 (Bearer); RFC 6265.
"""

import hmac
import ipaddress
import os
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Protocol

COOKIE = "ow_page"
FILE = "page.token"
_BYTES = 32
_TOKEN = re.compile(r"[\w-]{16,128}", re.ASCII)
"""What a power cut or a stray program left in the file is none."""


def page_token(state_dir: Path, name: str = FILE) -> str:
    """The token in `{state_dir}/{name}`; made at the first start, readable by its owner only.

    OSError if it can neither be read nor made.
    """
    path = state_dir / name
    try:
        kept = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if _TOKEN.fullmatch(kept):
        return kept
    made = secrets.token_urlsafe(_BYTES)
    fresh = path.with_name(f"{name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        if os.geteuid() == 0:
            # A technician as root may be the first to ask; the service must be able to read it.
            owner = state_dir.stat()
            os.fchown(handle, owner.st_uid, owner.st_gid)
        file.write(made + "\n")
        file.flush()
        os.fsync(handle)
    fresh.rename(path)
    return made


class Headers(Protocol):
    """The headers of a request, by names in any case."""

    def get(self, name: str, default: str, /) -> str: ...


class Access:
    """Looks at the headers of a request and decides."""

    def __init__(self, token: str, host: str, port: int, cookie: str = COOKIE) -> None:
        """`host`, `port`: where the page listens; `host` is an address or `localhost`.

        `cookie` is its name: a browser sends a cookie to every port of an address (RFC 6265, 8.5).
        """
        self.cookie = cookie
        self._token = token.encode()
        self._port = port
        self._host = host
        self._any_address = host in ("0.0.0.0", "::", "")

    def right_host(self, headers: Headers) -> bool:
        """Whether the request was meant for this address and not for a name that leads here."""
        name, _, port = headers.get("Host", "").rpartition(":")
        if port != str(self._port):
            return False
        name = name.strip("[]")
        if name in (self._host, "localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address or (address.is_loopback and self._is_loopback())

    def _is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self._host).is_loopback
        except ValueError:
            return self._host == "localhost"

    def may_see(self, headers: Headers) -> bool:
        """Whether the request has the token, in a header or as a cookie."""
        return self._by_header(headers) or self._by_cookie(headers)

    def may_do(self, headers: Headers) -> bool:
        """Whether the request may change something."""
        if self._by_header(headers):
            return True
        ours = headers.get("Origin", "") == f"http://{headers.get('Host', '')}"
        return ours and self._by_cookie(headers)

    def is_token(self, text: str) -> bool:
        """Compares without telling by its duration how much of it is right."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._token)

    def _by_header(self, headers: Headers) -> bool:
        scheme, _, text = headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(text.strip())

    def _by_cookie(self, headers: Headers) -> bool:
        try:
            cookie = SimpleCookie(headers.get("Cookie", "")).get(self.cookie)
        except CookieError:
            return False
        return cookie is not None and self.is_token(cookie.value)

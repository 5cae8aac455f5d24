"""The terminal's own page, as somebody at the window uses it while the centre is away."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx

from sim.errors import VisitFault
from sim.office import Json

_TIMEOUT_S = 35.0
_LOOK_S = 0.1
NO_GOOD_PAGE = "page"


class LocalPage:
    """`port` and `state_dir` of the terminal, whose token lies in there."""

    def __init__(self, port: int, state_dir: Path) -> None:
        # trust_env: a proxy set for this machine is none of our business on loopback.
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=_TIMEOUT_S, trust_env=False
        )
        self._token = state_dir / "page.token"

    def close(self) -> None:
        self._client.close()

    def status(self) -> Json | None:
        """How things stand at the window; None while the terminal does not answer."""
        try:
            answer = self._client.get("/api/status", headers=self._headers())
        except (httpx.TransportError, OSError):
            return None
        found: Json = answer.json()
        return found if answer.is_success else None

    def wait(self, seen: Callable[[Json], bool], awaited: str, timeout_s: float) -> Json:
        """Look again and again until the page shows it. VisitFault after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            shown = self.status()
            if shown is not None and seen(shown):
                return shown
            time.sleep(_LOOK_S)
        raise VisitFault(f"the terminal's page did not show in time: {awaited}")

    def wish(self, verb: str, body: Json | None = None) -> Json:
        """Have it carried out; the answer. VisitFault if it is refused."""
        answer = self._post(verb, body)
        if not answer.is_success:
            raise VisitFault(f"POST /api/local/{verb}: {answer.status_code} {answer.text}")
        found: Json = answer.json()
        return found

    def take_page(self) -> bool:
        """Whether the page that lies under the camera was taken; VisitFault for another refusal."""
        answer = self._post("page", None)
        if answer.is_success or answer.json().get("code") != NO_GOOD_PAGE:
            return bool(answer.is_success) or bool(self.wish("page"))
        return False

    def _post(self, verb: str, body: Json | None) -> httpx.Response:
        try:
            return self._client.post(
                f"/api/local/{verb}", json=dict(body or {}), headers=self._headers()
            )
        except httpx.TransportError as error:
            raise VisitFault(f"POST /api/local/{verb}: the terminal does not answer.") from error

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token.read_text().strip()}"}

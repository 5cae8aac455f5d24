"""The centre as teller and kiosk reach it: commands that are acts, and looking without acting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from sim.acts import Act, Acts
from sim.errors import VisitFault
from sim.pace import Pace, Patience

Json = Mapping[str, Any]
_API = "/api/v1"
_NOT_YET = frozenset(
    {
        *("window_busy", "window_offline", "window_paused", "card_left"),
        *("no_ticket", "identity_missing", "rating_pending"),
    }
)
"""409 codes that say "wait": the centre keeps nothing of such a command."""


@dataclass
class Command:
    """A wish of somebody, known to the centre by its key however often it is sent."""

    actor: str
    role: str
    path: str
    body: Json
    key: str


class Office:
    """HTTP to the centre with the tokens of a kiosk and a teller.

    A command without an answer (no connection, time out, 5xx) is sent again as a new act with the
    same key. One that is answered "not yet" is made anew, with a new key.
    """

    def __init__(
        self,
        base_url: str,
        tokens: Mapping[str, str],
        acts: Acts,
        pace: Pace,
        new_key: Callable[[], str],
    ) -> None:
        # trust_env: a proxy set for this machine is none of our business on loopback.
        self._clients = {
            role: httpx.Client(
                base_url=base_url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=pace.patience_http_s,
                trust_env=False,
            )
            for role, token in tokens.items()
        }
        self._acts = acts
        self._pace = pace
        self._new_key = new_key

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def command(self, actor: str, role: str, path: str, body: Json) -> Command:
        """A new command, with a key of its own; nothing is sent."""
        return Command(actor, role, path, body, self._new_key())

    def send(self, command: Command, patience: Patience) -> Json:
        """Send `command` until it is carried out; its answer. VisitFault if it is refused."""
        while True:
            answer = self._attempt(command)
            if answer is not None:
                if answer.is_success:
                    found: Json = answer.json()
                    return found
                if self._refusal(answer) not in _NOT_YET:
                    raise VisitFault(f"POST {command.path}: {answer.status_code} {answer.text}")
                command.key = self._new_key()
            patience.pause(self._pace.retry_s, f"POST {command.path} carried out")

    def _attempt(self, command: Command) -> httpx.Response | None:
        act = self._acts.attempted(
            "command", command.actor, command.key, path=f"POST {_API}{command.path}"
        )
        try:
            answer = self._clients[command.role].post(
                _API + command.path,
                json=command.body,
                headers={"Idempotency-Key": command.key},
            )
        except httpx.TransportError:
            return None
        if answer.is_success:
            self._acknowledged(act)
        return None if answer.is_server_error else answer

    def _acknowledged(self, act: Act) -> None:
        self._acts.acknowledged(act)

    @staticmethod
    def _refusal(answer: httpx.Response) -> str:
        if answer.status_code != httpx.codes.CONFLICT:
            return ""
        return str(answer.json().get("code", ""))

    def look(self, path: str) -> Json | None:
        """What the teller's screen shows, None while the centre does not answer."""
        try:
            answer = self._clients["teller"].get(_API + path)
        except httpx.TransportError:
            return None
        if answer.is_server_error:
            return None
        if not answer.is_success:
            raise VisitFault(f"GET {path}: {answer.status_code} {answer.text}")
        found: Json = answer.json()
        return found

    def wait(
        self, path: str, seen: Callable[[Json], bool], timeout_s: float, patience: Patience
    ) -> bool:
        """Look again and again until the screen shows it. False after `timeout_s`."""
        rest = patience.part(timeout_s)
        while True:
            shown = self.look(path)
            if shown is not None and seen(shown):
                return True
            if rest.over:
                return False
            patience.pause(self._pace.look_s, f"GET {path} as expected")

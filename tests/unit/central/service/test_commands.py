from dataclasses import replace
from typing import Any

import pytest

from central.domain.errors import Incorrect, Refused
from central.service import tickets
from central.service.commands import Commands, Request
from central.service.context import Actor, Context
from central.service.views import TicketView

DEADLINE_S = 20
REQUEST = Request("key-1", Actor("kiosk", "kiosk"), "POST", "/api/v1/tickets", '{"lane":"A"}')


def take(context: Context) -> TicketView:
    return tickets.take_ticket(context, {"pzh01"}, "pzh01", "A")


@pytest.fixture
def commands(store: Any, clock: Any) -> Commands:
    return Commands(store.writer, clock.now, lambda: None)


def test_the_same_key_gets_the_same_answer(commands: Commands, store: Any) -> None:
    """A repeat has no second effect: one ticket, one row, the very bytes of the first answer."""
    first = commands.submit(REQUEST, 201, take).result(DEADLINE_S)
    again = commands.submit(REQUEST, 201, take).result(DEADLINE_S)
    assert again == replace(first, replayed=True)
    assert store.rows("SELECT count(*) FROM ticket") == [(1,)]
    assert store.rows("SELECT key, principal, method, path, status, stored_at FROM command") == [
        ("key-1", "kiosk", "POST", "/api/v1/tickets", 201, "2026-11-23T09:00:00.000000+08:00")
    ]


def test_repeats_that_race_have_one_effect(commands: Commands, store: Any) -> None:
    """The same command many times at once is carried out once."""
    futures = [commands.submit(REQUEST, 201, take) for _ in range(50)]
    answers = {future.result(DEADLINE_S).answer for future in futures}
    assert len(answers) == 1
    assert store.rows("SELECT count(*) FROM ticket") == [(1,)]


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, body='{"lane":"B"}'),
        replace(REQUEST, path="/api/v1/cases"),
        replace(REQUEST, actor=Actor("hall", "hall")),
    ],
)
def test_a_key_belongs_to_one_request(commands: Commands, store: Any, other: Request) -> None:
    """Another body, path or caller under a used key is refused, not answered with the old one."""
    commands.submit(REQUEST, 201, take).result(DEADLINE_S)
    with pytest.raises(Incorrect) as refusal:
        commands.submit(other, 201, take).result(DEADLINE_S)
    assert refusal.value.code == "idempotency_key_reused"
    assert store.rows("SELECT count(*) FROM ticket") == [(1,)]


def test_a_refused_command_leaves_its_key_free(commands: Commands, store: Any) -> None:
    """What was refused left nothing behind, and may be asked again under the same key."""

    def refuse(context: Context) -> TicketView:
        take(context)
        raise Refused("no_ticket", "Nobody is waiting.", "当前无人等候。")

    with pytest.raises(Refused):
        commands.submit(REQUEST, 201, refuse).result(DEADLINE_S)
    assert store.rows("SELECT count(*) FROM command") == [(0,)]
    assert store.rows("SELECT count(*) FROM ticket") == [(0,)]
    assert not commands.submit(REQUEST, 201, take).result(DEADLINE_S).replayed

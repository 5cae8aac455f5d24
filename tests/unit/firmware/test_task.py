"""Threads whose work does not end in silence."""

import logging
from threading import Event

import pytest

from firmware.task import Task

WAIT_S = 5.0


def test_a_fault_is_told_and_the_work_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the task and the kind of fault, not its message; then the body runs anew."""
    runs: list[int] = []
    second = Event()

    def body() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("a secret that was just read")
        second.set()

    task = Task("reader", body)
    with caplog.at_level(logging.ERROR):
        task.start()
        assert second.wait(WAIT_S)
        assert task.join(WAIT_S)
    assert len(runs) == 2
    assert [vars(record)["task"] for record in caplog.records] == ["reader"]
    assert "secret" not in caplog.text


def test_a_body_that_returns_is_not_begun_again() -> None:
    """Returning is how a body says that it was asked to end."""
    runs: list[int] = []
    task = Task("once", lambda: runs.append(1))
    task.start()
    assert task.join(WAIT_S)
    assert runs == [1]


def test_a_hanging_body_is_told_to_who_waits() -> None:
    """`join` says False when the body does not end in time."""
    release = Event()
    task = Task("stuck", lambda: release.wait(WAIT_S) and None)
    task.start()
    assert not task.join(0.01)
    release.set()
    assert task.join(WAIT_S)


def test_a_task_that_never_started_has_ended() -> None:
    """A program that fails half-way through its start can stop everything alike."""
    assert Task("idle", lambda: None).join(0.0)
